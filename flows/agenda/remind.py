"""When to remind somebody of an appointment: pure, in the desk's own time."""

from datetime import datetime, time, timedelta

QUIET_FROM, QUIET_UNTIL = time(21), time(8)
_EVENING = time(20)
_LATEST = timedelta(hours=1)
"""A reminder that would come later than this before the appointment comes the evening before."""


def is_night(local: datetime) -> bool:
    """Whether nobody is written to at this hour."""
    return not QUIET_UNTIL <= local.time() < QUIET_FROM


def reminders(starts: datetime) -> dict[str, datetime]:
    """``day`` and ``hours``: about 24 and 2 hours before ``starts`` (local), never at night.

    A day before is the same hour on the clock, also across a change to or from summer time.
    """
    return {
        "day": _by_day(starts - timedelta(days=1), starts),
        "hours": _by_day(starts - timedelta(hours=2), starts),
    }


def _by_day(wanted: datetime, starts: datetime) -> datetime:
    """``wanted`` itself by day; else when the night is over, or the evening before."""
    if not is_night(wanted):
        return wanted
    day = wanted.date() + timedelta(days=wanted.time() >= QUIET_FROM)
    morning = wanted.combine(day, QUIET_UNTIL, wanted.tzinfo)
    if morning <= starts - _LATEST:
        return morning
    return wanted.combine(day - timedelta(days=1), _EVENING, wanted.tzinfo)


def waking_hour(local: datetime) -> datetime:
    """This moment, or when the night is over."""
    if not is_night(local):
        return local
    day = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    return local.combine(day, QUIET_UNTIL, local.tzinfo)
