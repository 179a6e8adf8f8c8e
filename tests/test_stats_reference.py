"""Whatever happened, the tables are those of a slow reference: with roll-ups and without."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection, Engine, select
from sqlmodel import col

from storage.database import open_database
from storage.models import DayCrowd, FirstOffers, RollUp
from storage.schema import upgrade
from storage.stats.crowds import members, unpacked
from storage.stats.reports import everything
from storage.stats.scope import Scope
from tests.databases import postgresql
from tests.slow_statistics import Counts, Slow
from tests.stats_limits import MUCH, SCOPES
from tests.stats_stories import FIRST, LAST, SCOPE, STORY, TODAY, TURNS, Fold, Turn, in_order, live
from tests.stats_town import a_town


def told(connection: Connection, scope: Scope) -> Counts:
    """All tables, as sets of rows; at no hour is it told that nobody needs what nobody offers."""
    tables: Counts = {table.name: set(table.rows) for table in everything(connection, scope, TODAY)}
    hours = tables["needs_by_hour"]
    return tables | {"needs_by_hour": {row for row in hours if any(row[3:])}}


def check(engine: Engine, story: tuple[list[object], bool], scope: Scope) -> None:
    """One story, taken back afterwards; in the order of time, or with events that come late."""
    steps = in_order(story[0]) if story[1] else story[0]
    with engine.connect() as connection, connection.begin() as taken_back:
        world = a_town(connection)
        live(connection, world, steps, scope.zone)
        expected = Slow(world, scope, TODAY).tables()
        rolled_up = told(connection, scope)
        assert rolled_up == expected
        assert in_roll_ups(connection) <= set(world.people)
        connection.execute(RollUp.__table__.delete())  # type: ignore[attr-defined]
        assert told(connection, scope) == rolled_up, "without roll-ups"
        taken_back.rollback()


def in_roll_ups(connection: Connection) -> set[int]:
    """Everybody who is in one of the sets, or in the other table."""
    crowds = connection.execute(select(col(DayCrowd.people))).scalars()
    firsts = connection.execute(select(col(FirstOffers.contact_id))).scalars()
    return {id for some in crowds for id in members(unpacked(some))} | set(firsts)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty SQLite database."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('slow') / 'slow.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def server() -> Iterator[Engine]:
    """An empty PostgreSQL database."""
    with postgresql() as url:
        engine = open_database(url)
        upgrade(engine)
        yield engine
        engine.dispose()


_STEADY = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(story=STORY, scope=SCOPE)
@settings(_STEADY, max_examples=70)
def test_all_tables_equal_a_slow_reference(
    sqlite: Engine, story: tuple[list[object], bool], scope: Scope
) -> None:
    check(sqlite, story, scope)


@given(story=STORY, scope=SCOPE)
@settings(_STEADY, max_examples=12)
def test_and_on_postgresql(server: Engine, story: tuple[list[object], bool], scope: Scope) -> None:
    check(server, story, scope)


def test_the_last_channel_of_a_day_though_it_is_taken_up_in_parts(sqlite: Engine) -> None:
    steps: list[object] = [Fold(1)]
    for minutes, channel in ((1, "telegram"), (90, "whatsapp"), (200, "simulator"), (400, "")):
        steps += [Turn(1, TURNS[0], date(2026, 6, 15), minutes, channel), Fold(1)]
    check(sqlite, (steps, False), Scope(FIRST, LAST, ZoneInfo("Europe/Rome")))


@pytest.mark.parametrize("scope", SCOPES)
def test_some_of_everything(sqlite: Engine, server: Engine, scope: Scope) -> None:
    for engine in (sqlite, server):
        check(engine, (MUCH, False), scope)
