"""What many tests need: languages, a fresh database, an assistant with the demo content."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine
from typer.testing import CliRunner

import admin_cli
from bot.catalogs import load_languages
from bot.runtime import Parts
from bot.settings import Settings
from flows.all_flows import all_flows
from flows.engine import Engine as FlowEngine
from flows.speech import Languages
from storage.agenda.desk_file import read_desk
from storage.agenda.rules import replace_rules
from storage.audit import By
from storage.content.importing import import_offers, rows_of
from storage.database import open_database
from storage.locks import Lock
from storage.only_one import only_one
from storage.rides.rules import replace_taxi
from storage.rides.taxi_file import read_taxi
from storage.schema import upgrade
from storage.understanding import load_understanding
from tests.databases import postgresql

ROOT = Path(__file__).resolve().parent.parent
ALONE = only_one(create_engine("sqlite://"), Lock.SCHEDULER)
"""A lock that nobody else wants."""

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the transcripts anew")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def pass_time(self, **length: float) -> None:
        """``hours=3``, ``days=90`` …"""
        self.moment += timedelta(**length)


@pytest.fixture(scope="session")
def languages() -> Languages:
    return load_languages("it")


@pytest.fixture(scope="session")
def flows(languages: Languages) -> FlowEngine:
    return FlowEngine(all_flows(languages), languages, load_understanding().understand)


def import_demo(connection: Connection, folder: Path = ROOT / "content") -> dict[str, str]:
    """The demo content, dated from the tests' first day."""
    return import_offers(connection, *rows_of(folder), By("anna", START), START.date())


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo content, dated from the tests' first day; copy before use."""
    path = tmp_path_factory.mktemp("content") / "filled.db"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    with engine.begin() as connection:
        import_demo(connection)
        replace_rules(connection, read_desk(ROOT / "content" / "desk.yaml"), By("anna", START))
        replace_taxi(connection, read_taxi(ROOT / "content" / "rides.yaml"), By("anna", START))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def database_file(filled_database: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "sportello.db"
    copy.write_bytes(filled_database.read_bytes())
    (tmp_path / "sealing.key").write_bytes(filled_database.with_name("sealing.key").read_bytes())
    return copy


@pytest.fixture
def engine(database_file: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{database_file}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        with postgresql() as url:
            yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, simulator=True)  # type: ignore[call-arg]


@pytest.fixture
def parts(
    settings: Settings, engine: Engine, languages: Languages, flows: FlowEngine, clock: Clock
) -> Parts:
    return Parts(settings, engine, languages, flows, clock)


class Run:
    """Runs commands in this process."""

    def __call__(self, *arguments: str, code: int = 0, typed: str = "") -> str:
        """What a command printed, both ways."""
        result = CliRunner().invoke(admin_cli.app, list(arguments), input=typed)
        assert result.exit_code == code, (result.output, result.exception)
        return result.output

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, code=code))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Commands without any setting of the machine, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.setenv("COLUMNS", "160")
    return Run()
