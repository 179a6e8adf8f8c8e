"""A mixed storm of book, move, cancel, wait, offer, close and open: what must hold always holds."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select
from sqlmodel import col

from flows.agenda.slots import Slot, Wish, quarters
from storage.agenda import booking, person, reminders, waiting
from storage.agenda.booking import LIVE, Booking
from storage.agenda.operators import stranded
from storage.agenda.rules import add_exception, drop_closures
from storage.audit import By
from storage.erasure import erase
from storage.models import Appointment, Hold, Waiting
from tests.conftest import START
from tests.memory_agenda import ROME
from tests.test_agenda_booking import prepare

PEOPLE = st.integers(1, 5)
PLACES = st.sampled_from(["castellero", "phone"])
TOPICS = st.sampled_from(["cv", "first_talk", "transport"])
LANGUAGES = st.sampled_from(["", "ar", "en", "ro"])
HOURS = st.integers(0, 9)
DAYS = st.sampled_from([date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)])


class Storm(RuleBasedStateMachine):
    """Anybody does anything, in any order, while the clock goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.engine = prepare(f"sqlite:///{Path(self._folder.name) / 'storm.db'}", 5)
        self.now = START
        self.by = By("anna", START)

    def teardown(self) -> None:
        self.engine.dispose()
        self._folder.cleanup()

    @rule(who=PEOPLE, topic=TOPICS, place=PLACES, language=LANGUAGES, n=HOURS, moves=st.booleans())
    def books(self, who: int, topic: str, place: str, language: str, n: int, moves: bool) -> None:
        wish = Wish(topic, language, place)
        with self.engine.begin() as connection:
            free = booking.free_slots(connection, wish, self.now, ROME)
            mine = person.upcoming(connection, who, self.now, ROME) if moves else []
            slot = free[n] if n < len(free) else _anywhere(place, n)
            old = mine[0].id if mine else 0
            booking.book(connection, Booking(who, wish, slot, old), self.now, ROME)

    @rule(who=PEOPLE, n=st.integers(0, 2))
    def cancels(self, who: int, n: int) -> None:
        with self.engine.begin() as connection:
            mine = person.upcoming(connection, who, self.now, ROME)
            if n < len(mine):
                assert booking.cancel(connection, mine[n].id, who, self.now)

    @rule(who=PEOPLE, topic=TOPICS, language=LANGUAGES, earlier=st.booleans())
    def waits(self, who: int, topic: str, language: str, earlier: bool) -> None:
        with self.engine.begin() as connection:
            mine = person.upcoming(connection, who, self.now, ROME)
            booked = [one for one in mine if one.state == "booked"]
            if earlier and booked:
                one = booked[-1]
                wish = Wish(one.topic, one.language, one.place.id)
                waiting.wait(connection, who, wish, one.id, self.now)
            elif not earlier:
                waiting.wait(connection, who, Wish(topic, language), None, self.now)

    @rule()
    def offers(self) -> None:
        with self.engine.begin() as connection:
            waiting.offer_freed(connection, self.now, ROME)

    @rule(who=PEOPLE, take=st.booleans())
    def answers(self, who: int, take: bool) -> None:
        with self.engine.begin() as connection:
            mine = person.upcoming(connection, who, self.now, ROME)
            for one in mine:
                if one.state == "offered":
                    said = waiting.answer(connection, one.id, who, self.now, take=take)
                    assert said == (str(one.id) if take else "done")

    @rule(day=DAYS, place=st.sampled_from(["", "castellero"]))
    def closes(self, day: date, place: str) -> None:
        with self.engine.begin() as connection:
            booking.lock(connection)
            row = {"place": place, "day": day, "hours": "", "closes": True, "reason": ""}
            add_exception(connection, row, self.by)
            for hit in list(stranded(connection, self.now, ROME)):
                booking.end(connection, hit["id"], "cancelled", self.now)

    @rule(day=DAYS, place=st.sampled_from(["", "castellero"]))
    def opens(self, day: date, place: str) -> None:
        with self.engine.begin() as connection:
            drop_closures(connection, place, day, self.by)

    @rule(who=PEOPLE)
    def is_forgotten(self, who: int) -> None:
        with self.engine.begin() as connection:
            erase(connection, who, self.now)
        with self.engine.begin() as connection:
            new = {"id": who, "alerts": "off", "agreed": "", "created_at": START}
            connection.exec_driver_sql(
                "INSERT INTO contact (id, alerts, agreed, created_at) VALUES (?, ?, ?, ?)",
                (who, new["alerts"], new["agreed"], 0),
            )

    @rule(minutes=st.integers(1, 300))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        with self.engine.begin() as connection:
            waiting.offer_freed(connection, self.now, ROME)
            reminded = [one.id for _, one in reminders.claim_due(connection, self.now, ROME)]
        assert len(reminded) == len(set(reminded))

    @invariant()
    def every_live_appointment_holds_its_hour_and_nothing_else_does(self) -> None:
        rows, holds = self._rows(Appointment), self._rows(Hold)
        held = Counter(hold.appointment_id for hold in holds)
        for row in rows:
            parties = 2 + bool(row.mediator) + (row.contact_id is not None)
            wanted = parties * len(quarters(row.starts_at, row.ends_at))
            assert held.pop(row.id, 0) == (wanted if row.status in LIVE else 0), row
        assert not held

    @invariant()
    def nobody_and_nothing_is_in_two_places(self) -> None:
        busy: Counter[tuple[str, datetime]] = Counter()
        for row in self._rows(Appointment):
            if row.status in LIVE:
                room = f"room:{row.place}:{row.room}"
                for who in (row.colleague, row.mediator or None, row.contact_id, room):
                    if who is not None:
                        busy.update((str(who), at) for at in quarters(row.starts_at, row.ends_at))
        assert all(count == 1 for count in busy.values())

    @invariant()
    def nobody_is_expected_at_a_closed_door(self) -> None:
        with self.engine.begin() as connection:
            assert list(stranded(connection, self.now, ROME)) == []

    @invariant()
    def who_waits_to_come_earlier_has_a_live_appointment(self) -> None:
        live = {row.id for row in self._rows(Appointment) if row.status == "booked"}
        for row in self._rows(Waiting):
            assert row.closed_at is not None or row.appointment_id in {None, *live}

    def _rows(self, model: Any) -> list[Any]:
        with self.engine.begin() as connection:
            return list(
                connection.execute(select(model.__table__).order_by(col(model.__table__.c[0])))
            )


def _anywhere(place: str, n: int) -> Slot:
    return Slot(place, datetime(2026, 11, 25, 7 + n, 0, tzinfo=UTC), 30)


TestStorm = Storm.TestCase
TestStorm.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
