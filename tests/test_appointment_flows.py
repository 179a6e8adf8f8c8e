"""Turns about appointments that only an accident of the world leads to, in every language."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.agenda import letters
from flows.agenda.port import Appointment
from flows.agenda.rules import Rules
from flows.agenda.slots import Wish
from flows.conversation import Conversation
from flows.engine import Engine, Turn
from flows.messages import Inbound
from flows.rides.left_over import left_over
from flows.rides.port import Ride
from flows.rides.rules import Request
from flows.talk import Answers, Contact
from storage.gazetteer import load_gazetteer
from tests.memory_agenda import FEW, MemoryAgenda
from tests.memory_rides import ASTI, CASTELLERO, MONALE
from tests.test_walk import (
    LANGUAGES,
    OFFERED,
    TODAY,
    MemoryDesk,
    MemoryOffers,
    mistakes,
    offers,  # noqa: F401 a fixture
)

BOOKED = replace(OFFERED, state="booked")
RIDE = Ride(
    4, Request(MONALE, CASTELLERO, BOOKED.starts - timedelta(hours=1), purpose="appointment")
)
NEVER = replace(FEW, places=(replace(FEW.places[0], hours=()),))
LATER = replace(BOOKED, id=8, starts=BOOKED.starts + timedelta(days=7))
LAST = replace(BOOKED, id=9, starts=BOOKED.starts + timedelta(days=8))


class Person:
    """One person, one language, an agenda as the test needs it."""

    def __init__(
        self,
        flows: Engine,
        offers: MemoryOffers,  # noqa: F811
        language: str,
        booked: Sequence[Appointment] = (),
        rules: Rules = FEW,
    ) -> None:
        self._flows, self._offers = flows, offers
        self.agenda = MemoryAgenda(rules, booked=booked)
        self.was = Conversation(language=language, profile=Answers(comune="005067"))
        self.told: set[str] = set()

    def sends(self, inbound: Inbound) -> Turn:
        desk = MemoryDesk(self._offers, Contact("whatsapp"))
        desk.agenda = self.agenda
        turn = self._flows.take_turn(self.was, inbound, desk.contact, desk, TODAY)
        self.was = turn.conversation
        self.told |= {f"{e.flow}.{e.step}" for e in turn.events if e.step}
        assert list(mistakes(turn, turn.conversation.asked, self._flows)) == []
        return turn

    def taps(self, key: str) -> Turn:
        asked = self.was.asked
        assert asked and key in [option.key for option in asked.options], (key, asked)
        start = next(option.start for option in asked.options if option.key == key)
        return self.sends(Inbound(tap=f"go:{start}" if start else f"{asked.id}:{key}"))

    def says(self, msgid: str) -> str:
        return self._flows.languages[self.was.language].gettext(msgid)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(flows: Engine, offers: MemoryOffers, language: str):  # type: ignore[no-untyped-def]  # noqa: F811
    def person(booked: Sequence[Appointment] = (), rules: Rules = FEW) -> Person:
        return Person(flows, offers, language, booked, rules)

    return person


def _asks_for(person: Person, topic: str = "cv", place: str = "castellero") -> Turn:
    turn = person.sends(Inbound(tap=f"go:appointment-{topic}"))
    if turn.conversation.asked and turn.conversation.asked.step == "speaks":
        turn = person.taps("it")
    if turn.conversation.asked and turn.conversation.asked.step == "place":
        turn = person.taps(place)
    return turn


def test_without_a_free_hour_one_waits_or_asks_for_less(make) -> None:  # type: ignore[no-untyped-def]
    person = make()
    person.agenda.full = True
    _asks_for(person)
    assert person.was.asked and person.was.asked.step == "nothing"
    if "speaks" in [option.key for option in person.was.asked.options]:
        person.taps("speaks")
        person.taps("it")
    turn = person.taps("wait")
    assert person.says("All right. I write to you when an hour is free.") in turn.says.text
    assert "appointment.waits" in person.told


def test_nobody_waits_for_hours_that_do_not_exist(make) -> None:  # type: ignore[no-untyped-def]
    person = make(rules=NEVER)
    _asks_for(person)
    keys = [option.key for option in person.was.asked.options]
    assert person.was.asked.step == "nothing" and "person" in keys and "wait" not in keys


def test_the_hour_and_the_day_fill_up_while_one_chooses(make) -> None:  # type: ignore[no-untyped-def]
    person = make()
    _asks_for(person)
    day = person.was.asked.options[0].key
    turn = person.taps(day)
    first = turn.conversation.asked.options[0].key
    slots = person.agenda.free(Wish("cv", "it", "castellero"))
    closed = replace(FEW.places[0], hours=())
    person.agenda.rules = replace(FEW, places=(closed, FEW.places[1]))
    turn = person.taps(first)
    assert person.says("Somebody was faster: that hour is taken.") in turn.says.text
    assert slots and turn.conversation.asked.step == "nothing"
    person.taps("place")
    assert person.was.asked.step in ("day", "time")


def test_another_day(make) -> None:  # type: ignore[no-untyped-def]
    person = make()
    _asks_for(person)
    person.taps(person.was.asked.options[0].key)
    assert person.taps("other").conversation.asked.step == "day"


def test_nobody_has_more_than_three(make) -> None:  # type: ignore[no-untyped-def]
    person = make([BOOKED, LATER, LAST])
    _asks_for(person, place="phone")
    person.taps(person.was.asked.options[0].key)
    turn = person.taps(person.was.asked.options[0].key)
    full = "You have three appointments already. Please cancel one first."
    assert person.says(full) in turn.says.text


def test_a_moved_one_is_gone(make) -> None:  # type: ignore[no-untyped-def]
    person = make([BOOKED])
    person.sends(Inbound(tap="go:appointment-move_7"))
    assert person.was.asked.step in ("place", "day")
    person.sends(Inbound(tap="go:appointment-move_99"))
    assert person.was.asked.flow == "menu"


@pytest.mark.parametrize(
    "start", ["appointments-confirm_7", "appointments-cancel_7", "appointments"]
)
def test_mine(make, start: str) -> None:  # type: ignore[no-untyped-def]
    person = make([BOOKED, LATER])
    turn = person.sends(Inbound(tap=f"go:{start}"))
    if start == "appointments":
        assert turn.conversation.asked.step == "which"
        person.taps("8")
        person.taps("cancel")
        person.taps("yes")
        assert [one.id for one in person.agenda.mine()] == [7]
    elif "cancel" in start:
        person.taps("no")
        assert len(person.agenda.mine()) == 2
    else:
        assert person.agenda.mine()[0].confirmed


@pytest.mark.parametrize(
    ("start", "left"), [("yes_7", "booked"), ("no_7", ""), ("yes_8", "offered"), ("99", "offered")]
)
def test_an_hour_that_was_offered(make, start: str, left: str) -> None:  # type: ignore[no-untyped-def]
    person = make([OFFERED])
    person.sends(Inbound(tap=f"go:earlier-{start}"))
    assert [one.state for one in person.agenda.mine()] == ([left] if left else [])


def test_come_earlier(make) -> None:  # type: ignore[no-untyped-def]
    person = make([BOOKED])
    person.sends(Inbound(tap="go:earlier-7"))
    assert person.agenda.mine()[0].waits


@pytest.mark.parametrize(
    ("ends", "hours", "left"),
    [
        ((MONALE, CASTELLERO), -1, False),  # there before it
        ((CASTELLERO, MONALE), 1, False),  # home after it
        ((MONALE, CASTELLERO), 1, True),
        ((CASTELLERO, MONALE), -1, True),
        ((MONALE, CASTELLERO), -25, True),
        ((MONALE, ASTI), -25, False),  # to another office
    ],
)
def test_a_ride_is_left_over_when_no_appointment_needs_it(
    ends: tuple[str, str], hours: int, left: bool
) -> None:
    request = Request(*ends, BOOKED.starts + timedelta(hours=hours), purpose="appointment")
    comuni = {place.comune for place in FEW.places}
    assert left_over([Ride(1, request)], [BOOKED], comuni) == ([Ride(1, request)] if left else [])
    job = replace(request, purpose="job")
    assert left_over([Ride(1, job)], [], comuni) == []


def test_letters_fit_every_channel(flows: Engine, language: str) -> None:
    speech, desk, places = flows.languages[language], flows.languages["it"], load_gazetteer()
    said = [
        letters.reminder(BOOKED, speech, desk, places),
        letters.moved(replace(BOOKED, place=FEW.places[1]), speech, desk, places),
        letters.cancelled(BOOKED, speech),
        letters.cancelled(BOOKED, speech, [RIDE]),
        letters.cancelled(BOOKED, speech, [RIDE, replace(RIDE, id=5)]),
        letters.missed(BOOKED, speech),
        letters.offered(OFFERED, BOOKED.starts, speech, desk, places),
    ]
    for letter in said:
        assert len(letter.text) <= 1400 and 2 <= len(letter.buttons) <= 3
        assert all(len(button.label) <= 20 for button in letter.buttons), letter.buttons
        assert all(
            button.tap.startswith("go:") and len(button.tap) <= 64 for button in letter.buttons
        )
        flow = [button.tap.removeprefix("go:").partition("-")[0] for button in letter.buttons]
        assert set(flow) <= flows.flows.keys()
