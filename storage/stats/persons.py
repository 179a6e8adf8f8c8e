"""The people whom statistics count, and what is known of each: keys, never words of theirs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlmodel import col

from flows.talk import Answers
from storage.gazetteer import load_gazetteer
from storage.models import Address, Contact, Conversation, Event
from storage.stats.scope import Scope
from storage.stats.table import UNKNOWN

GROUPS = ("language", "channel", "comune", "age", "situation")
"""By what people are told apart; each is in one row of each."""


@dataclass(frozen=True, slots=True)
class Person:
    """``channel``: where they wrote last in the period; ``new``: they first wrote in it."""

    language: str
    channel: str
    new: bool
    profile: Answers = field(default_factory=Answers)

    def group(self, name: str) -> str:
        """Their row among the rows of ``name``."""
        match name:
            case "language" | "channel":
                return str(getattr(self, name)) or UNKNOWN
            case "comune":
                return comune_name(self.profile.pick("comune"))
        return self.profile.pick(name) or UNKNOWN


Persons = dict[int, Person]


def comune_name(istat: str) -> str:
    """A comune in words; ``unknown`` where nobody has said it."""
    place = load_gazetteer().get(istat)
    return place.name if place else istat or UNKNOWN


def active(connection: Connection, scope: Scope) -> Persons:
    """Who did something in the period, without those who were erased since."""
    channels = _channels(connection, scope)
    found = {}
    for id, created, language, state in _everybody(connection):
        if id in channels:
            new = scope.starts <= created < scope.ends
            found[id] = Person(language, channels[id], new, _profile(state))
    return {id: one for id, one in found.items() if _fits(one, scope)}


def known(connection: Connection, scope: Scope) -> Persons:
    """Everybody whom we know now, whenever they wrote; their channel is where they wrote last."""
    a = Address
    last = select(col(a.contact_id), col(a.channel)).order_by(col(a.heard_at))
    channels = {row[0]: row[1] for row in connection.execute(last)}
    found = {
        id: Person(
            language,
            channels.get(id, ""),
            scope.starts <= created < scope.ends,
            _profile(state),
        )
        for id, created, language, state in _everybody(connection)
    }
    return {id: one for id, one in found.items() if _fits(one, scope)}


def _fits(one: Person, scope: Scope) -> bool:
    return (
        scope.comune in ("", one.profile.pick("comune"))
        and scope.language in ("", one.language)
        and scope.channel in ("", one.channel)
    )


def _channels(connection: Connection, scope: Scope) -> dict[int, str]:
    e = Event
    last = (
        select(col(e.contact_id), col(e.channel), func.max(col(e.at)))
        .where(col(e.at) >= scope.starts, col(e.at) < scope.ends, col(e.contact_id).is_not(None))
        .group_by(col(e.contact_id), col(e.channel))
    )
    # What the desk notes by itself has no channel; it says nothing of where a person is.
    rows: list[Any] = sorted(connection.execute(last), key=lambda row: (bool(row[1]), row[2]))
    return {row[0]: row[1] for row in rows}


def _everybody(connection: Connection) -> Iterator[tuple[int, datetime, str, str | None]]:
    query = (
        select(
            col(Contact.id),
            col(Contact.created_at),
            func.coalesce(col(Conversation.language), ""),
            col(Conversation.state),
        )
        .outerjoin(Conversation, col(Conversation.contact_id) == col(Contact.id))
        .execution_options(yield_per=1000)
    )
    for row in connection.execute(query):
        yield row[0], row[1], row[2], row[3]


def _profile(state: str | None) -> Answers:
    kept: Any = json.loads(state).get("profile") if state else None
    return Answers(kept or {})
