"""Reading events in the order of their ids, page by page."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlmodel import col

from storage.models import Event
from storage.prepared import Prepared, cursor_of
from storage.stats.happened import EventRow

_TURN_MS = 60_000


def page(connection: Connection, after: int, before: int, size: int) -> tuple[list[EventRow], bool]:
    """The next events, none of this moment (milliseconds) or later, and whether there are more.

    No turn is in two pages: they end a minute before their last event, because on PostgreSQL the
    events of several turns may be written side by side.
    """
    while True:
        rows = list(events_after(connection, after, size))
        old = next((n for n, row in enumerate(rows) if row[7] >= before), len(rows))
        full, rows = len(rows) == size and old == size, rows[:old]
        end = _end(rows)
        if end or not full:
            return rows[:end], full
        size *= 2


def _end(rows: list[EventRow]) -> int:
    since = rows[-1][7] - _TURN_MS if rows else 0
    return next((n for n, row in enumerate(rows) if row[7] >= since), 0)


def events_after(
    connection: Connection, after: int, most: int = -1, between: tuple[int, int] | None = None
) -> Iterator[EventRow]:
    """Events that somebody is known of, at most so many, only those ``between`` two moments."""
    e, low, high = Event, *(between or (0, 2**53))
    query = (
        select(
            *(col(e.id), col(e.contact_id), col(e.kind), col(e.flow), col(e.step), col(e.key)),
            *(col(e.channel), col(e.at)),
        )
        .where(
            col(e.id) > bindparam("after"),
            col(e.contact_id).is_not(None),
            col(e.at) >= bindparam("low"),
            col(e.at) < bindparam("high"),
        )
        .order_by(col(e.id))
        .limit(bindparam("most"))
    )
    many = 2**53 if most < 0 else most
    cursor: Any = cursor_of(connection)
    run = Prepared(query, connection.dialect).run
    yield from run(cursor, after=after, low=low, high=high, most=many)  # type: ignore[misc]
