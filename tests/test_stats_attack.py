"""Whoever solves all published tables of two periods together finds no hidden number."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine

from storage.audit import By
from storage.database import open_database
from storage.models import Appointment, Interest, Ticket
from storage.models.records import Notice
from storage.schema import upgrade
from storage.stats import disclosure
from storage.stats.publishing import publish
from storage.stats.reports import everything
from storage.stats.scope import Scope, calendar_period
from storage.stats.table import Table
from tests.attacker import Cell, cells_of, intervals, read
from tests.memory_agenda import ROME
from tests.memory_rides import MONALE, SETTIME
from tests.stats_town import listing
from tests.test_stats import did, person, put

QUARTERS = ("2026-Q3", "2026-Q4")
STARTS = (datetime(2026, 7, 10, 9, tzinfo=UTC), datetime(2026, 10, 10, 9, tzinfo=UTC))
BY = By("anna", datetime(2027, 1, 2, tzinfo=UTC))
LANGUAGES = ("fr",) * 5 + ("it",) * 3 + ("ur", "bn")
STORIES = (
    ("question answer job .",),
    ("question answer job .", "nothing_fits answer job ."),
    ("question answer housing .", "unsure answer housing ."),
    ("started browse . job", "asked browse offer .", "answered browse offer job1"),
    ("started person . .",),
    (f"ride ride asked {SETTIME}", f"ride ride confirmed {SETTIME}"),
    (f"ride ride asked {MONALE}",),
    ("refused job pay .",),
    ("started intake . .", "asked intake age .", "answered intake age ."),
    ("started intake . .", "asked intake age ."),
)
MORE = (
    ("wanted childcare evening .",),
    ("wanted childcare evening .", "sought . farming ."),
    ("outcome job interested .",),
    ("outcome job interested .", "outcome job contacted .", "outcome job interview ."),
    ("outcome training contacted .", "outcome training started ."),
)


def a_desk(connection: Connection, seed: int, people: int) -> None:
    """Two quarters of a small desk, made by chance."""
    chance, more = random.Random(seed), random.Random(seed + 100)
    put(connection, listing("job1", "job"))
    for id in range(1, people + 1):
        first = chance.random() < 0.5
        created = STARTS[not first] + timedelta(days=chance.randrange(60))
        profile = {
            "comune": chance.choice((SETTIME, SETTIME, MONALE, "005005", "")),
            "age": chance.choice(("18_24", "25_34", "25_34", "")),
            "situation": chance.choice(("unemployed", "employed", "")),
            "needs": chance.sample(("job", "childcare", "housing"), chance.randrange(3)),
            "sectors": chance.sample(("care", "farming"), chance.randrange(2)),
            "times": more.sample(("morning", "evening"), more.randrange(2)),
        }
        person(connection, id, chance.choice(LANGUAGES), created, **profile)
        again = (STARTS[1],) if first and chance.random() < 0.6 else ()
        for at in (created, *again):
            for story in chance.sample(STORIES, chance.randrange(1, 5)):
                for event in story:
                    did(connection, id, event, at, chance.choice(("telegram", "whatsapp")))
            for event in more.choice(MORE):
                did(connection, id, event, at, "")
            _services(connection, chance, id, at)


def _services(connection: Connection, chance: random.Random, id: int, at: datetime) -> None:
    if chance.random() < 0.3:
        one = Appointment(contact_id=id, place="p", colleague="c", room=1, topic="cv")
        one.status = chance.choice(("attended", "attended", "no_show", "moved"))
        one.starts_at = one.ends_at = at + timedelta(days=2)
        one.created_at = at
        put(connection, one)
    if chance.random() < 0.3:
        number = id * 10 + at.month
        put(connection, Notice(id=number, at=at, kind="person", text=""))
        reason = chance.choice(("asked", "asked", "misread", "desk"))
        ticket = Ticket(id=number, contact_id=id, reason=reason, urgency=1, listens=True)
        ticket.opened_at = ticket.heard_at = at
        ticket.first_reply_at = at + timedelta(hours=3) if chance.random() < 0.6 else None
        ticket.closed_at = at + timedelta(hours=9) if at.month < 10 or id % 3 else None
        put(connection, ticket)
    if chance.random() < 0.2 and at.month < 10:
        put(connection, Interest(contact_id=id, listing_id="job1", at=at))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that each test leaves as it was."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('attack') / 'attack.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def published(engine: Engine, seed: int, people: int) -> tuple[list[list[Table]], dict[Cell, int]]:
    """What leaves the desk, and what is true."""
    told: list[list[Table]] = []
    true: dict[Cell, int] = {}
    with engine.connect() as connection, connection.begin() as taken_back:
        a_desk(connection, seed, people)
        for number, name in enumerate(QUARTERS):
            days = calendar_period(name)
            assert days
            scope = Scope(*days, ROME)
            for table in everything(connection, scope, date(2027, 1, 2)):
                true |= dict(cells_of(number, table))
            told.append(publish(connection, scope, BY).tables)
        taken_back.rollback()
    return told, true


def attack(
    engine: Engine, seed: int, people: int, *, rounds: bool = True, sees_small: bool
) -> dict[Cell, tuple[int, int]]:
    """Between what and what each small hidden number must be."""
    told, true = published(engine, seed, people)
    known = read(told, true, rounds=rounds, sees_small=sees_small)
    small = [
        cell
        for cell, (low, high) in known.bounds.items()
        if low < high and 0 < true[cell] < disclosure.K
    ]
    assert len(small) > 20, "there is something to find"
    return intervals(known, small)


DESKS = [(1, 25), (2, 40), (4, 90)]


@pytest.mark.parametrize(("seed", "people"), DESKS)
def test_no_number_is_found_though_the_small_ones_are_known_to_be_small(
    empty: Engine, seed: int, people: int
) -> None:
    found = attack(empty, seed, people, sees_small=True)
    assert [cell for cell, (low, high) in found.items() if low == high] == []


@pytest.mark.parametrize(("seed", "people"), DESKS)
def test_nothing_more_is_found_than_that_it_may_be_one_to_four(
    empty: Engine, seed: int, people: int
) -> None:
    found = attack(empty, seed, people, sees_small=False)
    narrow = {cell: span for cell, span in found.items() if span[1] - span[0] < disclosure.K - 2}
    assert narrow == {}


def test_the_attacker_wins_where_nothing_is_rounded(
    empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "rounded", int)
    found = attack(empty, 2, 40, rounds=False, sees_small=True)
    assert [cell for cell, (low, high) in found.items() if low == high]


def test_the_attacker_wins_where_only_small_numbers_are_hidden(
    empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "_exposed", lambda *_: set())
    monkeypatch.setattr(disclosure, "_cramped", lambda *_: set())
    monkeypatch.setattr(disclosure, "rounded", int)
    found = attack(empty, 2, 40, rounds=False, sees_small=False)
    assert len([cell for cell, (low, high) in found.items() if low == high]) > 5


def test_the_attacker_comes_close_where_hidden_numbers_may_have_a_small_sum(
    empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "_cramped", lambda *_: set())
    found = attack(empty, 2, 40, sees_small=False)
    assert any(high - low < disclosure.K - 2 for low, high in found.values())
