"""Databases of earlier releases, from the dumps in `tests/releases`."""

from pathlib import Path

from sqlalchemy import Connection, Engine

from storage.schema import upgrade
from tests.conftest import ROOT

RELEASES = sorted((ROOT / "tests" / "releases").glob("*.sql"))


def make_tables(engine: Engine, release: Path) -> None:
    """Bring an empty database to the schema of that release."""
    version = next(row for row in _rows(release) if "alembic_version" in row).split("'")[1]
    upgrade(engine, version)


def fill_tables(connection: Connection, release: Path) -> None:
    """Put its rows in; foreign keys are looked at again at the commit, or not at all."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET session_replication_role = replica")
    else:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    for row in _rows(release):
        if "alembic_version" not in row:
            connection.exec_driver_sql(row.replace("%", "%%"))


def _rows(release: Path) -> list[str]:
    return [line for line in release.read_text().splitlines() if line.startswith("INSERT INTO")]
