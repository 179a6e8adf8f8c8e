"""A Core statement compiled once and run by the driver itself.

The hot path runs the same few statements thousands of times a second; going through SQLAlchemy's
execution costs several times what the database does (bench/). Values go in as the driver wants
them: moments as milliseconds, JSON as text.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import ClauseElement


class Cursor(Protocol):
    """What we use of a DB-API cursor."""

    rowcount: int

    def execute(self, sql: Any, values: Any) -> Any: ...
    def executemany(self, sql: Any, values: Any) -> Any: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Prepared:
    """One statement of one dialect; its bind parameters are given by name."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._names: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self._fixed = {k: v for k, v in compiled.params.items() if v is not None}

    def run(self, cursor: Cursor, **values: Any) -> Cursor:
        """Run it once; the cursor holds the result."""
        cursor.execute(self.sql, self._bound(values))
        return cursor

    def run_many(self, cursor: Cursor, rows: list[dict[str, Any]]) -> None:
        """Run it for each row."""
        if rows:
            cursor.executemany(self.sql, [self._bound(row) for row in rows])

    def _bound(self, values: dict[str, Any]) -> Any:
        known = self._fixed | values
        return known if self._names is None else [known[name] for name in self._names]


def cursor_of(connection: Connection) -> Cursor:
    """The driver's cursor inside the connection's transaction."""
    cursor: Cursor = connection.connection.cursor()  # type: ignore[assignment]
    return cursor
