"""When to remind somebody of an appointment: pure, in the desk's own time."""

from datetime import datetime, time, timedelta

from flows.outreach.quiet import Quiet

_NIGHT = Quiet()
_EVENING = time(20)
_LATEST = timedelta(hours=1)
"""A reminder that would come later than this before the appointment comes the evening before."""


def is_night(local: datetime) -> bool:
    """Whether nobody is written to at this hour."""
    return _NIGHT.at(local)


def reminders(starts: datetime) -> dict[str, datetime]:
    """``day`` and ``hours``: about 24 and 2 hours before ``starts`` (local), never at night.

    A day before is the same hour on the clock, also across a change to or from summer time.
    """
    return {
        "day": _by_day(starts - timedelta(days=1), starts),
        "hours": shortly_before(starts),
    }


def shortly_before(starts: datetime) -> datetime:
    """About two hours before, never at night."""
    return _by_day(starts - timedelta(hours=2), starts)


def _by_day(wanted: datetime, starts: datetime) -> datetime:
    """``wanted`` itself by day; else when the night is over, or the evening before."""
    if not is_night(wanted):
        return wanted
    morning = _NIGHT.over(wanted)
    if morning <= starts - _LATEST:
        return morning
    return wanted.combine(morning.date() - timedelta(days=1), _EVENING, wanted.tzinfo)


def waking_hour(local: datetime) -> datetime:
    """This moment, or when the night is over."""
    return _NIGHT.over(local)
