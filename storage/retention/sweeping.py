"""Deleting what the schedule says, or counting it by the very same query."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from storage.retention.rule import Part, Rule, key_of

BATCH = 2000
"""Rows of one part in one transaction: nobody's reply waits for more."""


def count(connection: Connection, rule: Rule, now: datetime) -> int:
    """How many rows `sweep` would find now, with no end of a batch."""
    return sum(_count(connection, part, _due(part, rule, now)) for part in rule.parts)


def sweep(connection: Connection, rule: Rule, now: datetime, batch: int = BATCH) -> int:
    """Delete one batch of each part; how many rows went. 0: nothing is left.

    A part waits until the one before it is done: words go after the letters that carry them.
    """
    for part in rule.parts:
        gone = _sweep(connection, part, _due(part, rule, now), now, batch)
        if gone:
            return gone
    return 0


def _due(part: Part, rule: Rule, now: datetime) -> ColumnElement[bool]:
    assert rule.keep is not None
    return part.which(now - rule.keep, now)


def _count(connection: Connection, part: Part, due: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(part.table).where(due)
    return connection.execute(query).scalar_one()


def _sweep(
    connection: Connection, part: Part, due: ColumnElement[bool], now: datetime, batch: int
) -> int:
    key = key_of(part.table)
    if key is not None:
        # in no order: SQLite would read the whole table by its key rather than the moment's index
        keys: list[Any] = sorted(connection.execute(select(key).where(due).limit(batch)).scalars())
        if not keys:
            return 0
        if part.instead:
            part.instead(connection, keys, now)
            return len(keys)
        due = due & key.in_(keys)
    if part.first:
        part.first(connection, due)
    change: Any = delete(part.table) if part.values is None else update(part.table)
    if part.values is not None:
        change = change.values(dict(part.values))
    return connection.execute(change.where(due)).rowcount
