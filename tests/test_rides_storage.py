"""Rides on both databases: seats and cars never twice, proposals, time running out, wishes."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlmodel import col

from flows.rides.port import AnswerProposal, AskRide, CancelRide, NoteWish, RideCommand
from flows.rides.rules import Request
from flows.rides.sharing import Run
from storage import notices
from storage.audit import By
from storage.contacts import export_contact
from storage.database import open_database
from storage.erasure import erase
from storage.models import Contact, Event, Ride, RideRules, RideWish, RunHold, RunSeat
from storage.models import Run as RunRow
from storage.rides import drives, due, operators, states, wishes
from storage.rides.person import DatabaseRides
from storage.rides.rules import load_taxi, replace_taxi
from storage.rides.states import Change
from storage.rides.taxi_file import read_taxi
from storage.schema import upgrade
from tests.conftest import ROOT, START
from tests.memory_agenda import ROME
from tests.memory_rides import ASTI, CASTELLERO, MONALE, MONTAFIA, SETTIME, MemoryRides, at
from tests.retention import swept
from tests.test_storage_database import bare

WHO = By("anna", START)
RIDE = Request(MONALE, ASTI, at("11-26 09:00"), 1, 0, "", "stazione", "job")


def prepare(url: str, people: int = 12) -> Engine:
    engine = open_database(url)
    upgrade(engine)
    with engine.begin() as connection:
        replace_taxi(connection, read_taxi(ROOT / "content" / "rides.yaml"), WHO)
        rows = [
            {"id": n, "alerts": "off", "agreed": "", "created_at": START}
            for n in range(1, people + 1)
        ]
        connection.execute(insert(Contact), rows)
    return engine


@pytest.fixture
def desk(database: str) -> Iterator[Engine]:
    engine = prepare(database)
    yield engine
    engine.dispose()


def change(connection: Connection, now: datetime = START) -> Change:
    taxi = load_taxi(connection, now.date())
    assert taxi
    return Change(now, ROME, taxi, "telegram")


def person(connection: Connection, contact: int, now: datetime = START) -> DatabaseRides:
    return DatabaseRides(connection, contact, now, ROME, "telegram")


def ask(connection: Connection, contact: int, request: Request = RIDE) -> str:
    return person(connection, contact).perform(AskRide(request))


def confirm(connection: Connection, id: str, together: int = 0) -> str:
    row = states.live(connection, int(id))
    return operators.confirm(connection, row, change(connection), WHO, together)


def count(connection: Connection, model: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(model)).scalar_one())


def statuses(connection: Connection) -> Counter[str]:
    return Counter(connection.execute(select(Ride.__table__.c.status)).scalars())  # type: ignore[attr-defined]


def test_asked_confirmed_and_cancelled_until_it_is_too_late(desk: Engine) -> None:
    with desk.begin() as connection:
        id = ask(connection, 1)
        assert id.isdecimal() and ask(connection, 1) == "twice"
        assert [n["subject"] for n in notices.notices(connection)] == [f"ride:{id}"]
        assert confirm(connection, id) == ""
        assert notices.notices(connection) == []
        assert count(connection, RunHold) == 3 and count(connection, RunSeat) == 1
        late = START.replace(day=25, hour=22)
        cancel = CancelRide(int(id))
        assert person(connection, 2).perform(cancel) == "gone"  # somebody else's
        assert person(connection, 1, late).perform(cancel) == "late"
        assert person(connection, 1).perform(cancel) == "done"
        assert person(connection, 1).perform(cancel) == "gone"
        assert "nobody is to drive" in notices.notices(connection)[0]["text"]
        for model in (RunHold, RunSeat, RunRow):
            assert count(connection, model) == 0
        e = Event.__table__  # type: ignore[attr-defined]
        events = connection.execute(select(e.c.step, e.c.key).order_by(e.c.id)).all()
        assert [tuple(e) for e in events] == [
            (step, MONALE) for step in ("asked", "confirmed", "cancelled")
        ]


def test_a_request_is_judged_again_when_it_is_made(desk: Engine) -> None:
    with desk.begin() as connection:
        assert ask(connection, 1, replace(RIDE, leaves=START + timedelta(hours=5))) == "broken"
        assert ask(connection, 1, replace(RIDE, people=5)) == "broken"
        for n in range(10):
            request = replace(RIDE, leaves=RIDE.leaves + timedelta(minutes=30 * n))
            assert ask(connection, 1, request).isdecimal()
        assert ask(connection, 1, replace(RIDE, leaves=at("11-27 09:00"))) == "enough"


def test_without_rules_there_is_no_service(desk: Engine) -> None:
    with desk.begin() as connection:
        connection.execute(text("DELETE FROM ride_rules"))
        rides = person(connection, 1)
        assert rides.taxi() is None and list(rides.days()) == []
        assert rides.perform(AskRide(RIDE)) == "gone"


def test_a_car_is_shared_when_operators_say_so(desk: Engine) -> None:
    settime = replace(RIDE, origin=SETTIME, leaves=at("11-26 09:15"), people=2)
    with desk.begin() as connection:
        one, two, other = ask(connection, 1), ask(connection, 2, settime), ask(connection, 3)
        by = change(connection)
        shared = operators.sharing(connection, [int(one), int(two), int(other)], by)
        assert shared[int(one)] == [int(two), int(other)]
        assert confirm(connection, two, int(one)) == "apart"  # that one has no car yet
        assert confirm(connection, one) == ""
        assert confirm(connection, two) == "full"
        assert confirm(connection, two, int(one)) == ""
        assert int(two) not in operators.sharing(connection, [int(one), int(two)], by)
        assert confirm(connection, other, int(one)) == ""
        full = ask(connection, 4)
        assert full == "broken"  # four seats are taken
        assert count(connection, RunRow) == 1 and count(connection, RunSeat) == 4
        person(connection, 1).perform(CancelRide(int(one)))
        person(connection, 3).perform(CancelRide(int(other)))
        quarters = connection.execute(select(RunHold.__table__.c.at)).scalars()  # type: ignore[attr-defined]
        assert sorted(quarters) == change(connection).taxi.quarters(settime.leaves)
        assert ask(connection, 4).isdecimal()


def test_a_proposal_keeps_its_seats_until_it_is_answered(desk: Engine) -> None:
    later = at("11-26 11:00")
    with desk.begin() as connection:
        id = ask(connection, 1)
        row = states.live(connection, int(id))
        assert operators.propose(connection, row, later, change(connection), WHO) == ""
        other = ask(connection, 2, replace(RIDE, origin=CASTELLERO, destination=MONALE))
        assert confirm(connection, other) == ""  # at the hour that was asked first
        rival = replace(RIDE, origin=CASTELLERO, destination=SETTIME, leaves=later)
        assert ask(connection, 3, rival) == "broken"
        yes = AnswerProposal(int(id), take=True)
        assert person(connection, 2).perform(yes) == "gone"
        assert person(connection, 1).perform(yes) == "done"
        assert person(connection, 1).perform(yes) == "done"  # tapped twice
        assert person(connection, 1).perform(AnswerProposal(int(id), take=False)) == "gone"
        (mine,) = person(connection, 1).mine()
        assert (mine.state, mine.request.leaves) == ("confirmed", later)


def test_a_proposal_that_does_not_suit_is_a_wish_and_frees_the_car(desk: Engine) -> None:
    with desk.begin() as connection:
        id = ask(connection, 1)
        row = states.live(connection, int(id))
        operators.propose(connection, row, at("11-26 16:00"), change(connection), WHO)
        assert person(connection, 1).perform(AnswerProposal(int(id), take=False)) == "done"
        assert count(connection, RunHold) == 0
        (wish,) = wishes.aggregated(connection, START - timedelta(days=1))
        assert (wish["comune"], wish["band"], wish["why"]) == ("Monale", "morning", "refused 1")


def test_a_time_with_another_ride_or_no_car_is_not_proposed(desk: Engine) -> None:
    with desk.begin() as connection:
        one, two = ask(connection, 1), ask(connection, 1, replace(RIDE, leaves=at("11-26 14:00")))
        row, by = states.live(connection, int(two)), change(connection)
        assert operators.propose(connection, row, RIDE.leaves, by, WHO) == "twice"
        assert confirm(connection, one) == ""
        assert operators.propose(connection, row, at("11-26 09:15"), by, WHO) == "full"


@pytest.mark.parametrize(
    ("now", "leaves", "said"),
    [
        ("11-25 21:30", "11-26 07:00", "near"),  # they sleep until eight
        ("11-25 21:30", "11-26 10:00", "near"),  # they wake up, and it lapses
        ("11-25 21:30", "11-26 11:00", ""),
        ("11-26 08:00", "11-26 10:15", "near"),
        ("11-26 08:00", "11-26 10:30", ""),
    ],
)
def test_a_time_that_nobody_could_answer_is_not_proposed(
    desk: Engine, now: str, leaves: str, said: str
) -> None:
    with desk.begin() as connection:
        row = states.live(connection, int(ask(connection, 1)))
        by = change(connection, at(now))
        assert operators.propose(connection, row, at(leaves), by, WHO) == said


@pytest.mark.parametrize(
    ("now", "leaves"), [("11-25 20:30", "11-26 08:30"), ("11-26 09:00", "11-26 11:00")]
)
def test_nobody_asks_for_what_lapses_at_once(desk: Engine, now: str, leaves: str) -> None:
    with desk.begin() as connection:
        connection.execute(update(RideRules).values(notice_hours=2))
        wanted, asking = replace(RIDE, leaves=at(leaves)), person(connection, 1, at(now))
        verdict = asking.judge(wanted)
        assert verdict.broken == "soon" and verdict.instead
        for possible in verdict.instead:
            assert asking.perform(AskRide(replace(RIDE, leaves=possible))).isdecimal()
        assert list(due.lapse(connection, change(connection, at(now)))) == []


def test_what_is_over_does_not_wait_in_the_inbox(desk: Engine) -> None:
    with desk.begin() as connection:
        one, two = (ask(connection, n) for n in (1, 2))
        assert len(notices.notices(connection)) == 2
        person(connection, 1).perform(CancelRide(int(one)))
        assert [n["subject"] for n in notices.notices(connection)] == [f"ride:{two}"]
        list(due.lapse(connection, change(connection, at("11-26 08:00"))))
        assert notices.notices(connection) == []


def test_time_runs_out_by_day_and_the_wish_is_kept(desk: Engine) -> None:
    with desk.begin() as connection:
        asked = ask(connection, 1)
        proposed = ask(connection, 2, replace(RIDE, leaves=at("11-27 09:00")))
        row = states.live(connection, int(proposed))
        operators.propose(connection, row, at("11-27 11:00"), change(connection), WHO)
    # a proposal is kept for 24 hours, a request until the evening before a ride in the morning
    for now, over in (
        (START + timedelta(hours=23), []),
        (START + timedelta(hours=24), [int(proposed)]),
        (at("11-26 06:59"), []),
        (at("11-26 08:00"), [int(asked)]),
    ):
        with desk.begin() as connection:
            found = list(due.lapse(connection, change(connection, now)))
            assert [ride.id for _, ride in found] == over, now
    with desk.begin() as connection:
        assert statuses(connection) == {"lapsed": 2}
        assert count(connection, RideWish) == 2 and count(connection, RunHold) == 0
        yes = AnswerProposal(int(proposed), take=True)
        assert person(connection, 2).perform(yes) == "gone"


def test_reminders_come_once_a_day_before_never_at_night(desk: Engine) -> None:
    with desk.begin() as connection:
        confirmed = ask(connection, 1)
        confirm(connection, confirmed)
        early = ask(connection, 2, replace(RIDE, leaves=at("11-27 07:00")))

        def reminded(moment: str) -> list[int]:
            by = change(connection, at(moment))
            return [ride.id for _, ride in due.claim_reminders(connection, by)]

        assert reminded("11-25 08:59") == []
        assert reminded("11-25 09:00") == [int(confirmed)]
        assert reminded("11-25 09:01") == []
        assert reminded("11-26 07:30") == []  # night, a day before seven o'clock
        assert reminded("11-26 08:00") == [int(early)]


def test_who_is_erased_leaves_the_seat_and_no_name(desk: Engine) -> None:
    with desk.begin() as connection:
        id = ask(connection, 1)
        confirm(connection, id)
        person(connection, 1).perform(NoteWish(MONTAFIA, ASTI, "from", RIDE.leaves))
        kept = export_contact(connection, 1)
        assert kept and len(kept["rides"]) == len(kept["rides_not_met"]) == 1
        assert erase(connection, 1, START)
        assert count(connection, RunHold) == count(connection, RunSeat) == 0
        assert statuses(connection) == {"cancelled": 1}
        for model in (Ride, RideWish, Event):
            who = select(col(model.contact_id))
            assert set(connection.execute(who).scalars()) == {None}
        assert "nobody is to drive" in notices.notices(connection)[0]["text"]
        (wish,) = wishes.aggregated(connection, START - timedelta(days=1))
        assert (wish["comune"], wish["persons"]) == ("Montafia", 1)


def test_wishes_are_counted_by_comune_and_part_of_the_day(desk: Engine) -> None:
    five, nine = at("11-30 05:00"), at("11-30 09:00")
    with desk.begin() as connection:
        for contact, wish in (
            (1, NoteWish(MONTAFIA, ASTI, "from", five)),
            (1, NoteWish(MONTAFIA, ASTI, "hours", five.replace(hour=6))),  # the same wish
            (2, NoteWish(MONTAFIA, ASTI, "from", five)),
            (2, NoteWish(MONTAFIA, MONALE, "from", at("12-01 05:00"))),
            (3, NoteWish(MONTAFIA, ASTI, "from", nine)),
            (3, NoteWish(MONALE, ASTI, "full", nine, 4)),
            (3, NoteWish("no comune", ASTI, "from", nine)),
        ):
            assert person(connection, contact).perform(wish) == "done"
        found = wishes.aggregated(connection, START - timedelta(days=1))
        shown = [(g["comune"], g["band"], g["wishes"], g["persons"], g["to"]) for g in found]
        assert shown == [
            ("Montafia", "early", 3, 2, "Asti 2, Monale 1"),
            ("Monale", "morning", 1, 1, "Asti 1"),
            ("Montafia", "morning", 1, 1, "Asti 1"),
        ]
        assert found[0]["days"] == "mon,tue" and found[0]["why"] == "from 3"
        counted = select(func.count()).select_from(Event).where(text("step = 'unmet'"))
        assert connection.execute(counted).scalar_one() == 5
        assert wishes.aggregated(connection, START + timedelta(days=1)) == []


def test_what_is_old_is_forgotten(desk: Engine) -> None:
    with desk.begin() as connection:
        id = ask(connection, 1)
        confirm(connection, id)
        person(connection, 1).perform(NoteWish(MONTAFIA, ASTI, "from", RIDE.leaves))
        swept(connection, START + timedelta(days=91))
        assert count(connection, Ride) == 1  # it was on the third day
        swept(connection, START + timedelta(days=94))
        for model in (Ride, RunRow, RunHold, RunSeat):
            assert count(connection, model) == 0
        who = select(RideWish.__table__.c.contact_id)  # type: ignore[attr-defined]
        assert connection.execute(who).scalar_one() is None
        swept(connection, START + timedelta(days=731))
        assert count(connection, RideWish) == 0


def at_once(work: Callable[[int], str], n: int) -> Counter[str]:
    with ThreadPoolExecutor(n) as threads:
        return Counter(threads.map(work, range(1, n + 1)))


def test_of_many_at_once_one_gets_the_car(desk: Engine) -> None:
    """Eight requests for the one car, confirmed at the same time, each by another operator."""
    with desk.begin() as connection:
        ids = {n: ask(connection, n) for n in range(1, 9)}
    assert at_once(lambda n: _confirmed(desk, ids[n]), 8) == {"": 1, "full": 7}
    with desk.begin() as connection:
        assert statuses(connection) == {"confirmed": 1, "asked": 7}
        assert count(connection, RunHold) == 3


def test_of_many_at_once_four_get_a_seat(desk: Engine) -> None:
    with desk.begin() as connection:
        ids = {n: ask(connection, n) for n in range(1, 9)}
        first = ask(connection, 9)
        assert confirm(connection, first) == ""
    found = at_once(lambda n: _confirmed(desk, ids[n], int(first)), 8)
    assert found == {"": 3, "apart": 5}


def _confirmed(engine: Engine, id: str, together: int = 0) -> str:
    with engine.connect() as connection, connection.begin() as transaction:
        said = confirm(connection, id, together)
        if said:
            transaction.rollback()
        return said


@pytest.mark.parametrize("protected", [True, False])
def test_the_keys_alone_keep_a_car_from_being_in_two_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    """On PostgreSQL, without the lock, when all have seen the car free; and without the keys."""
    barrier, look = Barrier(4), drives.runs

    def runs(*arguments: Any) -> list[Run]:
        found = look(*arguments)
        barrier.wait(30)
        return found

    with bare("postgresql", tmp_path) as url:
        engine = prepare(url, 4)
        with engine.begin() as connection:
            ids = {n: ask(connection, n) for n in range(1, 5)}
            if not protected:
                connection.execute(text("ALTER TABLE run_hold DROP CONSTRAINT run_hold_pkey"))
        monkeypatch.setattr(drives, "lock", lambda connection: None)
        monkeypatch.setattr(drives, "runs", runs)
        found = at_once(lambda n: _confirmed(engine, ids[n]), 4)
        engine.dispose()
    assert found == ({"": 1, "full": 3} if protected else {"": 4})


@pytest.mark.parametrize("protected", [True, False])
def test_the_key_alone_keeps_a_seat_from_being_given_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    """The same for the three seats that are left in a car, when all have seen them free."""
    barrier, look = Barrier(5), drives._free_seats

    def free(*arguments: Any) -> list[str]:
        found = look(*arguments)
        barrier.wait(30)
        return found

    with bare("postgresql", tmp_path) as url:
        engine = prepare(url, 6)
        with engine.begin() as connection:
            first = ask(connection, 6)
            confirm(connection, first)
            ids = {n: ask(connection, n) for n in range(1, 6)}
            if not protected:
                connection.execute(text("ALTER TABLE run_seat DROP CONSTRAINT run_seat_pkey"))
        monkeypatch.setattr(drives, "lock", lambda connection: None)
        monkeypatch.setattr(drives, "_free_seats", free)
        found = at_once(lambda n: _confirmed(engine, ids[n], int(first)), 5)
        engine.dispose()
    assert found[""] == (1 if protected else 5)


def test_the_taxi_in_memory_answers_as_the_real_one(desk: Engine) -> None:
    commands: list[RideCommand] = [
        AskRide(RIDE),
        AskRide(replace(RIDE, leaves=at("11-27 09:00"))),
        AskRide(RIDE),
        AskRide(replace(RIDE, people=9)),
        AskRide(replace(RIDE, leaves=START)),
        CancelRide(1),
        CancelRide(1),
        CancelRide(77),
        AnswerProposal(2, take=True),
        NoteWish(MONTAFIA, ASTI, "from"),
    ]
    with desk.begin() as connection:
        real = person(connection, 1)
        memory = MemoryRides(real.taxi())
        assert [memory.perform(c) for c in commands] == [real.perform(c) for c in commands]
        assert list(memory.mine()) == list(real.mine())
        assert list(memory.days()) == list(real.days())
        soon = replace(RIDE, leaves=START)
        assert memory.judge(soon) == real.judge(soon)
        assert memory.one(1) == real.one(1) and memory.one(9) is real.one(9) is None


def test_public_holidays_and_closed_days(desk: Engine) -> None:
    with desk.begin() as connection:
        taxi = load_taxi(connection, date(2026, 12, 20))
        assert taxi and {date(2026, 12, 25), date(2027, 1, 6)} <= taxi.closed
