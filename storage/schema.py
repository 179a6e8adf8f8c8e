"""Bringing a database's schema up to this release, with its data."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from storage.database import is_sqlite, unlock
from storage.erasure import scrub
from storage.locks import Lock, one_at_a_time

MADE_WITH_THE_TABLES = {"alembic_version", "key_in_use"}
"""They have a row as soon as there are tables: who has nothing else is empty."""


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run every migration that is missing, up to ``to``; the first key is made where none is.

    On SQLite foreign keys are off meanwhile: with them on, its table rebuild deletes child rows.
    Raises RuntimeError when rows then point nowhere, and SealingError.
    """
    config = _config()
    if not is_sqlite(engine):
        with engine.begin() as connection:
            one_at_a_time(connection, Lock.SCHEMA)
            config.attributes["connection"] = connection
            command.upgrade(config, to)
            unlock(connection)
        return
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        connection.rollback()
        cursor.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, to)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise RuntimeError(
                        "rows point nowhere after the migration; nothing was changed"
                    )
                unlock(connection)
        finally:
            cursor.execute("PRAGMA foreign_keys=ON")
    scrub(engine)


def is_current(engine: Engine) -> bool:
    """Whether the database's schema is this release's."""
    head = _script().get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def is_known(revision: str) -> bool:
    """Whether this release has that revision, so that it can bring a database of it up to date."""
    return any(one.revision == revision for one in _script().walk_revisions())


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config
