"""Many at once, from several processes, on both databases; and what happens without protection."""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from flows.agenda.slots import Slot, Wish
from storage.agenda import booking, person, waiting
from storage.agenda.booking import Booking
from storage.agenda.operators import stranded
from storage.agenda.rules import add_exception, drop_closures
from storage.audit import By
from storage.database import open_database
from storage.erasure import erase
from storage.models import Appointment, Contact
from tests.agenda_invariants import everything_holds
from tests.conftest import START
from tests.memory_agenda import ROME
from tests.test_agenda_booking import CV, NINE, THURSDAY, book, fill, slot_at, statuses
from tests.test_storage_database import KINDS, migrated

PROCESSES = 4
MONTAFIA = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)  # an odd week; one room, one colleague
ALONE = (Wish("cv", "", "montafia"), Slot("montafia", MONTAFIA, 30))
ANY_OF_TWO = (CV, NINE)  # two rooms, two colleagues
BY = By("anna", START)
DOINGS = (*["book"] * 3, "move", "cancel", "wait", "offer", "answer", "day")


def at_once(url: str, work: Callable[..., Any], *arguments: Any) -> list[Any]:
    """What each of the processes found, started together."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # the imports are paid once, not by every process
    go, found = context.Barrier(PROCESSES), context.Queue()
    running = [
        context.Process(target=_run, args=(url, work, n, go, found, arguments))
        for n in range(PROCESSES)
    ]
    for process in running:
        process.start()
    results = [found.get(timeout=150) for _ in running]
    for process in running:
        process.join(30)
    return results


def _run(url: str, work: Callable[..., Any], n: int, go: Any, found: Any, arguments: Any) -> None:
    engine = open_database(url)
    go.wait(60)
    try:
        found.put(work(engine, n, *arguments))
    except Exception as error:
        found.put(error)
    engine.dispose()


# ── a thousand at one hour ──────────────────────────────────────────────────────────────────────


def _attempts(engine: Engine, n: int, each: int, last: int) -> Counter[str]:
    """Everybody wants the same hour; some want another where two can be had, with anybody."""
    results: Counter[str] = Counter()
    for contact in range(1 + n * each, 1 + (n + 1) * each):
        results[_tries(engine, contact, *ALONE)] += 1
        if contact % each < last:
            results[f"any: {_tries(engine, contact, *ANY_OF_TWO)}"] += 1
    return results


def _tries(engine: Engine, contact: int, wish: Wish, slot: Slot) -> str:
    with engine.begin() as connection:
        won = booking.book(connection, Booking(contact, wish, slot), START, ROME)
        free = booking.free_slots(connection, wish, START, ROME) if won == "taken" else []
    if isinstance(won, int):
        return "won"
    near = min(free, key=lambda one: abs(one.starts - slot.starts), default=None)
    nearest = near == Slot(slot.place, slot.starts + timedelta(minutes=30), 30)
    return f"{won}, offered the nearest" if nearest else f"{won}, offered {near}"


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_thousand_at_once_one_wins_and_the_others_are_offered_the_nearest(
    kind: str, tmp_path: Path
) -> None:
    with migrated(kind, tmp_path) as url:
        engine = open_database(url)
        fill(engine, 1000)
        found = at_once(url, _attempts, 1000 // PROCESSES, 20)
        assert sum(found, Counter()) == {
            "won": 1,
            "taken, offered the nearest": 999,
            "any: won": 2,
            "any: taken, offered the nearest": 78,
        }
        with engine.begin() as connection:
            everything_holds(connection, START)
            assert statuses(connection) == {"booked": 3}
            crews = select(col(Appointment.colleague), col(Appointment.room)).where(
                col(Appointment.place) == "castellero"
            )
            assert {tuple(row) for row in connection.execute(crews)} == {("anna", 1), ("marco", 2)}
        engine.dispose()


# ── everything at once ──────────────────────────────────────────────────────────────────────────


def _lives(engine: Engine, n: int, steps: int) -> int:
    """People who book, move, cancel, wait and answer beside each other; the desk closes and opens.

    Contacts 1 to 6 write from every process at once; each process forgets one of its own.
    """
    chance, mine = Random(n), 100 + n
    with engine.begin() as connection:
        row = {"id": mine, "alerts": "off", "agreed": "", "created_at": START}
        connection.execute(insert(Contact).values(row))
        book(connection, mine, slot_at(9 + n % 3))
    for step in range(steps):
        with engine.begin() as connection:
            _does(connection, chance)
            if step == steps // 2:
                erase(connection, mine, START)
    return steps


def _does(connection: Connection, chance: Random) -> None:
    who, slot = chance.randint(1, 6), slot_at(chance.randint(9, 12), chance.choice((0, 30)))
    mine = person.upcoming(connection, who, START, ROME)
    booked = [one.id for one in mine if one.state == "booked"]
    match chance.choice(DOINGS):
        case "book":
            book(connection, who, slot)
        case "move" if booked:
            book(connection, who, slot, moves=chance.choice(booked))
        case "cancel" if booked:
            booking.cancel(connection, chance.choice(booked), who, START)
        case "wait":
            waiting.wait(connection, who, CV, chance.choice([None, *booked]), START)
        case "offer":
            waiting.offer_freed(connection, START, ROME)
        case "answer":
            for one in mine:
                if one.state == "offered":
                    waiting.answer(connection, one.id, who, START, take=chance.random() < 0.5)
        case "day":
            _closes(connection) if chance.random() < 0.5 else _opens(connection)


def _closes(connection: Connection) -> None:
    booking.lock(connection)
    add_exception(connection, _closure(), BY)
    for hit in list(stranded(connection, START, ROME)):
        booking.end(connection, hit["id"], "cancelled", START)


def _closure() -> dict[str, Any]:
    row = {"place": "castellero", "day": THURSDAY.date(), "hours": "10:00-11:00", "reason": ""}
    return {**row, "closes": True}


def _opens(connection: Connection) -> None:
    booking.lock(connection)
    drop_closures(connection, "castellero", THURSDAY.date(), BY)


@pytest.mark.parametrize("kind", KINDS)
def test_a_storm_from_several_processes_leaves_everything_in_order(
    kind: str, tmp_path: Path
) -> None:
    with migrated(kind, tmp_path) as url:
        engine = open_database(url)
        fill(engine, 6)
        assert at_once(url, _lives, 60) == [60] * PROCESSES
        with engine.begin() as connection:
            everything_holds(connection, START)
        engine.dispose()


# ── with the protection off ─────────────────────────────────────────────────────────────────────


def _racing(engine: Engine, n: int, barrier: Any) -> int | str:
    """Everybody looks before anybody books: what the lock and SQLite's one writer prevent."""
    booking.lock = lambda connection: None
    looked = booking.taken

    def look(connection: Connection, since: datetime) -> set[tuple[str, datetime]]:
        busy = looked(connection, since)
        barrier.wait(30)
        return busy

    booking.taken = look
    with engine.begin() as connection:
        return booking.book(connection, Booking(n + 1, *ALONE), START, ROME)


@pytest.mark.parametrize("protected", [True, False])
def test_the_key_alone_keeps_an_hour_from_being_booked_twice(
    tmp_path: Path, protected: bool
) -> None:
    """On PostgreSQL, without the lock, when all have seen the hour free; and without the key."""
    with migrated("postgresql", tmp_path) as url:
        engine = open_database(url)
        fill(engine, PROCESSES)
        if not protected:
            with engine.begin() as connection:
                connection.execute(text("ALTER TABLE hold DROP CONSTRAINT hold_pkey"))
        engine.dispose()
        barrier = multiprocessing.get_context("forkserver").Barrier(PROCESSES)
        results = at_once(url, _racing, barrier)
    winners = [result for result in results if isinstance(result, int)]
    assert len(winners) == (1 if protected else PROCESSES), results


@pytest.mark.parametrize("protected", [True, False])
def test_a_closure_waits_for_a_booking_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    """On PostgreSQL; without the lock somebody is booked who is never told."""
    if not protected:
        monkeypatch.setattr(booking, "lock", lambda connection: None)
    with migrated("postgresql", tmp_path) as url:
        engine = open_database(url)
        fill(engine, 2)
        with engine.connect() as first, engine.connect() as second:
            book(first, 1, slot_at(10))
            second.execute(text("SET lock_timeout = '100ms'"))
            if protected:
                with pytest.raises(OperationalError):
                    _closes(second)
                second.rollback()
                first.commit()
            _closes(second)
            second.commit()
            first.commit()
        with engine.begin() as connection:
            left = len(list(stranded(connection, START, ROME)))
        engine.dispose()
    assert left == (0 if protected else 1)
