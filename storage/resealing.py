"""Sealing what is there already, once: when a database is upgraded, and with another key."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, column, select, table, tuple_, update

_BATCH = 1000

Ways = Mapping[str, Callable[[str], str]]
"""Column → what becomes of a value that is not empty."""


def rewrite(connection: Connection, name: str, keys: Sequence[str], ways: Ways) -> int:
    """Every row of a table, by its primary key, a batch in memory at a time; how many there are."""
    of = table(name, *map(column, (*keys, *ways)))
    key = tuple_(*(of.c[name] for name in keys))
    page = select(of).order_by(*(of.c[name] for name in keys)).limit(_BATCH)
    change = (
        update(of)
        .where(*(of.c[name] == bindparam(f"at_{name}") for name in keys))
        .values({name: bindparam(f"new_{name}") for name in ways})
    )
    count, which = 0, page
    while rows := connection.execute(which).mappings().all():
        connection.execute(change, [_changed(row, keys, ways) for row in rows])
        count += len(rows)
        which = page.where(key > tuple_(*(rows[-1][name] for name in keys)))
    return count


def _changed(row: RowMapping, keys: Sequence[str], ways: Ways) -> dict[str, Any]:
    at = {f"at_{name}": row[name] for name in keys}
    new = {f"new_{name}": way(row[name]) if row[name] else row[name] for name, way in ways.items()}
    return at | new
