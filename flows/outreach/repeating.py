"""When a broadcast repeats: five fields as in cron, on the clock of the desk. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from flows.hours import WEEK

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_PART = re.compile(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")
_DAYS_BACK = 366 * 5  # 29 February comes every four years


@dataclass(frozen=True, slots=True)
class Repeating:
    """``minute hour day month weekday``; where day and weekday are both given, either is enough."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Repeating":
        """``0 9 * * mon``, ``30 10 1,15 * *``. Raises ValueError that says what is wrong."""
        parts = text.lower().split()
        if len(parts) != len(_FIELDS):
            raise ValueError("five fields: minute hour day month weekday, such as 0 9 * * mon")
        for number, name in enumerate(WEEK, start=1):
            parts[4] = parts[4].replace(name, str(number))
        found = [_values(part, *limits) for part, limits in zip(parts, _FIELDS, strict=True)]
        minutes, hours, days, months, weekdays = found
        return cls(minutes, hours, days, months, frozenset(day % 7 for day in weekdays))

    def last(self, now: datetime, zone: tzinfo) -> datetime | None:
        """The latest of its moments that is not after ``now``; None when there is none.

        An hour that the clock skips is the hour after it, one that it passes twice is the first.
        """
        now, today = now.astimezone(UTC), now.astimezone(zone).date()
        for back in range(_DAYS_BACK):
            on_day = self._on(today - timedelta(days=back), zone)
            if past := [moment for moment in on_day if moment <= now]:
                return past[-1]
        return None

    def next(self, now: datetime, zone: tzinfo) -> datetime | None:
        """The first of its moments after ``now``; None when there is none."""
        now, today = now.astimezone(UTC), now.astimezone(zone).date()
        for ahead in range(_DAYS_BACK):
            on_day = self._on(today + timedelta(days=ahead), zone)
            if later := [moment for moment in on_day if moment > now]:
                return later[0]
        return None

    def _on(self, day: date, zone: tzinfo) -> list[datetime]:
        if not self._holds(day):
            return []
        return [
            datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
            for hour in sorted(self.hours)
            for minute in sorted(self.minutes)
        ]

    def _holds(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        all_days, all_week = len(self.days) == 31, len(self.weekdays) == 7
        either = (in_month or in_week) if not (all_days or all_week) else (in_month and in_week)
        return day.month in self.months and either


def _values(text: str, name: str, low: int, high: int) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _part(part, name, low, high))


def _part(text: str, name: str, low: int, high: int) -> Iterator[int]:
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(f"{name}: {text!r} is not *, a number, a range or a step")
    whole, first, last, step = match.groups()
    begins = low if whole == "*" else int(first)
    ends = high if whole == "*" or (step and not last) else int(last or first)
    if not low <= begins <= ends <= high or step == "0":
        raise ValueError(f"{name}: {text!r} is not between {low} and {high}")
    return iter(range(begins, ends + 1, int(step or 1)))
