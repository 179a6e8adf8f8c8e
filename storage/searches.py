"""Saved searches: kept for a person, and found again when there may be news for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from flows.searches.port import (
    MOST_SEARCHES,
    PROFILE,
    ChangeSearch,
    DropSearch,
    SaveSearch,
    Search,
    SearchCommand,
)
from storage.locks import Lock, one_at_a_time
from storage.models import Alerted, Contact, Listing
from storage.models import Search as Row

WEEK = timedelta(days=7)

_TABLE: Any = Row.__table__  # type: ignore[attr-defined]
_ALERTED: Any = Alerted.__table__  # type: ignore[attr-defined]


def lock(connection: Connection) -> None:
    """One process at a time answers searches, until its commit; SQLite has one writer anyway."""
    one_at_a_time(connection, Lock.SEARCHES)


def searches_of(connection: Connection, contact_id: int) -> list[Search]:
    """A person's own, the oldest first."""
    rows = connection.execute(
        select(_TABLE).where(_TABLE.c.contact_id == contact_id).order_by(_TABLE.c.id)
    )
    return [Search(row.topic, row.facts, row.every, row.id) for row in rows]


def perform(connection: Connection, contact_id: int, command: SearchCommand, now: datetime) -> str:
    """Do it; the result is as the command promises."""
    match command:
        case SaveSearch(search):
            return _save(connection, contact_id, search, now)
        case ChangeSearch(id, every):
            return _change(connection, contact_id, id, every, now)
        case DropSearch(id):
            mine = (_TABLE.c.id == id, _TABLE.c.contact_id == contact_id)
            gone = connection.execute(delete(_TABLE).where(*mine))
            return "done" if gone.rowcount else "gone"


def begin_with_profile(connection: Connection, contact_id: int, now: datetime) -> None:
    """Whoever turns alerts on and looks for nothing yet hears weekly of what fits their answers."""
    if not searches_of(connection, contact_id):
        _save(connection, contact_id, Search(PROFILE), now)


def _save(connection: Connection, contact_id: int, search: Search, now: datetime) -> str:
    mine = searches_of(connection, contact_id)
    for one in mine:
        if (one.topic, dict(one.facts)) == (search.topic, dict(search.facts)):
            return _change(connection, contact_id, one.id, search.every, now)
    if len(mine) >= MOST_SEARCHES:
        return "enough"
    row = {
        "contact_id": contact_id,
        "topic": search.topic,
        "facts": dict(search.facts),
        "every": search.every,
        "seen_at": now,
        "due_at": _next(search.every, now),
        "created_at": now,
    }
    connection.execute(insert(_TABLE), [row])
    return "done"


def _change(connection: Connection, contact_id: int, id: int, every: str, now: datetime) -> str:
    mine = (_TABLE.c.id == id, _TABLE.c.contact_id == contact_id)
    values = {"every": every, "due_at": _next(every, now)}
    done = connection.execute(update(_TABLE).where(*mine).values(**values))
    return "done" if done.rowcount else "gone"


def _next(every: str, now: datetime) -> datetime:
    return now + WEEK if every == "week" else now


def note_shown(connection: Connection, today: date, now: datetime) -> None:
    """Offers that people can see for the first time are new from ``now`` on."""
    connection.execute(
        update(Listing)
        .where(
            col(Listing.shown_at).is_(None),
            col(Listing.status) == "published",
            col(Listing.valid_from) <= today,
            col(Listing.valid_until) >= today,
        )
        .values(shown_at=now)
    )


@dataclass(frozen=True, slots=True)
class DueSearch:
    """A search of somebody who may be written to, and since when offers are new to it."""

    contact_id: int
    search: Search
    seen_at: datetime


def due(connection: Connection, now: datetime, people: int) -> list[DueSearch]:
    """The searches to be answered now, of at most so many people; all of one person together."""
    newest = connection.execute(select(func.max(col(Listing.shown_at)))).scalar()
    if newest is None:
        return []
    ready = (
        select(_TABLE.c.contact_id)
        .join(Contact, col(Contact.id) == _TABLE.c.contact_id)
        .where(
            _TABLE.c.due_at <= now,
            or_(_TABLE.c.every == "week", _TABLE.c.seen_at < newest),
            col(Contact.alerts) == "on",
        )
        .distinct()
        .limit(people)
    )
    ids = list(connection.execute(ready).scalars())
    rows = connection.execute(
        select(_TABLE)
        .where(_TABLE.c.contact_id.in_(ids), _TABLE.c.due_at <= now)
        .order_by(_TABLE.c.contact_id, _TABLE.c.id)
    )
    return [
        DueSearch(r.contact_id, Search(r.topic, r.facts, r.every, r.id), r.seen_at) for r in rows
    ]


def answered(connection: Connection, searches: Iterable[Search], now: datetime) -> None:
    """They have been looked at: what is shown from now on is new to them."""
    for every in ("now", "week"):
        ids = [one.id for one in searches if one.every == every]
        values = {"seen_at": now, "due_at": _next(every, now)}
        connection.execute(update(_TABLE).where(_TABLE.c.id.in_(ids)).values(**values))


def put_off(connection: Connection, searches: Iterable[Search], until: datetime) -> None:
    """Not before ``until``: the person has heard enough for now. Nothing is lost meanwhile."""
    ids = [one.id for one in searches]
    connection.execute(update(_TABLE).where(_TABLE.c.id.in_(ids)).values(due_at=until))


def told_of(connection: Connection, contact_id: int, ids: Iterable[str]) -> set[str]:
    """Which of these offers somebody was written to about."""
    query = select(_ALERTED.c.listing_id).where(
        _ALERTED.c.contact_id == contact_id, _ALERTED.c.listing_id.in_(list(ids))
    )
    return set(connection.execute(query).scalars())


def note_told(connection: Connection, contact_id: int, ids: Sequence[str], now: datetime) -> None:
    """They are written to about these offers."""
    if not ids:
        return
    rows = [{"contact_id": contact_id, "listing_id": id, "at": now} for id in ids]
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(upsert(_ALERTED).on_conflict_do_nothing(), rows)
