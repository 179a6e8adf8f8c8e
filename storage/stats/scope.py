"""Which days and which people statistics are about."""

import re
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_MOST_MONTHS = 6  # more are told by quarters
_CALENDAR = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(\d\d)))?")


@dataclass(frozen=True, slots=True)
class Scope:
    """From the ``first`` to the ``last`` local day, both counted.

    ``comune`` (ISTAT), ``language`` and ``channel`` leave out everybody else, where they are not
    empty.
    """

    first: date
    last: date
    zone: ZoneInfo
    comune: str = ""
    language: str = ""
    channel: str = ""

    @property
    def starts(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), self.zone)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    @property
    def narrowed(self) -> bool:
        """Whether it leaves people out."""
        return bool(self.comune or self.language or self.channel)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {name: str(value) for name, value in asdict(self).items()}


def calendar_period(text: str) -> tuple[date, date] | None:
    """First and last day of ``2026``, ``2026-Q3`` or ``2026-09``; None of anything else."""
    found = _CALENDAR.fullmatch(text)
    if not found or not 1970 <= int(found[1]) <= 9000:
        return None
    year = int(found[1])
    first, months = 1, 12
    if found[2]:
        first, months = int(found[2]) * 3 - 2, 3
    elif found[3]:
        first, months = int(found[3]), 1
    if not 1 <= first <= 12:
        return None
    return date(year, first, 1), _end(year, first + months - 1)


def _end(year: int, month: int) -> date:
    """The last day of a month."""
    after = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return after - timedelta(days=1)


def parts_of_calendar(scope: Scope) -> dict[str, Scope]:
    """The months that the days touch, or the quarters of what is longer than two; each cut to the
    days. By their names, ``2026-09`` or ``2026-Q3``.
    """
    months = (scope.last.year - scope.first.year) * 12 + scope.last.month - scope.first.month + 1
    found, day = {}, scope.first
    while day <= scope.last:
        name, month = f"{day.year}-{day.month:02}", day.month
        if months > _MOST_MONTHS:
            quarter = (day.month + 2) // 3
            name, month = f"{day.year}-Q{quarter}", quarter * 3
        last = min(_end(day.year, month), scope.last)
        found[name] = replace(scope, first=day, last=last)
        day = last + timedelta(days=1)
    return found


def is_calendar(first: date, last: date) -> bool:
    """Whether these days are a whole month, quarter or year."""
    quarter = (first.month + 2) // 3
    names = (f"{first.year}", f"{first.year}-Q{quarter}", f"{first.year}-{first.month:02}")
    return (first, last) in [calendar_period(name) for name in names]
