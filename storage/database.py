"""The engine: SQLite as the embedded default, PostgreSQL by URL."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import ConnectionPoolEntry

from storage.key_file import Keys
from storage.sealing import Sealing, sealing_of

# FACTS of 2026: WAL and FULL lose nothing at power loss; BEGIN IMMEDIATE is what keeps two
# processes from losing updates; secure_delete makes erasure real.
BUSY_MS = 15_000
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={BUSY_MS}",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "temp_store=MEMORY",
    "cache_size=-16000",
)
_DATA = Path(__file__).resolve().parent.parent / "data"
_NAMED = "SELECT key_id, proof FROM key_in_use"
_HAS_KEY = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'key_in_use'",
    "postgresql": "SELECT to_regclass('key_in_use') IS NOT NULL",
}


def open_database(url: str, keys: Keys | None = None) -> Engine:
    """An engine whose transactions are right for its database. Connects at first use.

    ``keys`` open what is sealed in it; without them those at `default_key_file`. Raises
    sqlalchemy.exc.ArgumentError for a URL that cannot be read, and every transaction SealingError
    when the keys are not this database's.
    """
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    engine = _sqlite(url) if sqlite else _postgresql(url)
    engine.dialect.sealing = Sealing(keys or Keys(default_key_file(url)))  # type: ignore[attr-defined]
    event.listen(engine, "begin", unlock)
    return engine


def default_key_file(url: str) -> Path:
    """Where the key is unless a setting says otherwise: beside SQLite's file, or in ``data``."""
    parsed = make_url(url)
    path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    folder = Path(path).parent if path and path != ":memory:" else _DATA
    return folder / "sealing.key"


def unlock(connection: Connection) -> None:
    """Seal with the key that the database names, at the beginning of every transaction.

    It stays so until the end: another key waits for it (`storage.rotation`). Raises SealingError
    when the key is not there.
    """
    sealing = sealing_of(connection.dialect)
    if (
        not sealing.sealer
        and not connection.exec_driver_sql(_HAS_KEY[connection.dialect.name]).scalar()
    ):
        return
    if row := _named(connection):
        sealing.settle(*row)


def _named(connection: Connection) -> Any:
    if connection.dialect.name == "postgresql":
        try:
            return connection.exec_driver_sql(_NAMED).first()
        except ProgrammingError:  # somebody has emptied the database since
            connection.connection.rollback()
            return None
    try:  # by the driver: it is a part of every turn
        return connection.connection.cursor().execute(_NAMED).fetchone()
    except sqlite3.Error:
        return connection.exec_driver_sql(_NAMED).first()  # the same error, in SQLAlchemy's words


def _postgresql(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    # a cluster made without a locale (SQL_ASCII) keeps what it is given, and would give bytes back
    speaks = {"client_encoding": "utf8"}
    return create_engine(
        parsed,
        pool_size=8,
        max_overflow=4,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=speaks,
    )


def is_sqlite(engine: Engine) -> bool:
    """Whether this is the embedded database, with one writer at a time."""
    return engine.dialect.name == "sqlite"


def _sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": 15}, hide_parameters=True
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def reading(engine: Engine) -> Engine:
    """The same database for transactions that only read: on SQLite they never wait for a writer."""
    return engine.execution_options(reading=True)


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _set_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
