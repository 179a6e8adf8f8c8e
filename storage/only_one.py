"""What only one process may do at a time: a lock that a dying process lets go of by itself."""

from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from storage.database import is_sqlite

try:
    import fcntl
except ImportError:  # Windows: one process only, as on a desk's own computer
    fcntl = None  # type: ignore[assignment]


class OnlyOne(Protocol):
    """Ask again and again: whoever holds it may lose it, whoever waits may get it."""

    def held(self) -> bool:
        """Whether this process is the one, now. May wait a moment: not for the event loop."""
        ...

    def release(self) -> None:
        """Let another one be it."""
        ...


def only_one(engine: Engine, key: int) -> OnlyOne:
    """The lock ``key`` (a `storage.locks.Lock`) of a database, for all processes that use it."""
    path, key = engine.url.database, int(key)
    if not is_sqlite(engine):
        return _AdvisoryLock(engine, key)
    return _FileLock(Path(f"{path}.{key}.lock") if path and path != ":memory:" else None)


class _AdvisoryLock:
    """PostgreSQL's session lock, on a connection of its own outside of the pool."""

    def __init__(self, engine: Engine, key: int) -> None:
        self._engine, self._key = engine, key
        self._connection: Connection | None = None

    def held(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            return self._try()
        except DBAPIError:
            self.release()
            return False

    def _try(self) -> bool:
        alone = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        connection = alone.connect()
        connection.detach()
        try:
            ours = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key})
            if ours.scalar_one():
                self._connection = connection
        finally:
            if self._connection is None:
                connection.close()
        return self._connection is not None

    def release(self) -> None:
        if self._connection is not None:
            with suppress(DBAPIError):
                self._connection.close()
            self._connection = None


class _FileLock:
    """A lock on a file beside SQLite's, which the system lets go of when the process ends."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def held(self) -> bool:
        if self._path is None or fcntl is None or self._file is not None:
            return True
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
