"""Asking for a ride with the social taxi; what is not possible is said, with what is."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flows.agenda.card import moment
from flows.desk_card import desk_card
from flows.flow import Flow
from flows.labels import ride_purposes, yes_no
from flows.messages import Option
from flows.moves import Do, End, Forget, Move, Start, choices, pick, place
from flows.rides import said
from flows.rides.card import call, card, otherwise
from flows.rides.known import begin, filled
from flows.rides.port import AskRide, NoteWish
from flows.rides.why_not import why_not
from flows.talk import Talk

_MOST_DAYS, _ELSE_DAYS, _LOOK_AHEAD = 20, 10, 60
_FROM_HERE = ("noted", "instead", "asked", "sure")

_NO_FORM = ("", "menu", "browse", "take", "answer", "appointment", "appointments", "privacy")

ride = Flow("ride", digression=True, begin=begin)


@ride.step(when=lambda talk: talk.desk.rides.taxi() is None)
def no_service(talk: Talk) -> Move:
    """There is no social taxi here."""
    return End(desk_card(talk))


@ride.step(when=lambda talk: bool(talk.answers.pick("about")))
def known(talk: Talk) -> Move:
    """What an appointment, a job or another ride says already."""
    return Start("ride", filled(talk))


@ride.step(when=lambda talk: talk.answers.pick("asked") == "broken")
def lost(talk: Talk) -> Move:
    """A car was taken meanwhile: before anything else, so that what is possible now is shown."""
    _ = talk.gettext
    if "T" in talk.answers.pick("instead"):  # the moment that was offered is gone as well
        return Forget(_FROM_HERE, _("Somebody was faster: that hour is taken."))
    return Forget(_FROM_HERE)


@ride.step()
def origin(talk: Talk) -> Move:
    """Any comune may be said: where nobody drives yet is worth knowing."""
    _ = talk.gettext
    return place(_("🚕 Where do you start?"), _area(talk, first=talk.profile.pick("comune")))


@ride.step()
def destination(talk: Talk) -> Move:
    """The same."""
    _ = talk.gettext
    options = [o for o in _area(talk) if o.key != talk.answers.pick("origin")]
    return place(_("📍 Where do you want to go?"), options)


def _area(talk: Talk, first: str = "") -> list[Option]:
    places = [p for istat in said.taxi_of(talk).points if (p := talk.desk.places.get(istat))]
    places.sort(key=lambda p: p.istat != first)
    return [Option(p.istat, talk.speech.isolate(p.name)) for p in places]


@ride.step(when=said.out_of_area)
def noted_area(talk: Talk) -> Move:
    """A wish that could not be met: it shows where a ride is missing."""
    return Do(NoteWish(*said.ends(talk), said.broken_area(talk), said.leaves_at(talk)))


@ride.step(when=said.out_of_area)
def elsewhere(talk: Talk) -> Move:
    """Where it drives, and what else there is."""
    _ = talk.gettext
    options = [
        Option("ends", _("📍 Another place")),
        *otherwise(talk.speech),
    ]
    return pick(why_not(said.broken_area(talk), said.taxi_of(talk), talk), options)


@ride.step(when=said.out_of_area)
def other_ends(talk: Talk) -> Move:
    """Asked again."""
    return Forget(("origin", "destination", "noted_area", "elsewhere"))


def _points(talk: Talk, end: str) -> list[Option]:
    taxi = talk.desk.rides.taxi()
    points = taxi.points.get(talk.answers.pick(end), ()) if taxi else ()
    return [Option(point.id, talk.speech.isolate(point.name)) for point in points]


@ride.step(when=lambda talk: len(_points(talk, "origin")) > 1)
def origin_point(talk: Talk) -> Move:
    """Known places only: nobody's address is asked."""
    _ = talk.gettext
    return pick(_("🚕 Where does the car pick you up?"), _points(talk, "origin"))


@ride.step(when=lambda talk: len(_points(talk, "destination")) > 1)
def destination_point(talk: Talk) -> Move:
    """The same."""
    _ = talk.gettext
    return pick(_("📍 Where do you get off?"), _points(talk, "destination"))


@ride.step(when=said.day_missing)
def day(talk: Talk) -> Move:
    """Days on which it drives; another may be said, and counts as a wish."""
    _ = talk.gettext
    other = Option(said.OTHER, _("📅 Another day"))
    return pick(
        _("On which day?"),
        [*_days(talk.desk.rides.days()[:_MOST_DAYS], talk), other],
    )


@ride.step(when=lambda talk: talk.answers.pick("day") == said.OTHER)
def any_day(talk: Talk) -> Move:
    """Days that are too near, or on which nobody drives."""
    _ = talk.gettext
    open_ = set(talk.desk.rides.days())
    days = [talk.today + timedelta(days=n) for n in range(_LOOK_AHEAD)]
    return pick(_("On which day?"), _days([d for d in days if d not in open_][:_ELSE_DAYS], talk))


def _days(days: Sequence[date], talk: Talk) -> list[Option]:
    return [Option(one.isoformat(), talk.speech.short_date(one)) for one in days]


@ride.step(when=said.time_missing)
def time(talk: Talk) -> Move:
    """When the car should come."""
    _ = talk.gettext
    # Translators: 20 characters at most.
    other = Option(said.OTHER, _("🌙 Earlier or later"))
    return pick(
        _when_text(talk),
        [*(Option(at, at) for at in said.hours_that_day(talk)), other],
        page_size=9,
    )


def _when_text(talk: Talk) -> str:
    _ = talk.gettext
    text = _("At what time should the car come, on {day}?")
    return talk.fill(text, day=talk.speech.date(said.chosen_day(talk) or talk.today))


@ride.step(when=lambda talk: talk.answers.pick("time") == said.OTHER)
def any_time(talk: Talk) -> Move:
    """Full hours at which it does not drive: that, too, is a wish that counts."""
    _ = talk.gettext
    drives = {at[:2] for at in said.hours_that_day(talk)}
    hours = [f"{n:02}:00" for n in range(24) if f"{n:02}" not in drives]
    return pick(_when_text(talk), [Option(at, at) for at in hours], page_size=9)


@ride.step(when=said.broken_moment)
def noted(talk: Talk) -> Move:
    """A wish that could not be met: it shows which ride is missing."""
    why = said.moment_verdict(talk).broken
    return Do(NoteWish(*said.ends(talk), why, said.leaves_at(talk), said.how_many(talk)))


@ride.step(when=said.broken_moment)
def instead(talk: Talk) -> Move:
    """Which rule the hour breaks, and which hours are possible."""
    _ = talk.gettext
    verdict = said.moment_verdict(talk)
    why = why_not(verdict.broken, said.taxi_of(talk), talk)
    near = [_moment(at, talk) for at in verdict.instead]
    options = [
        *near,
        Option("day", _("📅 Another day")),
        *otherwise(talk.speech),
    ]
    return pick("\n".join([why, _("These hours are the nearest:")] if near else [why]), options)


def _moment(at: datetime, talk: Talk) -> Option:
    day = talk.speech.date(at.date())
    return Option(f"{at:%Y-%m-%dT%H:%M}", moment(at, talk.speech), day)


@ride.step(when=lambda talk: talk.answers.pick("instead") == "day")
def another_day(talk: Talk) -> Move:
    """The day and the hour are asked again."""
    return Forget(("on", "at", "day", "any_day", "time", "any_time", *_FROM_HERE))


@ride.step()
def people(talk: Talk) -> Move:
    """One tap; more than there are seats is a wish that counts, too."""
    _ = talk.gettext
    seats = said.taxi_of(talk).seats
    options = [Option(str(n), str(n)) for n in range(1, seats + 1)]
    more = Option(str(seats + 1), talk.fill(_("{n} or more"), n=seats + 1))
    return pick(_("How many people travel, you too?"), [*options, more])


@ride.step(when=lambda talk: said.how_many(talk) > 1)
def child_seats(talk: Talk) -> Move:
    """The car brings what it has."""
    _ = talk.gettext
    options = [Option("0", _("❌ No")), Option("1", "1"), Option("2", "2")]
    return pick(_("🧸 Do you need child seats?"), options)


@ride.step(when=lambda talk: bool(said.broken_room(talk)))
def noted_room(talk: Talk) -> Move:
    """The same: a larger car may be missing."""
    why = said.broken_room(talk)
    return Do(NoteWish(*said.ends(talk), why, said.leaves_at(talk), said.how_many(talk)))


@ride.step(when=lambda talk: bool(said.broken_room(talk)))
def too_many(talk: Talk) -> Move:
    """How many there is room for."""
    _ = talk.gettext
    options = [
        # Translators: 20 characters at most.
        Option("people", _("✏️ Fewer people")),
        *otherwise(talk.speech),
    ]
    return pick(why_not(said.broken_room(talk), said.taxi_of(talk), talk), options)


@ride.step(when=lambda talk: bool(said.broken_room(talk)))
def fewer(talk: Talk) -> Move:
    """How many is asked again."""
    return Forget(("people", "child_seats", "noted_room", "too_many"))


@ride.step()
def purpose(talk: Talk) -> Move:
    """Four words and no more: nobody has to say that they are ill."""
    _ = talk.gettext
    return pick(_("What is the ride for?"), choices(ride_purposes(_)))


@ride.step(when=lambda talk: not said.is_asked(talk))
def sure(talk: Talk) -> Move:
    """All of it once more, with the price, before anybody is asked."""
    _ = talk.gettext
    request = said.request_of(talk)
    assert request is not None, "every question before has its answer"
    about = card(request, said.taxi_of(talk), talk.speech, talk.desk.places)
    return pick("\n\n".join([about, _("Shall I ask for this ride?")]), choices(yes_no(_)))


@ride.step(when=lambda talk: talk.answers.pick("sure") == "no")
def not_asked(talk: Talk) -> Move:
    """Nothing was done."""
    _ = talk.gettext
    return End(_("All right: no ride."))


@ride.step()
def asked(talk: Talk) -> Move:
    """In this turn's transaction; a car may have been taken meanwhile."""
    request = said.request_of(talk)
    assert request is not None, "every question before has its answer"
    return Do(AskRide(request))


@ride.step(when=lambda talk: not said.is_asked(talk))
def not_possible(talk: Talk) -> Move:
    """They have asked already, or for many."""
    _ = talk.gettext
    if talk.answers.pick("asked") == "twice":
        return End(_("You have asked for a ride at that time already."))
    return End(_("You have asked for many rides already. Please cancel one first."))


@ride.step()
def then(talk: Talk) -> Move:
    """Who answers, and what most people need next."""
    _ = talk.gettext
    number = talk.answers.pick("asked")
    # Translators: the three buttons have 20 characters at most.
    text = _("✅ The desk has your request. I write to you as soon as there is an answer.")
    if talk.waiting not in _NO_FORM:
        return End(text)
    options = [
        Option("back", _("🔁 The way back"), start=f"ride-back_{number}"),
        Option("mine", _("🚕 My rides"), start="rides"),
        Option("menu", _("☰ All I can do"), start="menu"),
    ]
    return pick("\n".join([text, call(said.taxi_of(talk), talk.speech)]), options)
