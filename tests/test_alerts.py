"""Saved searches and the alerts that answer them: once, by day, best first, not too many."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlmodel import col

from bot.alerts import Alerts
from flows.conversation import Conversation
from flows.desk import SetAlerts
from flows.engine import Engine as FlowEngine
from flows.messages import Inbound
from flows.outreach.verdict import Rules
from flows.searches.port import (
    MOST_SEARCHES,
    PROFILE,
    ChangeSearch,
    DropSearch,
    SaveSearch,
    Search,
)
from flows.speech import Languages
from flows.talk import Answers, Contact
from storage import searches
from storage.contacts import export_contact
from storage.database import open_database
from storage.desk import DatabaseDesk
from storage.erasure import erase
from storage.models import Alerted, Listing, Outbox
from storage.models import Contact as Person
from storage.models import Search as Row
from storage.schema import upgrade
from tests.at_once import at_once
from tests.conftest import START
from tests.outreach import ROME, add_person
from tests.test_storage_desk import offer

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MONALE, ASTI, FAR = "005067", "005005", "005104"  # Serole is 45 km from Monale
NIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=ROME)


class World:
    """A database with one person in Monale who wants work, and what is written to them."""

    def __init__(self, engine: Engine, languages: Languages) -> None:
        self.engine = engine
        self.alerts = Alerts(languages, Rules(ROME, weekly=3))
        with engine.begin() as connection:
            wants: dict[str, Any] = {"comune": MONALE, "needs": ["job"], "age": "25_34"}
            add_person(connection, 1, agreed="alerts,profile", **wants)

    def perform(self, command: Any, id: int = 1, now: datetime = START) -> str:
        with self.engine.begin() as connection:
            return searches.perform(connection, id, command, now)

    def saves(self, topic: str, every: str = "now", **facts: Any) -> str:
        return self.perform(SaveSearch(Search(topic, facts, every)))

    def publishes(self, *ids: str, **values: Any) -> None:
        until = START.date() + timedelta(days=60)
        with self.engine.begin() as connection:
            for id in ids:
                offer(connection, id, **{"comune": MONALE, "valid_until": until} | values)

    def tick(self, now: datetime) -> list[list[str]]:
        """The offers of each letter that it wrote."""
        with self.engine.begin() as connection:
            last = connection.execute(select(func.max(col(Outbox.id)))).scalar() or 0
            self.alerts.run(connection, now)
            query = select(col(Outbox.body)).where(col(Outbox.id) > last).order_by(col(Outbox.id))
            return [_offers(body) for body in connection.execute(query).scalars()]


def _offers(body: str) -> list[str]:
    taps = [button[1] for button in json.loads(body)["buttons"]]
    return [tap.removeprefix("go:browse-") for tap in taps if tap.startswith("go:browse-")]


@pytest.fixture
def world(database: str, languages: Languages) -> Iterator[World]:
    engine = open_database(database)
    upgrade(engine)
    yield World(engine, languages)
    engine.dispose()


def test_at_once_and_never_twice(world: World) -> None:
    world.publishes("job_before")
    assert world.tick(START - MINUTE) == []
    world.saves("job")
    assert world.tick(START + MINUTE) == []  # what they could see already is no news
    world.publishes("job_new")
    assert world.tick(START + 2 * MINUTE) == [["job_new"]]
    assert world.tick(START + 3 * MINUTE) == []
    with world.engine.begin() as connection:  # paused and published again: no news either
        connection.execute(update(Listing).values(status="paused"))
    assert world.tick(START + 4 * MINUTE) == []
    with world.engine.begin() as connection:
        connection.execute(update(Listing).values(status="published"))
    assert world.tick(START + 5 * MINUTE) == []


def test_two_searches_that_find_the_same_say_it_once(world: World) -> None:
    world.saves("job")
    world.saves(PROFILE)
    world.publishes("job_new")
    assert world.tick(START + MINUTE) == [["job_new"]]


def test_once_a_week_the_best_five(world: World) -> None:
    world.saves("job", "week")
    world.publishes(*(f"job_{n}" for n in range(6)), comune=ASTI)
    world.publishes("job_near")
    assert world.tick(START + 6 * DAY) == []
    [letter] = world.tick(START + 7 * DAY)
    assert len(letter) == 5 and letter[0] == "job_near"
    assert world.tick(START + 8 * DAY) == []
    world.publishes("job_later")
    assert world.tick(START + 13 * DAY) == []
    assert world.tick(START + 14 * DAY) == [["job_later"]]


def test_nobody_at_night_and_everybody_in_the_morning(world: World) -> None:
    world.saves("job")
    world.publishes("job_new")
    assert world.tick(NIGHT) == []
    assert world.tick(NIGHT + timedelta(hours=10)) == [["job_new"]]


def test_at_most_three_a_week_and_nothing_is_lost(world: World) -> None:
    world.saves("job")
    found = []
    for day in range(12):
        world.publishes(f"job_{day:02}")
        found.append(world.tick(START + day * DAY + MINUTE))
        with world.engine.begin() as connection:  # as the sender does
            at = START + day * DAY + MINUTE
            sent = update(Outbox).where(col(Outbox.closed_at).is_(None))
            connection.execute(sent.values(status="sent", closed_at=at))
    told = [id for letters in found for letter in letters for id in letter]
    assert [bool(letters) for letters in found[:7]] == [True] * 3 + [False] * 4
    assert sorted(told) == sorted({*told}) and len(told) == 10  # the other two wait
    assert sum(bool(letters) for letters in found) == 6


@pytest.mark.parametrize(
    "change", [{"alerts": "paused"}, {"alerts": "stopped"}, {"alerts": "off"}, {"agreed": ""}]
)
def test_only_who_agreed_and_did_not_stop(world: World, change: dict[str, str]) -> None:
    world.saves("job")
    world.publishes("job_new")
    with world.engine.begin() as connection:
        connection.execute(update(Person).values(**change))
    assert world.tick(START + MINUTE) == []
    with world.engine.begin() as connection:
        connection.execute(update(Person).values(alerts="on", agreed="alerts"))
    assert world.tick(START + 2 * DAY) == [["job_new"]]  # it has waited


@pytest.mark.parametrize(
    ("facts", "values", "fits"),
    [
        ({}, {}, True),
        ({}, {"comune": FAR}, False),
        ({}, {"details": {"age_max": 18}}, False),
        ({"sector": "care"}, {"details": {"sector": "care"}}, True),
        ({"sector": "care"}, {"details": {"sector": "office"}}, False),
        ({"comune": "Serole"}, {"comune": FAR}, True),
        ({"comune": "Serole"}, {}, False),
    ],
)
def test_what_fits(world: World, facts: dict[str, str], values: dict[str, Any], fits: bool) -> None:
    world.saves("job", **facts)
    world.publishes("job_new", **values)
    assert world.tick(START + MINUTE) == ([["job_new"]] if fits else [])


def test_a_wish_for_a_home_keeps_its_limits(world: World) -> None:
    world.saves("housing", max_rent=400, rooms=2)
    for id, rent, rooms in (("dear", 500, 2), ("small", 300, 1), ("right", 390, 2)):
        world.publishes(id, topic="housing", details={"rent": rent, "rooms": rooms})
    assert world.tick(START + MINUTE) == [["right"]]


def test_what_is_valid_later_is_news_then(world: World) -> None:
    world.saves("job")
    world.publishes("job_new", valid_from=START.date() + DAY)
    assert world.tick(START + MINUTE) == []
    assert world.tick(START + DAY) == [["job_new"]]


def test_on_whatsapp_it_waits_for_the_window(world: World) -> None:
    with world.engine.begin() as connection:
        add_person(connection, 2, channel="whatsapp", heard=2 * DAY, comune=MONALE)
    world.perform(SaveSearch(Search("job", {}, "now")), id=2)
    world.publishes("job_new")
    assert world.tick(START + MINUTE) == []
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE address SET heard_at = {round((START + 2 * DAY).timestamp() * 1000)}"
        )
    assert world.tick(START + 2 * DAY) == [["job_new"]]


def test_the_same_once_more_changes_how_often_and_five_are_enough(world: World) -> None:
    assert world.saves("job", "week") == "done"
    assert world.saves("job", "now") == "done"
    with world.engine.begin() as connection:
        [one] = searches.searches_of(connection, 1)
    assert one.every == "now"
    for n in range(MOST_SEARCHES - 1):
        assert world.saves("housing", max_rent=300 + n) == "done"
    assert world.saves("training") == "enough"
    assert world.perform(DropSearch(one.id)) == "done"
    assert world.saves("training") == "done"


def test_a_search_is_only_its_owners(world: World) -> None:
    world.saves("job", "week")
    with world.engine.begin() as connection:
        [one] = searches.searches_of(connection, 1)
        add_person(connection, 2)
    for command in (DropSearch(one.id), ChangeSearch(one.id, "now")):
        assert world.perform(command, id=2) == "gone"
    with world.engine.begin() as connection:
        assert searches.searches_of(connection, 1) == [one]


def test_turning_alerts_on_looks_for_what_fits_them(world: World) -> None:
    with world.engine.begin() as connection:
        desk = DatabaseDesk(connection, 1, "alerts,profile", "telegram", START, ROME)
        for _ in range(2):
            desk.perform(SetAlerts("on"))
        assert [(s.topic, s.every) for s in desk.searches()] == [(PROFILE, "week")]


def test_erased_and_exported(world: World) -> None:
    world.saves("job")
    world.publishes("job_new")
    world.tick(START + MINUTE)
    with world.engine.begin() as connection:
        kept = export_contact(connection, 1)
        assert kept and kept["searches"] and kept["alerted"]
        assert erase(connection, 1, START)
        for table in (Row, Alerted):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


@pytest.mark.parametrize("protected", [True, False])
def test_two_schedulers_write_once(
    world: World, protected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look before either writes; without the lock, on PostgreSQL, that is twice."""
    if world.engine.dialect.name == "sqlite" and not protected:
        pytest.skip("SQLite has one writer whatever we do")
    world.saves("job")
    world.publishes("job_new")
    with world.engine.begin() as connection:
        searches.note_shown(connection, START.date(), START + MINUTE)
    barrier, looked = Barrier(2), searches.told_of
    if not protected:
        monkeypatch.setattr(searches, "lock", lambda connection: None)

        def told_of(*arguments: Any) -> set[str]:
            found = looked(*arguments)
            barrier.wait(10)
            return found

        monkeypatch.setattr(searches, "told_of", told_of)

    def run() -> None:
        with world.engine.begin() as connection:
            world.alerts.run(connection, START + MINUTE)

    at_once(run)
    with world.engine.begin() as connection:
        letters = connection.execute(select(func.count()).select_from(Outbox)).scalar_one()
    assert letters == (1 if protected else 2)


def test_who_has_five_is_told_to_take_one_away(flows: FlowEngine, world: World) -> None:
    for n in range(MOST_SEARCHES):
        world.saves("housing", max_rent=300 + n)
    contact = Contact("telegram", {"alerts": True}, "on")
    was = Conversation(language="it", profile=Answers(age="25_34"))
    with world.engine.begin() as connection:
        desk = DatabaseDesk(connection, 1, "alerts", "telegram", START, ROME)
        for inbound in (Inbound(start="tell_me-job"), Inbound("1")):
            turn = flows.take_turn(was, inbound, contact, desk, START.date())
            was = turn.conversation
    assert was.asked and was.asked.step == "too_many"
