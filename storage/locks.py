"""The locks of which PostgreSQL knows only a number: each thing has its own."""

from enum import IntEnum, unique

from sqlalchemy import Connection, func, select


@unique
class Lock(IntEnum):
    """What is done by one at a time, whichever process does it; the numbers are arbitrary.

    Kept in one place, because two things with the same number wait for each other.
    """

    SCHEMA = 7360418
    CLAIMS = 7360419
    POLLING = 7360420
    CONTENT = 7360421
    SEARCHES = 7360423
    AGENDA = 7360424
    RIDES = 7360425
    STATISTICS = 7360426
    BACKUP = 7360427
    SCHEDULER = 7360430
    ROLL_UPS = 7360428
    AUDIT = 7360431


def one_at_a_time(connection: Connection, what: Lock) -> None:
    """Whoever comes second waits until the first one's commit. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(int(what))))


def nobody_changes(connection: Connection, what: Lock) -> None:
    """Until the commit nobody gets it by `one_at_a_time`; several may hold it so at once."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(int(what))))
