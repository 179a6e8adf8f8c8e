"""What an appointment, a job, an earlier ride or a question says of a ride: it is not asked again.

A start names it (``ride-appointment_7``), so that the button works at any time.
"""

import re
from datetime import datetime, timedelta

from flows.agenda.port import Appointment
from flows.bundle import minutes_between
from flows.desk import Listing
from flows.numbers import is_number
from flows.rides.rules import Request, Taxi, on_the_quarter
from flows.talk import Answers, Talk, Value
from flows.understanding.fitting import place_named

ABOUT = ("back", "again", "appointment", "job", "home")
_ENDS = ("origin", "destination")
_COMUNE = re.compile(r"\d{6}", re.ASCII)
_AT = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d$")
_EARLY = timedelta(minutes=10)


def begin(argument: str, profile: Answers) -> Answers:
    """``ride``, ``ride-back_12``, ``ride-job_<offer>`` or ``ride-said_<origin>_<to>_<on>_<at>``."""
    about, _, which = argument.partition("_")
    if about in ABOUT and which:
        return Answers(about=about, which=which)
    if about == "said" and which.count("_") == 3:
        origin, to, on, at = (value.replace(".", "_") for value in which.split("_"))
        ends = (end if _COMUNE.fullmatch(end) else "" for end in (origin, to))
        known = dict(zip(_ENDS, ends, strict=True)) | {"on": on, "at": at if _AT.match(at) else ""}
        return Answers({name: value for name, value in known.items() if value})
    return Answers()


def start_said(talk: Talk) -> str:
    """The start that knows what a question said (`flows.understanding.slots`)."""
    ends = (place_named(talk.answers.get(name), talk.desk.places) for name in _ENDS)
    on = talk.answers.pick("date") or talk.answers.pick("day")
    said = [*(end.istat if end else "" for end in ends), on, talk.answers.pick("time")]
    return "_".join(["ride-said", *(value.replace("_", ".") for value in said)])


def could_drive_to(talk: Talk, istat: str) -> bool:
    """Whether the social taxi is there, and drives to that comune."""
    taxi = talk.desk.rides.taxi()
    return taxi is not None and istat in taxi.points


def filled(talk: Talk) -> dict[str, Value]:
    """What ``about`` and ``which`` tell, by step; nothing when that is over."""
    about, which = talk.answers.pick("about"), talk.answers.pick("which")
    taxi = talk.desk.rides.taxi()
    if taxi is None:
        return {}
    if about in ("job", "home"):
        job = talk.desk.listing(which, talk.speech.code)
        found = _of_job(job, talk, home=about == "home") if job else {}
    elif about == "appointment":
        mine = (one for one in talk.desk.agenda.mine() if str(one.id) == which)
        one = next(mine, None)
        found = _of_appointment(one, talk) if one else {}
    else:
        ride = talk.desk.rides.one(int(which)) if is_number(which) else None
        found = _of_ride(ride.request, back=about == "back") if ride else {}
    return {name: value for name, value in found.items() if value}


def _of_ride(old: Request, *, back: bool) -> dict[str, Value]:
    """The same once more, or the way back on the same day; the time is asked."""
    names = ("origin", "destination", "origin_point", "destination_point")
    ends = [getattr(old, name) for name in names]
    if back:
        ends = [ends[1], ends[0], ends[3], ends[2]]
    known: dict[str, Value] = dict(zip(names, ends, strict=True))
    known |= {"people": str(old.people), "child_seats": str(old.child_seats)}
    if back:
        known |= {"day": old.leaves.date().isoformat(), "after": f"{old.leaves:%H:%M}"}
    return {**known, "purpose": old.purpose}


def _of_appointment(one: Appointment, talk: Talk) -> dict[str, Value]:
    """To be there a little before; from home, when we know where that is and it is in the area."""
    home, to = _home(talk), one.place.comune
    known: dict[str, Value] = {
        "origin": home,
        "destination": to,
        "day": one.starts.date().isoformat(),
        "purpose": "appointment",
    }
    if not home or home == to:
        return {**known, "origin": "", "before": f"{one.starts:%H:%M}"}
    way = minutes_between(home, to, talk.desk.places)
    return {**known, "time": _clock(one.starts - timedelta(minutes=way) - _EARLY)}


def _of_job(job: Listing, talk: Talk, *, home: bool) -> dict[str, Value]:
    """To the shift or home from it; the day is asked."""
    ends = [_home(talk), job.comune]
    shift = next((h for h in job.details.get("hours", ()) if h.start and h.end), None)
    at = ""
    if shift and home:
        at = shift.end
    elif shift and ends[0]:
        way = minutes_between(ends[0], job.comune, talk.desk.places)
        at = _clock(datetime.fromisoformat(f"2000-01-01T{shift.start}") - timedelta(minutes=way))
    origin, destination = reversed(ends) if home else ends
    return {"origin": origin, "destination": destination, "time": at, "purpose": "job"}


def _home(talk: Talk) -> str:
    home = talk.profile.pick("comune")
    taxi: Taxi | None = talk.desk.rides.taxi()
    return home if taxi and home in taxi.points else ""


def _clock(at: datetime) -> str:
    return f"{on_the_quarter(at):%H:%M}"
