"""A Core statement compiled once and run by the driver itself.

The hot path runs the same few statements thousands of times a second; going through SQLAlchemy's
execution costs several times what the database does (bench/). Values go in as the driver wants
them: moments as milliseconds, JSON as text. Only sealing is done here (`storage.columns`).
"""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import ClauseElement

from storage.columns import SealedType
from storage.sealing import Sealing, SpoiltError, sealing_of


class Cursor(Protocol):
    """What we use of a DB-API cursor."""

    rowcount: int

    def execute(self, sql: Any, values: Any) -> Any: ...
    def executemany(self, sql: Any, values: Any) -> Any: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Prepared:
    """One statement of one dialect; its bind parameters are given by name.

    ``lenient``: a sealed value that does not open reads as None, so that one row that somebody has
    changed past the program stops no other. (A key that is missing is another matter, and raises.)
    """

    def __init__(
        self, statement: ClauseElement, dialect: Dialect, *, lenient: bool = False
    ) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._names: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self._fixed = {k: v for k, v in compiled.params.items() if v is not None}
        self._sealing = sealing_of(dialect)
        self._seals = [(k, b.type) for k, b in compiled.binds.items() if _is_sealed(b)]  # type: ignore[attr-defined]
        given = getattr(statement, "exported_columns", ())
        self._lenient = lenient
        self._opens = [(place, c.type) for place, c in enumerate(given) if _is_sealed(c)]

    def run(self, cursor: Cursor, **values: Any) -> Cursor:
        """Run it once; the cursor holds the result."""
        cursor.execute(self.sql, self._bound(values))
        if not self._opens:
            return cursor
        return Opening(cursor, self._opens, self._sealing, lenient=self._lenient)

    def run_many(self, cursor: Cursor, rows: list[dict[str, Any]]) -> None:
        """Run it for each row."""
        if rows:
            cursor.executemany(self.sql, [self._bound(row) for row in rows])

    def _bound(self, values: dict[str, Any]) -> Any:
        known = self._fixed | values
        for name, how in self._seals:
            if known[name]:
                known[name] = how.seal(known[name], self._sealing)
        return known if self._names is None else [known[name] for name in self._names]


class Opening:
    """A cursor whose sealed columns are opened as its rows are read."""

    def __init__(
        self,
        cursor: Cursor,
        opens: list[tuple[int, SealedType]],
        sealing: Sealing,
        *,
        lenient: bool,
    ) -> None:
        self._cursor, self._opens, self._sealing = cursor, opens, sealing
        self._lenient = lenient
        self.rowcount = cursor.rowcount

    def execute(self, sql: Any, values: Any) -> Any:
        """As the driver's cursor."""
        return self._cursor.execute(sql, values)

    def executemany(self, sql: Any, values: Any) -> Any:
        """As the driver's cursor."""
        return self._cursor.executemany(sql, values)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, opened."""
        row = self._cursor.fetchone()
        return None if row is None else self._opened(row)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows, opened."""
        return [self._opened(row) for row in self._cursor.fetchall()]

    def _opened(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, how in self._opens:
            if values[place]:
                values[place] = self._value(how, values[place])
        return tuple(values)

    def _value(self, how: SealedType, sealed: str) -> str | None:
        try:
            return how.open(sealed, self._sealing)
        except SpoiltError:
            if not self._lenient:
                raise
            return None


def _is_sealed(element: Any) -> bool:
    return isinstance(element.type, SealedType)


def cursor_of(connection: Connection) -> Cursor:
    """The driver's cursor inside the connection's transaction."""
    cursor: Cursor = connection.connection.cursor()  # type: ignore[assignment]
    return cursor
