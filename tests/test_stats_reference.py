"""Whatever happened, the tables are those of a slow reference: with roll-ups and without."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, update
from sqlmodel import col

from storage.database import open_database
from storage.erasure import erase
from storage.models import (
    Appointment,
    Conversation,
    DayCrowd,
    Event,
    FirstOffers,
    Interest,
    Listing,
    RideWish,
    RollUp,
    Ticket,
)
from storage.models.records import Notice
from storage.schema import upgrade
from storage.stats import rollups
from storage.stats.crowds import members, unpacked
from storage.stats.reports import everything
from storage.stats.scope import Scope
from tests.databases import postgresql
from tests.memory_rides import MONALE, SETTIME
from tests.slow_statistics import Fact, Slow, Somebody, World
from tests.test_stats import person, put

ZONES = ("Europe/Rome", "Pacific/Auckland", "America/St_Johns", "Asia/Kathmandu")
FIRST, LAST = date(2026, 3, 1), date(2026, 10, 31)  # the clocks change twice in between
EDGES = (FIRST, date(2026, 3, 29), date(2026, 6, 15), date(2026, 10, 25), LAST + timedelta(days=1))
LATER = datetime(2027, 6, 1, tzinfo=UTC)
PEOPLE = 6

_TURNS = (
    ("started intake . .", "asked intake age ."),
    ("answered intake age 25_34", "asked intake name ."),
    ("answered intake name .", "told intake saved ."),
    ("started browse . job", "asked browse offer ."),
    ("answered browse topic housing", "asked browse offer ."),
    ("answered browse offer job1",),
    ("answered browse offer gone",),
    (f"question answer job {SETTIME}",),
    (f"question answer job {SETTIME}", f"unsure answer job {SETTIME}"),
    (f"question answer job {MONALE}", f"nothing_fits answer job {MONALE}"),
    ("question answer trail_event .", "asked answer offers ."),
    ("question answer job .", "question answer job .", "unsure answer job ."),
    ("started person . .",),
    (f"refused job pay {MONALE}",),
    (f"gap . childcare {MONALE}",),
    (f"ride ride asked {SETTIME}",),
    (f"ride ride confirmed {SETTIME}",),
    ("stopped . . provider",),
    ("outcome job interested .",),
    ("outcome job contacted .", "outcome job interview .", "outcome job started ."),
    ("outcome training contacted .", "outcome training no ."),
    ("outcome training still_30 .", "outcome training still_90 ."),
)


@dataclass(frozen=True)
class Turn:
    """Events of one moment: ``minutes`` after midnight at the edge, in UTC."""

    who: int
    what: tuple[str, ...]
    edge: date
    minutes: int
    channel: str


@dataclass(frozen=True)
class Fold:
    """Events are taken up, page by page."""

    size: int


@dataclass(frozen=True)
class Erase:
    """Somebody is forgotten."""

    who: int


@dataclass(frozen=True)
class Move:
    """Somebody lives elsewhere from now on."""

    who: int
    comune: str


_WHO = st.integers(1, PEOPLE)
_TURN = st.builds(
    Turn,
    _WHO,
    st.sampled_from(_TURNS),
    st.sampled_from(EDGES),
    st.one_of(st.integers(-3, 3), st.integers(-1500, 1500), st.sampled_from((-720, -345, 150))),
    st.sampled_from(("telegram", "whatsapp", "simulator", "")),
)
_FOLD = st.builds(Fold, st.integers(1, 7))
_MOVE = st.builds(Move, _WHO, st.sampled_from((SETTIME, MONALE)))
_STORY = st.tuples(
    st.lists(st.one_of(*[_TURN] * 8, _FOLD, _FOLD, st.builds(Erase, _WHO), _MOVE), max_size=40),
    st.booleans(),
)
_SCOPE = st.builds(
    Scope,
    st.just(FIRST),
    st.just(LAST),
    st.sampled_from(ZONES).map(ZoneInfo),
    comune=st.sampled_from(("", "", SETTIME)),
    language=st.sampled_from(("", "", "fr")),
    channel=st.sampled_from(("", "", "telegram")),
)


def a_town(connection: Connection) -> World:
    """Six people, one of whom writes for the first time in the period's last hours; two offers."""
    world = World(topics={"job1": "job", "home1": "housing"})
    for id in range(1, PEOPLE + 1):
        one = Somebody(id, "fr" if id % 2 else "ur", datetime(2026, 2, 26 + id % 3, 12, tzinfo=UTC))
        one.comune = ("", SETTIME, MONALE)[id % 3]
        one.needs = (("job",), ("job", "childcare"), ())[id % 3]
        one.sectors = ("care",) if id == 1 else ()
        if id == PEOPLE:
            one.created, one.age = datetime(2026, 10, 31, 22, 30, tzinfo=UTC), "25_34"
        person(connection, id, one.language, one.created, **_profile(one))
        world.people[id] = one
    for name, topic in world.topics.items():
        put(connection, _listing(name, topic))
    _services(connection, world)
    return world


def _profile(one: Somebody) -> dict[str, object]:
    told = {"comune": one.comune, "age": one.age}
    return {**told, "needs": list(one.needs), "sectors": list(one.sectors)}


def _listing(id: str, topic: str) -> Listing:
    day = date(2026, 1, 1)
    days = {"valid_from": day, "valid_until": day, "checked_on": day}
    words = {"organisation": "o", "phone": "1", "checked_by": "anna", "source": "phone"}
    where = {"comune": SETTIME, "status": "paused"}
    return Listing.model_validate({"id": id, "topic": topic, **days, **words, **where})


def _services(connection: Connection, world: World) -> None:
    made = datetime(2026, 10, 31, 10, tzinfo=UTC)
    for place, (who, status) in enumerate(((1, "attended"), (2, "no_show"), (3, "moved"))):
        starts = made + timedelta(days=place + 1)
        one = Appointment(contact_id=who, place="p", colleague="c", room=1, topic="cv")
        one.status, one.starts_at, one.ends_at, one.created_at = status, starts, starts, made
        put(connection, one)
        world.appointments.append((who, "cv", status, made, starts))
    for id, (who, closed) in enumerate(((1, made), (4, None)), start=90):
        put(connection, Notice(id=id, at=made, kind="person", text=""))
        ticket = Ticket(id=id, contact_id=who, reason="asked", urgency=2, listens=True)
        ticket.opened_at = ticket.heard_at = made - timedelta(hours=5)
        ticket.closed_at = closed
        put(connection, ticket)
        world.tickets.append((who, "asked", ticket.opened_at, closed))
    wish = RideWish(origin=MONALE, destination=SETTIME, day=LAST, reason="from", at=made)
    wish.contact_id = 2
    put(connection, wish)
    world.wishes.append((2, MONALE, "from", made))
    put(connection, Interest(contact_id=1, listing_id="job1", at=made))
    world.interests.append((1, "job1", made))


def in_order(story: list[object]) -> list[object]:
    """The same, each turn later than the one before it."""
    turns = iter(
        sorted(
            (step for step in story if isinstance(step, Turn)),
            key=lambda turn: _midnight(turn) + timedelta(minutes=turn.minutes),
        )
    )
    return [next(turns) if isinstance(step, Turn) else step for step in story]


def live(connection: Connection, world: World, story: list[object], zone: ZoneInfo) -> None:
    """What happens, in the database and in the plain lists; sometimes events are taken up."""
    for number, step in enumerate(story):
        match step:
            case Fold(size):
                while rollups.fold(connection, zone, LATER, size):
                    pass
            case Turn(who) if who in world.people:
                for fact in _facts(step, number):
                    world.facts.append(fact)
                    values = {**fact.__dict__, "contact_id": who}
                    put(connection, Event(**{k: v for k, v in values.items() if k != "who"}))
            case Erase(who) if who in world.people:
                erase(connection, who, LATER)
                world.forget(who)
            case Move(who, comune) if who in world.people:
                one = world.people[who]
                one.comune = comune
                _moved(connection, one)


def _facts(turn: Turn, number: int) -> Iterator[Fact]:
    at = _midnight(turn) + timedelta(minutes=turn.minutes, milliseconds=number)
    for event in turn.what:
        kind, flow, step, key = ("" if word == "." else word for word in event.split())
        yield Fact(turn.who, at, turn.channel, kind, flow, step, key)


def _midnight(turn: Turn) -> datetime:
    return datetime.combine(turn.edge, datetime.min.time(), UTC)


def _moved(connection: Connection, one: Somebody) -> None:
    state = json.dumps({"language": one.language, "profile": _profile(one)})
    of = col(Conversation.contact_id) == one.id
    connection.execute(update(Conversation).where(of).values(state=state))


def told(connection: Connection, scope: Scope) -> dict[str, set[tuple[object, ...]]]:
    """All tables but the broadcasts, as sets of rows."""
    tables = everything(connection, scope, LATER.date())
    return {table.name: set(table.rows) for table in tables if table.name != "broadcasts"}


def check(engine: Engine, story: tuple[list[object], bool], scope: Scope) -> None:
    """One story, taken back afterwards; in the order of time, or with events that come late."""
    steps = in_order(story[0]) if story[1] else story[0]
    with engine.connect() as connection, connection.begin() as taken_back:
        world = a_town(connection)
        live(connection, world, steps, scope.zone)
        expected = Slow(world, scope).tables()
        rolled_up = told(connection, scope)
        assert {name: rolled_up[name] for name in expected} == expected
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


_QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@given(story=_STORY, scope=_SCOPE)
@settings(max_examples=100, deadline=None, suppress_health_check=_QUIET)
def test_all_tables_equal_a_slow_reference(
    sqlite: Engine, story: tuple[list[object], bool], scope: Scope
) -> None:
    check(sqlite, story, scope)


@given(story=_STORY, scope=_SCOPE)
@settings(max_examples=15, deadline=None, suppress_health_check=_QUIET)
def test_and_on_postgresql(server: Engine, story: tuple[list[object], bool], scope: Scope) -> None:
    check(server, story, scope)


def test_the_last_channel_of_a_day_though_it_is_taken_up_in_parts(sqlite: Engine) -> None:
    steps: list[object] = [Fold(1)]
    for minutes, channel in ((1, "telegram"), (90, "whatsapp"), (200, "simulator"), (400, "")):
        steps += [Turn(1, _TURNS[0], date(2026, 6, 15), minutes, channel), Fold(1)]
    check(sqlite, (steps, False), Scope(FIRST, LAST, ZoneInfo("Europe/Rome")))
