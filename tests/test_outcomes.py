"""How it went: asked once, by day, of who agreed; answered late, twice and out of order."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update
from sqlmodel import col

from bot.follow_ups import FollowUps
from flows.desk import NoteInterest, SetAlerts
from flows.outcomes.ladder import AGAIN, FIRST, MOST_QUESTIONS, STILL, Standing, answered, asked
from flows.outcomes.port import SayOutcome
from flows.outreach.verdict import Rules
from flows.speech import Languages
from storage import outcomes
from storage.addresses import stop_alerts
from storage.audit import By
from storage.contacts import export_contact
from storage.database import open_database
from storage.desk import DatabaseDesk
from storage.erasure import erase
from storage.models import (
    Address,
    Contact,
    Conversation,
    Event,
    Listing,
    Outbox,
    Outcome,
    Template,
)
from storage.schema import upgrade
from storage.stats.reports import summary
from storage.stats.scope import Scope
from tests.at_once import at_once
from tests.conftest import START, Run
from tests.outreach import ROME, add_person
from tests.test_storage_desk import offer

DAY = timedelta(days=1)
DUE = START + FIRST


class World:
    """A database with one person who agreed to alerts, two offers, and what is written to them."""

    def __init__(self, engine: Engine, languages: Languages) -> None:
        self.engine = engine
        self.follow_ups = FollowUps(languages, Rules(ROME, weekly=3))
        until = START.date() + timedelta(days=400)
        with engine.begin() as connection:
            add_person(connection, 1)
            for id, topic in (("job_x", "job"), ("hou_x", "housing"), ("tra_x", "training")):
                offer(connection, id, topic=topic, valid_until=until)

    def perform(self, command: Any, now: datetime = START, id: int = 1) -> str:
        with self.engine.begin() as connection:
            return DatabaseDesk(connection, id, "", "telegram", now, ROME).perform(command)

    def interested(self, listing: str = "job_x", id: int = 1, now: datetime = START) -> int:
        """The number of the outcome; 0: none is kept."""
        assert self.perform(NoteInterest(listing), now, id) == "done"
        with self.engine.begin() as connection:
            mine = (col(Outcome.contact_id) == id, col(Outcome.listing_id) == listing)
            return connection.execute(select(col(Outcome.id)).where(*mine)).scalar() or 0

    def says(self, said: str, now: datetime, number: int = 1, id: int = 1) -> str:
        return self.perform(SayOutcome(number, said), now, id)

    def tick(self, now: datetime) -> list[list[str]]:
        """What each question that was put offers as answers; the sender has sent it then."""
        with self.engine.begin() as connection:
            last = connection.execute(select(func.max(col(Outbox.id)))).scalar() or 0
            self.follow_ups.run(connection, now)
            query = select(col(Outbox.body)).where(col(Outbox.id) > last).order_by(col(Outbox.id))
            found = [_answers(body) for body in connection.execute(query).scalars()]
            waits = update(Outbox).where(col(Outbox.closed_at).is_(None))
            connection.execute(waits.values(status="sent", closed_at=now))
            return found

    def row(self, number: int = 1) -> Any:
        with self.engine.begin() as connection:
            query = select(Outcome.__table__).where(col(Outcome.id) == number)  # type: ignore[attr-defined]
            return connection.execute(query).one()

    def ladder(self, **narrowed: str) -> list[Any]:
        scope = Scope(START.date(), START.date() + 60 * DAY, ROME, **narrowed)
        with self.engine.begin() as connection:
            tables = summary(connection, scope, START.date())
        return list(next(table for table in tables if table.name == "outcomes").rows)

    def steps(self) -> list[str]:
        with self.engine.begin() as connection:
            query = select(col(Event.step)).where(col(Event.kind) == "outcome")
            return list(connection.execute(query.order_by(col(Event.id))).scalars())


def _answers(body: str) -> list[str]:
    taps = [button[1] for button in json.loads(body)["buttons"]]
    return [tap.removeprefix("go:outcome-").rpartition("_")[0] for tap in taps]


@pytest.fixture
def world(database: str, languages: Languages) -> Iterator[World]:
    engine = open_database(database)
    upgrade(engine)
    yield World(engine, languages)
    engine.dispose()


def test_asked_once_and_never_again_when_nobody_answers(world: World) -> None:
    world.interested()
    assert world.tick(DUE - DAY) == []
    first = ["contacted", "interview", "started", "not_yet", "no", "quiet"]
    assert world.tick(DUE) == [first]
    assert [world.tick(DUE + n * DAY) for n in range(1, 120, 7)] == [[]] * 17


def test_up_to_90_days_after_the_start(world: World) -> None:
    world.interested()
    world.tick(DUE)
    world.says("contacted", DUE)
    assert world.tick(DUE + AGAIN - DAY) == []
    assert world.tick(DUE + AGAIN) == [["interview", "started", "not_yet", "no", "quiet"]]
    started = DUE + AGAIN
    world.says("started", started)
    assert world.tick(started + 29 * DAY) == []
    assert world.tick(started + 30 * DAY) == [["still_30", "left", "quiet"]]
    assert world.tick(started + 31 * DAY) == []
    world.says("still_30", started + 31 * DAY)
    assert world.tick(started + 90 * DAY) == [["still_90", "left", "quiet"]]
    world.says("still_90", started + 91 * DAY)
    assert world.tick(started + 200 * DAY) == []
    rungs = ["interested", "contacted", "interview", "started", "still_30", "still_90"]
    assert world.steps() == rungs


def test_not_yet_asks_three_times_in_all(world: World) -> None:
    world.interested()
    at, put = DUE, 0
    for _ in range(8):
        put += len(world.tick(at))
        world.says("not_yet", at)
        world.says("not_yet", at)  # a double tap
        at += AGAIN
    assert put == MOST_QUESTIONS


@pytest.mark.parametrize("said", ["no", "quiet"])
def test_it_came_to_nothing_or_they_want_no_question(world: World, said: str) -> None:
    world.interested()
    world.tick(DUE)
    for _ in range(2):
        assert world.says(said, DUE) == "done"
    assert [world.tick(DUE + n * DAY) for n in (1, 14, 30, 90)] == [[]] * 4
    assert world.steps() == ["interested", said]


def test_who_left_is_not_asked_at_90_days(world: World) -> None:
    world.interested()
    world.says("started", START)
    assert world.says("left", START + 30 * DAY) == "done"
    assert world.tick(START + 95 * DAY) == []


def test_only_work_and_courses_are_followed(world: World) -> None:
    assert world.interested("hou_x") == 0
    assert world.interested("tra_x")
    assert world.tick(DUE) == [["contacted", "started", "not_yet", "no", "quiet"]]


def test_one_question_a_day_and_no_more_than_the_weekly_cap(world: World) -> None:
    world.interested("job_x")
    world.interested("tra_x")
    assert [len(world.tick(DUE + n * DAY)) for n in range(4)] == [1, 1, 0, 0]


@pytest.mark.parametrize("change", [{"alerts": "off"}, {"agreed": ""}])
def test_who_was_not_told_is_not_asked(world: World, change: dict[str, str]) -> None:
    """Without the consent to alerts nobody is told "I ask you", also when they agree later."""
    with world.engine.begin() as connection:
        connection.execute(update(Contact).values(**change))
    world.interested()
    with world.engine.begin() as connection:
        connection.execute(update(Contact).values(alerts="on", agreed="alerts"))
    assert world.tick(DUE) == []
    assert world.says("contacted", DUE) == "done"  # of their own accord
    assert [world.tick(DUE + n * DAY) for n in (14, 15, 40)] == [[]] * 3


@pytest.mark.parametrize(
    "change", [{"alerts": "stopped"}, {"alerts": "off"}, {"alerts": "off", "agreed": ""}]
)
def test_stop_and_no_end_it_for_good(world: World, change: dict[str, str]) -> None:
    world.interested()
    with world.engine.begin() as connection:
        connection.execute(update(Contact).values(**change))
    assert world.tick(DUE) == []
    with world.engine.begin() as connection:
        connection.execute(update(Contact).values(alerts="on", agreed="alerts"))
    assert [world.tick(DUE + n * DAY) for n in (1, 7, 20)] == [[]] * 3


@pytest.mark.parametrize("state", ["stopped", "off"])
@pytest.mark.parametrize("put", [0, 1])
def test_stop_before_a_question_is_due_ends_it_too(world: World, state: str, put: int) -> None:
    """On again before the next question: it does not come, nor does an old button bring one."""
    world.interested()
    for _ in range(put):
        assert len(world.tick(DUE)) == 1
    world.perform(SetAlerts(state), DUE)
    world.perform(SetAlerts("on"), DUE)
    assert world.says("contacted", DUE + DAY) == "done"
    assert [world.tick(DUE + n * DAY) for n in (1, 15, 40)] == [[]] * 3
    assert world.row().rung == "contacted"


def test_a_stop_that_only_the_provider_tells_of(world: World) -> None:
    world.interested()
    with world.engine.begin() as connection:
        here = connection.execute(select(col(Address.channel), col(Address.address))).one()
        stop_alerts(connection, *here, START)
    world.perform(SetAlerts("on"))
    assert world.tick(DUE) == []


def test_what_the_desk_notes_of_who_was_not_told_brings_no_question(world: World) -> None:
    with world.engine.begin() as connection:
        assert outcomes.note_told(connection, 1, "job_x", "started", By("anna", START))
    assert [world.tick(START + n * DAY) for n in (14, 30, 90)] == [[]] * 3


def test_paused_it_waits_and_after_three_weeks_it_is_too_late(world: World) -> None:
    world.interested("job_x")
    world.interested("tra_x", now=START + 30 * DAY)
    for alerts, days in (("paused", 0), ("paused", 7), ("paused", 15), ("on", 31)):
        with world.engine.begin() as connection:
            connection.execute(update(Contact).values(alerts=alerts))
        assert world.tick(DUE + days * DAY + DAY / 24) == (
            [["contacted", "started", "not_yet", "no", "quiet"]] if days == 31 else []
        )


def test_nobody_at_night_also_when_the_clock_changes(world: World) -> None:
    """Due in the night in which an hour is missing, or comes twice: asked when the quiet ends."""
    night = datetime(2027, 3, 27, 23, 30, tzinfo=ROME)
    world.interested(now=night - FIRST)
    assert world.tick(night) == []
    for hour in (0, 1, 3, 7):
        assert world.tick(datetime(2027, 3, 28, hour, 59, tzinfo=ROME)) == []
    assert len(world.tick(datetime(2027, 3, 28, 8, 0, tzinfo=ROME))) == 1
    autumn = datetime(2027, 10, 30, 21, 30, tzinfo=ROME)
    world.interested("tra_x", now=autumn - FIRST)
    for fold in (0, 1):
        assert world.tick(datetime(2027, 10, 31, 2, 30, fold=fold, tzinfo=ROME)) == []
    assert len(world.tick(datetime(2027, 10, 31, 8, 0, tzinfo=ROME))) == 1


def test_on_whatsapp_it_waits_for_the_window(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(update(Address).values(channel="whatsapp"))
    world.interested()
    assert world.tick(DUE) == []
    with world.engine.begin() as connection:
        connection.execute(update(Address).values(heard_at=DUE + DAY))
    assert len(world.tick(DUE + DAY)) == 1


def test_on_whatsapp_an_approved_opener_asks_them_to_write(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(update(Address).values(channel="whatsapp"))
        connection.execute(
            insert(Template), [{"name": "news_waiting_it", "sid": "HX1", "approval": "approved"}]
        )
    world.interested()
    assert len(world.tick(DUE)) == 1


def test_in_the_language_of_today_and_after_the_offer_closed(world: World) -> None:
    world.interested()
    with world.engine.begin() as connection:
        connection.execute(update(Conversation).values(language="fr"))
        connection.execute(update(Listing).values(status="closed"))
    assert len(world.tick(DUE)) == 1
    with world.engine.begin() as connection:
        letter = connection.execute(select(col(Outbox.body))).scalar_one()
    assert json.loads(letter)["language"] == "fr" and "Où en êtes-vous" in letter
    assert world.says("started", DUE + 40 * DAY) == "done"


def test_an_answer_calls_back_the_question_that_waits(world: World) -> None:
    world.interested()
    with world.engine.begin() as connection:
        world.follow_ups.run(connection, DUE)
    world.says("started", DUE)
    with world.engine.begin() as connection:
        assert connection.execute(select(col(Outbox.status))).scalar_one() == "cancelled"


def test_only_their_own_and_nothing_after_erasure(world: World) -> None:
    world.interested()
    with world.engine.begin() as connection:
        add_person(connection, 2)
    assert world.says("started", START, id=2) == "gone"
    with world.engine.begin() as connection:
        kept = export_contact(connection, 1)
        assert kept and [row["rung"] for row in kept["outcomes"]] == ["interested"]
        assert erase(connection, 1, START)
        left = select(func.count()).select_from(Outcome)
        assert connection.execute(left).scalar_one() == 0
        who = select(col(Event.contact_id)).where(col(Event.kind) == "outcome")
        assert connection.execute(who).scalars().all() == [None]
    assert world.tick(DUE) == []


def test_the_ladder_is_counted_by_people(world: World) -> None:
    """Two offers of one person are one person; erased, they are in no table of later."""
    with world.engine.begin() as connection:
        add_person(connection, 2)
    for id in (1, 2):
        for listing in ("job_x", "tra_x"):
            number = world.interested(listing, id)
            world.says("started", START + DAY, number, id)
    world.says("still_30", START + 31 * DAY)
    ladder = [("job", 2, 2, 2, 2, 1, 0), ("training", 2, 2, 0, 2, 0, 0)]
    assert world.ladder() == ladder
    assert world.ladder(language="it") == ladder
    assert world.ladder(language="fr") == [(topic, 0, 0, 0, 0, 0, 0) for topic, *_ in ladder]
    with world.engine.begin() as connection:
        assert erase(connection, 2, START)
    assert world.ladder()[0] == ("job", 1, 1, 1, 1, 1, 0)


@pytest.mark.parametrize("protected", [True, False])
def test_two_schedulers_ask_once(
    world: World, protected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look before either writes; if whoever comes second did not notice, that were twice."""
    if world.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer whatever we do")
    world.interested()
    barrier, look = Barrier(2), outcomes.due

    def due(*arguments: Any) -> Any:
        found = look(*arguments)
        barrier.wait(10)
        return found

    monkeypatch.setattr(outcomes, "due", due)
    if not protected:
        monkeypatch.setattr(outcomes, "claim", lambda *_: True)

    def run() -> None:
        with world.engine.begin() as connection:
            world.follow_ups.run(connection, DUE)

    at_once(run)
    with world.engine.begin() as connection:
        letters = connection.execute(select(func.count()).select_from(Outbox)).scalar_one()
    assert letters == (1 if protected else 2)


def test_the_desk_notes_what_it_is_told(run: Run, tmp_path: Path) -> None:
    run("init")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        offer(connection, "job_x", valid_until=START.date())
        offer(connection, "hou_x", topic="housing")
        add_person(connection, 12)
    engine.dispose()
    assert "started" in run("outcomes", "note", "job_x", "12", "started")
    assert "started, as before" in run("outcomes", "note", "job_x", "12", "still")  # too early
    assert "started, left" in run("outcomes", "note", "job_x", "12", "left")
    assert "no job and no course" in run("outcomes", "note", "hou_x", "12", "started", code=2)
    assert "no person 99" in run("outcomes", "note", "job_x", "99", "started", code=2)
    [row] = run.json("outcomes", "list", "job_x", "--json")
    assert (row["contact_id"], row["rung"], row["ended"]) == (12, "started", "left")
    assert "note outcome" in run("audit")


# ── the ladder itself ───────────────────────────────────────────────────────────────────────────


def test_nobody_goes_down_and_a_changed_mind_counts() -> None:
    one = answered(Standing(), "interview", START)
    assert answered(one, "contacted", START).rung == "interview"
    no = answered(one, "no", START)
    assert (no.ended, no.due_at) == ("no", None)
    again = answered(no, "started", START)
    assert (again.rung, again.ended) == ("started", "")
    assert answered(again, "no", START) == again  # an old button
    assert answered(one, "left", START) == one
    left = answered(again, "left", START)
    assert answered(left, "still_30", START + 31 * DAY).ended == ""


def test_still_there_is_by_the_clock() -> None:
    one = answered(Standing(), "started", START)
    assert answered(one, "still_30", START + DAY).rung == "started"  # asked of their own accord
    assert answered(one, "still_30", START + 95 * DAY).rung == "still_90"
    late = answered(one, "still_30", START + 31 * DAY)
    assert late.due_at == START + STILL["still_90"]


def test_after_quiet_no_answer_brings_a_question() -> None:
    quiet = answered(Standing(), "quiet", START)
    for said in ("contacted", "started", "not_yet", "no"):
        quiet = answered(quiet, said, START)
        assert (quiet.ended, quiet.due_at) == ("quiet", None)
    assert quiet.rung == "started"


def test_silence_at_30_days_leaves_the_question_at_90() -> None:
    one = answered(Standing(), "started", START)
    assert asked(one, START + 30 * DAY).due_at == START + STILL["still_90"]
    assert asked(one, START + 90 * DAY).due_at is None
