"""What somebody has said of the ride they ask for, so far."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from flows.agenda.card import hour
from flows.agenda.wanted import on_that_day
from flows.rides.possible import Verdict, broken_ends, hours_on
from flows.rides.rules import Request, Taxi
from flows.talk import Talk

OTHER = "other"
"""The option for a day or an hour that is not in the list."""

_LOOK_AHEAD = 60


def taxi_of(talk: Talk) -> Taxi:
    """The service; the flow's first step has made sure that there is one."""
    taxi = talk.desk.rides.taxi()
    assert taxi is not None, "see above"
    return taxi


def is_asked(talk: Talk) -> bool:
    """Whether the operators have the request."""
    return talk.answers.pick("asked").isdecimal()


def ends(talk: Talk) -> tuple[str, str]:
    """From where to where."""
    return talk.answers.pick("origin"), talk.answers.pick("destination")


def chosen_day(talk: Talk) -> date | None:
    """The day they picked, or the first like the one they named, whether anybody drives or not."""
    picked = talk.answers.pick("any_day") or talk.answers.pick("day")
    if picked and picked != OTHER:
        return date.fromisoformat(picked)
    if picked or not (on := talk.answers.pick("on")):
        return None
    days = (talk.today + timedelta(days=n) for n in range(_LOOK_AHEAD))
    return next((day for day in days if on_that_day(day, on, talk.today)), None)


def chosen_time(talk: Talk) -> str:
    """HH:MM, or an empty string."""
    picked = talk.answers.pick("any_time") or talk.answers.pick("time")
    if picked:
        return picked if picked != OTHER else ""
    at = talk.answers.pick("at")
    return at.rjust(5, "0") if ":" in at else ""


def day_missing(talk: Talk) -> bool:
    """Whether the day has to be asked, from the list of days on which it drives."""
    return chosen_day(talk) is None and talk.answers.pick("day") != OTHER


def time_missing(talk: Talk) -> bool:
    """The same for the hour."""
    return not chosen_time(talk) and talk.answers.pick("time") != OTHER


def hours_that_day(talk: Talk) -> list[str]:
    """The hours at which it drives on the chosen day; on a day without any, on another.

    On the way back only those after the way there, to an appointment only those before it.
    """
    zone, chosen = talk.desk.rides.zone, chosen_day(talk) or talk.today
    days = [chosen, *talk.desk.rides.days()[:1]]
    found = (hours_on(taxi_of(talk), day, zone) for day in days)
    hours = [hour(at) for at in next((some for some in found if some), [])]
    after, before = talk.answers.pick("after"), talk.answers.pick("before") or "24:00"
    return [at for at in hours if after < at < before] or hours


def leaves_at(talk: Talk) -> datetime | None:
    """When, in local time; a moment that was offered instead counts."""
    instead = talk.answers.pick("instead")
    if "T" in instead:
        return datetime.fromisoformat(instead).replace(tzinfo=talk.desk.rides.zone)
    day, at = chosen_day(talk), chosen_time(talk)
    if day is None or not at:
        return None
    return datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=talk.desk.rides.zone)


def how_many(talk: Talk) -> int:
    """People, whoever writes among them."""
    return int(talk.answers.pick("people") or 1)


def request_of(talk: Talk) -> Request | None:
    """All of it, as soon as it is known when."""
    leaves = leaves_at(talk)
    if leaves is None:
        return None
    pick = talk.answers.pick
    seats = int(pick("child_seats") or 0)
    points = pick("origin_point"), pick("destination_point")
    return Request(*ends(talk), leaves, how_many(talk), seats, *points, pick("purpose") or "other")


def broken_area(talk: Talk) -> str:
    """What the two ends alone break (`flows.rides.possible.broken_ends`), once both are known."""
    taxi, both = talk.desk.rides.taxi(), ends(talk)
    return broken_ends(taxi, *both) if taxi and all(both) else ""


def out_of_area(talk: Talk) -> bool:
    """Whether it cannot be, whatever the hour."""
    return bool(broken_area(talk))


def moment_verdict(talk: Talk) -> Verdict:
    """Whether the hour is possible, as soon as it is known, for no more than a full car."""
    taxi, request = talk.desk.rides.taxi(), request_of(talk)
    if taxi is None or request is None or is_asked(talk) or broken_area(talk):
        return Verdict()
    people = min(request.people, taxi.seats)
    seats = min(request.child_seats, taxi.child_seats)
    return talk.desk.rides.judge(replace(request, people=people, child_seats=seats))


def broken_moment(talk: Talk) -> bool:
    """Whether a rule stands in the way of that hour."""
    return bool(moment_verdict(talk).broken)


def broken_room(talk: Talk) -> str:
    """``people`` or ``child_seats``, when there are not so many in a car; else empty."""
    taxi, request = talk.desk.rides.taxi(), request_of(talk)
    if taxi is None or request is None:
        return ""
    if request.people > taxi.seats:
        return "people"
    return "child_seats" if request.child_seats > taxi.child_seats else ""
