"""The people whom statistics count, and what is known of each: keys, never words of theirs."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, and_, func, select
from sqlmodel import col

from flows.talk import Answers
from storage.gazetteer import load_gazetteer
from storage.models import Address, Contact, Conversation
from storage.stats.crowds import Crowd, crowd, members
from storage.stats.facts import Facts
from storage.stats.scope import Scope
from storage.stats.table import UNKNOWN


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


def everybody(connection: Connection, scope: Scope) -> Persons:
    """Whom we know now, whenever they wrote; their channel is where they wrote last."""
    a = Address
    last = select(col(a.contact_id), col(a.channel)).order_by(col(a.heard_at))
    channels = {row[0]: row[1] for row in connection.execute(last)}
    return {
        id: Person(language, channels.get(id, ""), new, _profile(state))
        for id, new, language, state in _contacts(connection, scope)
    }


def known(connection: Connection, scope: Scope, all_: Persons | None = None) -> Persons:
    """Whom we know now, as far as the filters leave them in; ``all_`` where they were read."""
    some = everybody(connection, scope) if all_ is None else all_
    return {id: one for id, one in some.items() if _fits(one, scope)}


def active(facts: Facts, all_: Persons | None = None) -> Persons:
    """Who did something in the period; their channel is where they did so last."""
    if all_ is None:
        all_ = everybody(facts.connection, facts.scope)
    channels = facts.channels().items()
    found = {
        who: replace(all_[who], channel=name)
        for name, some in channels
        for who in members(some)
        if who in all_
    }
    return known(facts.connection, facts.scope, found)


def by_group(persons: Persons, name: str) -> dict[str, Crowd]:
    """These people, by their row among the rows of ``name``."""
    found: dict[str, list[int]] = defaultdict(list)
    for id, one in persons.items():
        found[one.group(name)].append(id)
    return {group: crowd(ids) for group, ids in found.items()}


def _fits(one: Person, scope: Scope) -> bool:
    return (
        scope.comune in ("", one.profile.pick("comune"))
        and scope.language in ("", one.language)
        and scope.channel in ("", one.channel)
    )


def _contacts(connection: Connection, scope: Scope) -> Iterator[tuple[int, bool, str, str | None]]:
    created: Any = col(Contact.created_at)
    query = (
        select(
            col(Contact.id),
            and_(created >= scope.starts, created < scope.ends),
            func.coalesce(col(Conversation.language), ""),
            col(Conversation.state),
        )
        .outerjoin(Conversation, col(Conversation.contact_id) == col(Contact.id))
        .execution_options(yield_per=1000)
    )
    for row in connection.execute(query):
        yield row[0], bool(row[1]), row[2], row[3]


def _profile(state: str | None) -> Answers:
    kept: Any = json.loads(state).get("profile") if state else None
    return Answers(kept or {})
