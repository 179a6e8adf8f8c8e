"""From one database to another, SQLite or PostgreSQL, checked row by row."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

import storage.models  # noqa: F401  makes every table known
from storage.backup.snapshot import count_rows
from storage.database import is_sqlite
from storage.schema import MADE_WITH_THE_TABLES, is_current, upgrade

_BATCH = 1_000


class CopyError(Exception):
    """Nothing was copied; it says why, and what would be right."""


def copy(source: Engine, target: Engine) -> dict[str, int]:
    """All rows of ``source``, as they are stored, into the empty ``target``; how many, by table.

    What was sealed stays sealed. One transaction: the target has all rows, each of them read back
    and compared, or none. Nobody else may write to the source meanwhile.
    Raises CopyError.
    """
    if not is_current(source):
        raise CopyError("the database is not of this release: run `db upgrade` first.")
    _refuse_unless_empty(target)
    upgrade(target)
    tables = _stored_tables()
    with _snapshot(source) as reader, target.begin() as writer:
        for table in tables:
            if table.name in MADE_WITH_THE_TABLES:
                writer.execute(delete(table))
        copied = {table.name: _copy_table(reader, writer, table) for table in tables}
        for table in tables:
            _compare(reader, writer, table)
        _count_on(reader, writer, tables)
    return copied


def _snapshot(source: Engine) -> Any:
    """One moment of the database; unlike a backup's it keeps SQLite's other writers away."""
    if is_sqlite(source):
        return source.begin()
    return source.execution_options(isolation_level="REPEATABLE READ").begin()


def _refuse_unless_empty(target: Engine) -> None:
    with target.connect() as connection:
        for name, count in count_rows(connection).items():
            if count and name not in MADE_WITH_THE_TABLES:
                raise CopyError(f"the target is not empty: its table {name} has rows.")


def _stored_tables() -> list[Table]:
    """Every table in the order of its foreign keys, with the types that the databases know."""
    stored = MetaData()
    return [
        Table(
            table.name,
            stored,
            *(Column(c.name, _stored(c.type), primary_key=c.primary_key) for c in table.columns),
        )
        for table in SQLModel.metadata.sorted_tables
    ]


def _stored(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Without what we make of it when it is read: what is sealed is copied as it lies there."""
    return _stored(kind.impl_instance) if isinstance(kind, TypeDecorator) else kind


def _copy_table(reader: Connection, writer: Connection, table: Table) -> int:
    count = 0
    with _rows(reader, table) as result:
        for rows in result.partitions(_BATCH):
            values = [dict(row._mapping) for row in rows]
            try:
                writer.execute(insert(table), values)
            except DBAPIError as error:
                raise CopyError(_refused(writer, table, values, error)) from None
            count += len(values)
    return count


def _refused(
    writer: Connection, table: Table, values: Iterable[Mapping[str, Any]], error: DBAPIError
) -> str:
    for row in values:
        if any(isinstance(value, str) and "\x00" in value for value in row.values()):
            return f"{table.name}, row {_key(table, row)}: a character that no text may have (NUL)."
    return f"{table.name}: {writer.dialect.name} refuses a row ({type(error.orig).__name__})."


def _rows(connection: Connection, table: Table) -> Any:
    """All rows by their key, read as they come."""
    query = select(table).order_by(*table.primary_key.columns)
    return connection.execute(query.execution_options(stream_results=True, yield_per=_BATCH))


def _compare(reader: Connection, writer: Connection, table: Table) -> None:
    with _rows(reader, table) as source, _rows(writer, table) as target:
        for there, here in zip_longest(source, target):
            if there is None or here is None or tuple(there) != tuple(here):
                key = _key(table, (there or here)._mapping)
                raise CopyError(f"{table.name}, row {key} is not the same after copying.")


def _key(table: Table, row: Mapping[str, Any]) -> str:
    return "/".join(str(row[column.name]) for column in table.primary_key.columns)


def _count_on(reader: Connection, writer: Connection, tables: Iterable[Table]) -> None:
    """The next row gets a number that nobody ever had, also where the last ones were deleted."""
    for table in tables:
        if "id" not in table.columns or table.columns["id"].type.python_type is not int:
            continue
        last = max(_last_number(reader, table.name), _greatest(writer, table))
        if last:
            _set_last_number(writer, table.name, last)


def _greatest(connection: Connection, table: Table) -> int:
    query = select(table.columns["id"]).order_by(table.columns["id"].desc()).limit(1)
    return int(connection.execute(query).scalar() or 0)


def _last_number(connection: Connection, name: str) -> int:
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(connection.execute(query, {"name": name}).scalar() or 0)
    sequence = _sequence(connection, name)
    if not sequence:
        return 0
    query = text("SELECT pg_sequence_last_value(CAST(:name AS regclass))")
    return int(connection.execute(query, {"name": sequence}).scalar() or 0)


def _set_last_number(connection: Connection, name: str, last: int) -> None:
    if connection.dialect.name == "sqlite":
        values = {"last": last, "name": name}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), values)
    elif sequence := _sequence(connection, name):
        connection.execute(text("SELECT setval(:s, :last)"), {"s": sequence, "last": last})


def _sequence(connection: Connection, name: str) -> str:
    query = text("SELECT pg_get_serial_sequence(:name, 'id')")
    return str(connection.execute(query, {"name": f'"{name}"'}).scalar() or "")
