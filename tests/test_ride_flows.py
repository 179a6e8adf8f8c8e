"""Turns about rides that only an accident of the world leads to, in every language."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.agenda.port import Appointment
from flows.conversation import Conversation
from flows.engine import Engine, Turn
from flows.messages import Inbound
from flows.rides import letters
from flows.rides.port import Ride
from flows.rides.rules import Request, Taxi
from flows.rides.sharing import Run
from flows.talk import Answers, Contact
from storage.gazetteer import load_gazetteer
from tests.memory_rides import (
    ASKED,
    ASTI,
    CONFIRMED,
    MONALE,
    MONTAFIA,
    PROPOSED,
    REQUEST,
    SETTIME,
    TAXI,
    MemoryRides,
)
from tests.test_walk import (
    LANGUAGES,
    OFFERED,
    TODAY,
    MemoryDesk,
    MemoryOffers,
    mistakes,
    offers,  # noqa: F401 a fixture
)

SAID = f"go:ride-said_{MONALE}_{ASTI}_11-26_9:00"


class Person:
    """One person, one language, a social taxi as the test needs it."""

    def __init__(
        self,
        flows: Engine,
        offers: MemoryOffers,  # noqa: F811
        language: str,
        rides: Sequence[Ride] = (),
        taxi: Taxi | None = TAXI,
    ) -> None:
        self._flows, self._offers = flows, offers
        self.rides = MemoryRides(taxi, rides=rides)
        self.was = Conversation(language=language, profile=Answers(comune=MONALE))
        self.booked: Sequence[Appointment] = ()

    def sends(self, inbound: Inbound) -> Turn:
        desk = MemoryDesk(self._offers, Contact("whatsapp"), self.booked)
        desk.rides = self.rides
        turn = self._flows.take_turn(self.was, inbound, desk.contact, desk, TODAY)
        self.was = turn.conversation
        assert list(mistakes(turn, turn.conversation.asked, self._flows)) == []
        return turn

    def taps(self, key: str) -> Turn:
        asked = self.was.asked
        assert asked and key in [option.key for option in asked.options], (key, asked)
        start = next(option.start for option in asked.options if option.key == key)
        return self.sends(Inbound(tap=f"go:{start}" if start else f"{asked.id}:{key}"))

    def step(self) -> str:
        return self.was.asked.step if self.was.asked else ""

    def hears(self, turn: Turn, msgid: str) -> bool:
        said = self._flows.languages[self.was.language].gettext(msgid)
        return bool(turn.says and said in turn.says.text)

    def asks(self) -> Turn:
        """All questions up to the last, for the ride of `REQUEST`."""
        self.sends(Inbound(tap=SAID))
        for key in ("stazione", "1"):
            self.taps(key)
        return self.taps("job")


@pytest.fixture(params=LANGUAGES)
def make(flows: Engine, offers: MemoryOffers, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]  # noqa: F811
    def person(rides: Sequence[Ride] = (), taxi: Taxi | None = TAXI) -> Person:
        return Person(flows, offers, str(request.param), rides, taxi)

    return person


def test_without_a_service_there_is_the_desk(make) -> None:  # type: ignore[no-untyped-def]
    person = make(taxi=None)
    person.sends(Inbound(tap=SAID))
    assert person.was.asked.flow == "menu"
    person.sends(Inbound(tap="go:rides"))
    assert person.step() == "none"


def test_nothing_is_asked_without_a_yes(make) -> None:  # type: ignore[no-untyped-def]
    person = make()
    person.asks()
    turn = person.taps("no")
    assert person.hears(turn, "All right: no ride.") and not person.rides.mine()


def test_the_car_is_taken_in_the_last_moment(make, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """Between the last look and the writing down: what another process may do."""
    person = make()
    person.asks()
    taken = Run(1, 1, (Request(ASTI, SETTIME, REQUEST.leaves, 4),))
    real = MemoryRides._ask

    def ask(self: MemoryRides, request: Request) -> str:
        self.runs = [taken]
        return real(self, request)

    monkeypatch.setattr(MemoryRides, "_ask", ask)
    turn = person.taps("yes")
    assert person.hears(turn, "All cars are taken at that hour.") and person.step() == "instead"
    person.rides.runs = ()
    monkeypatch.setattr(MemoryRides, "_ask", lambda self, request: "broken")
    turn = person.taps(person.was.asked.options[0].key)
    assert person.step() == "sure"
    turn = person.taps("yes")
    assert person.hears(turn, "Somebody was faster: that hour is taken.")
    monkeypatch.setattr(MemoryRides, "_ask", real)
    person.taps("yes")
    assert [ride.request for ride in person.rides.mine()] == [REQUEST]


@pytest.mark.parametrize("many", [1, 10])
def test_who_has_asked_already_is_told(make, many: int) -> None:  # type: ignore[no-untyped-def]
    hours = [REQUEST.leaves + timedelta(hours=n) for n in range(0, many)]
    person = make([Ride(n, replace(REQUEST, leaves=h)) for n, h in enumerate(hours, 1)])
    person.asks()
    turn = person.taps("yes")
    says = {
        1: "You have asked for a ride at that time already.",
        10: "You have asked for many rides already. Please cancel one first.",
    }
    assert person.hears(turn, says[many])


@pytest.mark.parametrize("argument", ["job_no_such_offer", "appointment_99", "back_99", "again_x"])
def test_what_is_over_fills_nothing_in(make, argument: str) -> None:  # type: ignore[no-untyped-def]
    person = make()
    person.sends(Inbound(start=f"ride-{argument}"))
    assert person.step() == "origin"


@pytest.mark.parametrize(
    "start", ["said_x_y_z_25:61", "said_____", "said_1_2", "said_005067__.._."]
)
def test_a_link_that_somebody_made_up_does_no_harm(make, start: str) -> None:  # type: ignore[no-untyped-def]
    person = make()
    person.sends(Inbound(start=f"ride-{start}"))
    assert person.was.asked.flow == "ride"


def test_words_in_a_link_are_no_comune(make) -> None:  # type: ignore[no-untyped-def]
    """A wish is kept for two years: nobody's words may get into it."""
    person = make()
    person.sends(Inbound(start="ride-said_maria.rossi_via.roma.7_mon_9:00"))
    assert person.step() == "origin" and not person.rides.wishes


def test_each_town_where_it_drives_stands_alone(make, flows: Engine) -> None:  # type: ignore[no-untyped-def]
    person = make()
    turn = person.sends(Inbound(tap=f"go:ride-said_{MONTAFIA}_{ASTI}_11-26_9:00"))
    isolate = flows.languages[person.was.language].isolate
    assert person.step() == "elsewhere"
    assert all(isolate(town) in turn.says.text for town in ("Asti", "Monale"))


def test_a_ride_to_an_appointment_leaves_before_it(make) -> None:  # type: ignore[no-untyped-def]
    """Who has not told us where they live is asked from where, and when: hours that are of use."""
    person = make()
    person.was = Conversation(language=person.was.language)
    person.booked = [replace(OFFERED, state="booked")]
    person.sends(Inbound(tap=f"go:ride-appointment_{OFFERED.id}"))
    person.taps(MONALE)
    assert person.step() == "time"
    hours = [option.key for option in person.was.asked.options if ":" in option.key]
    assert hours and max(hours) < f"{OFFERED.starts:%H:%M}"


def test_mine(make) -> None:  # type: ignore[no-untyped-def]
    person = make([ASKED, PROPOSED])
    person.sends(Inbound(tap="go:rides"))
    person.taps("3")
    turn = person.taps("no")
    assert person.hears(turn, "All right: no ride.") and person.rides.one(3).state == "refused"
    turn = person.sends(Inbound(tap="go:rides-yes_3"))
    assert person.hears(turn, "This ride is not there any more.")
    turn = person.sends(Inbound(tap="go:rides-cancel_1"))
    assert person.hears(person.taps("no"), "Your ride stays as it is.")
    person.sends(Inbound(tap="go:rides-cancel_1"))
    assert person.hears(person.taps("yes"), "The ride is cancelled. Thank you for telling us.")
    person.sends(Inbound(tap="go:rides"))
    assert person.step() == "none"


def test_too_late_to_answer_or_to_cancel(make) -> None:  # type: ignore[no-untyped-def]
    person = make([CONFIRMED])
    turn = person.sends(Inbound(tap="go:rides-no_2"))
    assert person.hears(turn, "This ride is not there any more.")
    person.rides.now = REQUEST.leaves - timedelta(hours=1)
    person.sends(Inbound(tap="go:rides-cancel_2"))
    turn = person.taps("yes")
    assert person.hears(turn, "It is too late to cancel here. Please call now:")
    assert TAXI.phone in turn.says.text


def test_letters_fit_every_channel(flows: Engine) -> None:
    for language in LANGUAGES:
        speech, places = flows.languages[language], load_gazetteer()
        said = [
            letters.confirmed(CONFIRMED, TAXI, speech, places),
            letters.reminder(ASKED, TAXI, speech, places),
            letters.proposed(PROPOSED, REQUEST.leaves, TAXI, speech, places),
            letters.not_possible(ASKED, TAXI, speech),
        ]
        for letter in said:
            assert len(letter.text) <= 1400 and 2 <= len(letter.buttons) <= 3
            assert all(len(button.label) <= 20 for button in letter.buttons), letter.buttons
            flow = [button.tap.removeprefix("go:").partition("-")[0] for button in letter.buttons]
            assert set(flow) <= flows.flows.keys()
