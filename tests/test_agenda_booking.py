"""Booking on both databases: nothing twice, whoever is faster; the waitlist; reminders."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import Connection, Engine, func, insert, select
from sqlmodel import col

from flows.agenda.slots import Slot, Wish
from storage.agenda import booking, ics, person, reminders, waiting
from storage.agenda.booking import Booking
from storage.agenda.desk_file import read_desk
from storage.agenda.operators import stranded
from storage.agenda.rules import add_exception, replace_rules
from storage.audit import By
from storage.erasure import erase
from storage.models import Appointment, Contact, Hold, Waiting
from tests.conftest import ROOT, START
from tests.memory_agenda import ROME
from tests.test_storage_database import KINDS, emptied, migrated

THURSDAY = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)  # 9:00 in Castellero; two rooms, Anna and Marco
CV = Wish("cv", "", "castellero")
DEMO = read_desk(ROOT / "content" / "desk.yaml")
NINE = Slot("castellero", THURSDAY, 30)


def fill(engine: Engine, people: int) -> None:
    """The demo desk, and people who may book there."""
    with engine.begin() as connection:
        replace_rules(connection, DEMO, By("anna", START))
        rows = [
            {"id": n, "alerts": "off", "agreed": "", "created_at": START}
            for n in range(1, people + 1)
        ]
        connection.execute(insert(Contact), rows)


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("agenda")) as url:
        yield url


@pytest.fixture
def desk(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        fill(engine, 12)
        yield engine


def book(
    connection: Connection, contact: int, slot: Slot = NINE, wish: Wish = CV, moves: int = 0
) -> int | str:
    return booking.book(connection, Booking(contact, wish, slot, moves), START, ROME)


def statuses(connection: Connection) -> Counter[str]:
    return Counter(connection.execute(select(col(Appointment.status))).scalars())


def slot_at(hour: int, minute: int = 0, day: int = 26) -> Slot:
    return Slot("castellero", datetime(2026, 11, day, hour - 1, minute, tzinfo=UTC), 30)


def test_two_rooms_and_two_colleagues_are_two_appointments(desk: Engine) -> None:
    with desk.begin() as connection:
        first, second, third = (book(connection, n) for n in (1, 2, 3))
        assert isinstance(first, int) and isinstance(second, int) and third == "taken"
        assert NINE.key not in [s.key for s in booking.free_slots(connection, CV, START, ROME)]
        crews = connection.execute(select(col(Appointment.colleague), col(Appointment.room))).all()
        assert {tuple(row) for row in crews} == {("anna", 1), ("marco", 2)}


def test_nobody_is_in_two_places_and_three_are_enough(desk: Engine) -> None:
    with desk.begin() as connection:
        assert isinstance(book(connection, 1), int)
        assert book(connection, 1, Slot("phone", THURSDAY, 30), Wish("cv", "", "phone")) == "twice"
        assert isinstance(book(connection, 1, slot_at(10)), int)
        assert isinstance(book(connection, 1, slot_at(11)), int)
        assert book(connection, 1, slot_at(12)) == "enough"


@pytest.mark.parametrize(
    "slot",
    [
        Slot("castellero", THURSDAY - timedelta(hours=2), 30),  # not open yet
        Slot("castellero", THURSDAY + timedelta(minutes=10), 30),  # not on the grid
        Slot("nowhere", THURSDAY, 30),
        Slot("castellero", START + timedelta(minutes=30), 30),  # too soon
    ],
)
def test_an_hour_that_does_not_exist_is_not_booked(desk: Engine, slot: Slot) -> None:
    with desk.begin() as connection:
        assert book(connection, 1, slot) == "taken"
        assert connection.execute(select(func.count()).select_from(Hold)).scalar_one() == 0


def test_moving_keeps_the_old_hour_until_the_new_one_is_theirs(desk: Engine) -> None:
    with desk.begin() as connection:
        first = book(connection, 1)
        assert isinstance(first, int)
        for other in (2, 3):
            book(connection, other, slot_at(10))
        assert book(connection, 1, slot_at(10), moves=first) == "taken"
        assert [one.id for one in person.upcoming(connection, 1, START, ROME)] == [first]
        moved = book(connection, 1, slot_at(11), moves=first)
        assert [one.id for one in person.upcoming(connection, 1, START, ROME)] == [moved]
        assert isinstance(book(connection, 4), int)  # the old hour is free
        assert book(connection, 5, slot_at(12), moves=int(moved)) == "gone"  # somebody else's


def test_cancelling_is_only_for_whoever_it_belongs_to(desk: Engine) -> None:
    with desk.begin() as connection:
        id = book(connection, 1)
        assert isinstance(id, int)
        assert not booking.cancel(connection, id, 2, START)
        assert booking.cancel(connection, id, 1, START)
        assert not booking.cancel(connection, id, 1, START)
        assert connection.execute(select(func.count()).select_from(Hold)).scalar_one() == 0


def test_who_is_erased_leaves_a_free_hour_and_no_name(desk: Engine) -> None:
    with desk.begin() as connection:
        book(connection, 1)
        waiting.wait(connection, 1, Wish("housing"), None, START)
        assert erase(connection, 1, START)
        row = connection.execute(select(Appointment.__table__)).one()  # type: ignore[attr-defined]
        assert (row.contact_id, row.status) == (None, "cancelled")
        for table in (Hold, Waiting):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_a_freed_hour_goes_to_the_first_who_waits_then_to_the_next(desk: Engine) -> None:
    now = START
    with desk.begin() as connection:
        one, _ = book(connection, 1), book(connection, 2)
        late = [book(connection, n, slot_at(12)) for n in (3, 4)]
        for contact, id in zip((3, 4), late, strict=True):
            waiting.wait(connection, contact, CV, int(id), now)
        assert isinstance(one, int)
    with desk.begin() as connection:
        # 9:30 to 11:30 are free and earlier than noon: both are offered one at once
        offers = waiting.offer_freed(connection, now, ROME)
        assert [offer.contact_id for offer in offers] == [3, 4]
        assert waiting.offer_freed(connection, now, ROME) == []  # each has one to answer
    with desk.begin() as connection:
        said = waiting.answer(connection, offers[0].appointment, 3, now, take=True)
        assert said == str(offers[0].appointment)
        mine = person.upcoming(connection, 3, now, ROME)
        assert [str(one.id) for one in mine] == [said]
        assert waiting.answer(connection, offers[1].appointment, 3, now, take=True) == "gone"
        assert waiting.answer(connection, offers[1].appointment, 4, now, take=False) == "done"
    with desk.begin() as connection:
        again = waiting.offer_freed(connection, now, ROME)
        assert [offer.contact_id for offer in again] == [4]
        slots = select(col(Appointment.starts_at)).where(
            col(Appointment.id) == again[0].appointment
        )
        refused = select(col(Appointment.starts_at)).where(
            col(Appointment.id) == offers[1].appointment
        )
        assert connection.execute(slots).scalar() != connection.execute(refused).scalar()


def test_an_offer_is_held_for_a_time_only(desk: Engine) -> None:
    later = START + timedelta(minutes=121)
    with desk.begin() as connection:
        late = book(connection, 3, slot_at(10, 30))
        waiting.wait(connection, 3, CV, int(late), START)
        (first,) = waiting.offer_freed(connection, START, ROME)
        assert first.until == START + timedelta(minutes=120)
        held = booking.live_of(connection, first.appointment, 3)
        (second,) = waiting.offer_freed(connection, later, ROME)
        assert booking.live_of(connection, first.appointment, 3) is None
        next_ = booking.live_of(connection, second.appointment, 3)
        assert held and next_ and next_["starts_at"] != held["starts_at"]
        assert waiting.answer(connection, first.appointment, 3, later, take=True) == "gone"


def test_a_cancelled_wish_waits_no_more_and_a_moved_one_follows(desk: Engine) -> None:
    with desk.begin() as connection:
        first = book(connection, 1, slot_at(12))
        waiting.wait(connection, 1, CV, int(first), START)
        moved = book(connection, 1, slot_at(11), moves=int(first))
        open_ = select(col(Waiting.appointment_id)).where(col(Waiting.closed_at).is_(None))
        assert connection.execute(open_).scalar_one() == moved
        booking.cancel(connection, int(moved), 1, START)
        assert connection.execute(open_).first() is None


def test_reminders_are_claimed_once_and_anew_after_a_move(desk: Engine) -> None:
    with desk.begin() as connection:
        id = book(connection, 1)
        due = THURSDAY - timedelta(days=1)
        minute = timedelta(minutes=1)
        assert list(reminders.claim_due(connection, due - minute, ROME)) == []
        assert [(c, one.id) for c, one in reminders.claim_due(connection, due, ROME)] == [(1, id)]
        assert list(reminders.claim_due(connection, due + minute, ROME)) == []
        eight = THURSDAY - timedelta(hours=1)
        assert [c for c, _ in reminders.claim_due(connection, eight, ROME)] == [1]
        assert list(reminders.claim_due(connection, eight, ROME)) == []
    with desk.begin() as connection:
        moved = book(connection, 1, slot_at(12), moves=int(id))
        two = slot_at(12).starts - timedelta(hours=2)
        assert [(c, o.id) for c, o in reminders.claim_due(connection, two, ROME)] == [(1, moved)]


@pytest.mark.parametrize(("day", "before", "morning"), [("2027-03-28", 9, 6), ("2027-10-31", 8, 7)])
def test_reminders_are_right_when_the_clock_changes(
    desk: Engine, day: str, before: int, morning: int
) -> None:
    """At ten that Sunday: ten on the clock the day before, and eight in the morning."""
    sunday = datetime.fromisoformat(f"{day}T00:00+00:00")
    now = sunday - timedelta(days=14)
    extra = {"place": "castellero", "day": sunday.date(), "hours": "10:00-11:00", "closes": False}
    with desk.begin() as connection:
        add_exception(connection, {**extra, "reason": ""}, By("anna", START))
        slot = Slot("castellero", sunday.replace(hour=morning + 2), 30)
        assert isinstance(booking.book(connection, Booking(1, CV, slot), now, ROME), int)
        for due in (sunday - timedelta(hours=24 - before), sunday + timedelta(hours=morning)):
            early = due - timedelta(minutes=1)
            assert list(reminders.claim_due(connection, early, ROME)) == []
            assert [contact for contact, _ in reminders.claim_due(connection, due, ROME)] == [1]
            assert list(reminders.claim_due(connection, due, ROME)) == []


def test_a_reminder_that_makes_no_sense_any_more_is_not_sent(desk: Engine) -> None:
    with desk.begin() as connection:
        book(connection, 1)
        soon = THURSDAY - timedelta(minutes=10)
        assert list(reminders.claim_due(connection, soon, ROME)) == []
        night = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
        assert list(reminders.claim_due(connection, night, ROME)) == []


def test_a_closure_and_a_booking_at_once_end_in_order(desk: Engine) -> None:
    """What was booked before the closure is out of hours, and what comes after is refused."""
    with desk.begin() as connection:
        id = book(connection, 1)
        row = {
            "place": "castellero",
            "day": THURSDAY.date(),
            "hours": "",
            "closes": True,
            "reason": "",
        }
        add_exception(connection, row, By("anna", START))
        assert book(connection, 2, slot_at(10)) == "taken"
        assert [r["id"] for r in stranded(connection, START, ROME)] == [id]


def _event(connection: Connection, id: int | str, contact: int = 1) -> dict[str, str]:
    content = ics.of_one(connection, int(id), contact, START)
    assert content is not None
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return {name: str(event[name]) for name in ("UID", "SEQUENCE", "STATUS")} | {
        "at": f"{event.decoded('DTSTART'):%d %H:%M}"
    }


def test_a_calendar_moves_what_was_moved_and_cancels_what_was_cancelled(desk: Engine) -> None:
    with desk.begin() as connection:
        first = book(connection, 1)
        was = _event(connection, first)
        assert was == {
            "UID": f"appointment-{first}@sportello",
            "SEQUENCE": "0",
            "STATUS": "CONFIRMED",
            "at": "26 08:00",
        }
        second = book(connection, 1, slot_at(12), moves=int(first))
        now = was | {"SEQUENCE": "1", "at": "26 11:00"}
        assert _event(connection, second) == _event(connection, first) == now
        waiting.wait(connection, 1, CV, int(second), START)
        (offer,) = waiting.offer_freed(connection, START, ROME)
        waiting.answer(connection, offer.appointment, 1, START, take=True)
        for id in (first, second, offer.appointment):
            event = _event(connection, id)
            assert (event["UID"], event["SEQUENCE"]) == (was["UID"], "2")
        booking.cancel(connection, offer.appointment, 1, START)
        gone = _event(connection, first)
        assert (gone["STATUS"], gone["SEQUENCE"]) == ("CANCELLED", "3")
        assert ics.of_one(connection, int(first), 2, START) is None  # nobody else's business
