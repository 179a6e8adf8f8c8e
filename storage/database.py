"""The engine: SQLite as the embedded default, PostgreSQL by URL."""

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

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


def open_database(url: str) -> Engine:
    """An engine whose transactions are right for its database. Connects at first use.

    Raises sqlalchemy.exc.ArgumentError for a URL that cannot be read.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed, pool_size=8, max_overflow=4, pool_pre_ping=True, hide_parameters=True
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
