"""A mixed storm of book, move, cancel, wait, offer, close and open: what must hold always holds."""

from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert

from flows.agenda.slots import Slot, Wish
from storage.agenda import booking, person, reminders, waiting
from storage.agenda.booking import Booking
from storage.agenda.operators import stranded
from storage.agenda.rules import add_exception, drop_closures
from storage.audit import By
from storage.erasure import erase
from storage.models import Contact
from tests.agenda_invariants import everything_holds, nobody_and_nothing_is_in_two_places
from tests.conftest import START
from tests.memory_agenda import ROME
from tests.test_agenda_booking import fill
from tests.test_storage_database import KINDS, emptied, migrated

PEOPLE = st.integers(1, 5)
PLACES = st.sampled_from(["castellero", "phone"])
TOPICS = st.sampled_from(["cv", "first_talk", "transport"])
LANGUAGES = st.sampled_from(["", "ar", "en", "ro"])
HOURS = st.integers(0, 9)
DAYS = st.sampled_from([date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)])


class Storm(RuleBasedStateMachine):
    """Anybody does anything, in any order, while the clock goes on."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._open = ExitStack()
        self.engine = self._open.enter_context(emptied(url))
        fill(self.engine, 5)
        self.now = START
        self.by = By("anna", START)

    def teardown(self) -> None:
        self._open.close()

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
                    assert said in ((str(one.id), "enough") if take else ("done",))

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
            connection.execute(insert(Contact).values(**new))

    @rule(minutes=st.integers(1, 300))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        with self.engine.begin() as connection:
            waiting.offer_freed(connection, self.now, ROME)
            reminded = [one.id for _, one in reminders.claim_due(connection, self.now, ROME)]
        assert len(reminded) == len(set(reminded))

    @invariant()
    def everything_holds(self) -> None:
        with self.engine.begin() as connection:
            everything_holds(connection, self.now)


class WithoutHolds(Storm):
    """The same, where no hour is held."""

    @invariant()
    def everything_holds(self) -> None:
        with self.engine.begin() as connection:
            nobody_and_nothing_is_in_two_places(connection)


def _anywhere(place: str, n: int) -> Slot:
    return Slot(place, datetime(2026, 11, 25, 7 + n, 0, tzinfo=UTC), 30)


def blow(storm: type[Storm], url: str, examples: int) -> None:
    """Without looking for the shortest way to a mistake: that would take minutes."""
    run_state_machine_as_test(
        partial(storm, url),  # type: ignore[arg-type]
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_in_whatever_order(kind: str, tmp_path: Path) -> None:
    with migrated(kind, tmp_path) as url:
        blow(Storm, url, 20 if kind == "sqlite" else 8)


def test_the_storm_notices_when_hours_are_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking, "_hold", lambda *whatever: True)
    with migrated("sqlite", tmp_path) as url, pytest.raises(AssertionError):
        blow(WithoutHolds, url, 100)
