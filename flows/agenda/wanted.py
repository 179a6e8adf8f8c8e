"""The day and the hour somebody named in their own words."""

from datetime import date, datetime, timedelta

from flows.agenda.rules import clock, weekday
from flows.talk import Answers

_NEAR_MINUTES = 60
_PARTS = {"morning": (0, 13), "afternoon": (12, 18), "evening": (17, 24)}
_AHEAD = {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2}


def on_that_day(day: date, named: str, today: date) -> bool:
    """Whether ``day`` is ``thu``, ``tomorrow`` or ``11-26``."""
    if named in _AHEAD:
        return day == today + timedelta(days=_AHEAD[named])
    if named == "weekend":
        return weekday(day) in ("sat", "sun")
    return named in (weekday(day), f"{day:%m-%d}")


def at_that_time(starts: datetime, answers: Answers) -> bool:
    """Whether an hour (local) is in the part of the day, or near the time, that was named."""
    named = answers.pick("at")
    if named in _PARTS:
        low, high = _PARTS[named]
        return low <= starts.hour < high
    if ":" not in named:
        return True
    wanted = clock(named.rjust(5, "0"))
    minutes = starts.hour * 60 + starts.minute - wanted.hour * 60 - wanted.minute
    return abs(minutes) <= _NEAR_MINUTES
