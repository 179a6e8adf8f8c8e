"""When nobody is written to unasked: pure, in the desk's own time."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Quiet:
    """Every day from ``begins`` to ``ends``, over midnight where ``ends`` is earlier.

    ``days`` are quiet from morning to night: ``2027-03-28`` is that day, ``12-25`` every year's.
    """

    begins: time = time(21)
    ends: time = time(8)
    days: frozenset[str] = frozenset()

    def at(self, local: datetime) -> bool:
        """Whether it is quiet then."""
        now = local.time()
        if self.begins <= self.ends:
            night = self.begins <= now < self.ends
        else:
            night = now >= self.begins or now < self.ends
        return night or self._day(local.date())

    def over(self, local: datetime) -> datetime:
        """This moment, or when the quiet that it falls into is over."""
        for _ in range(_MOST_DAYS):
            if not self.at(local):
                return local
            day = local.date()
            tomorrow = self._day(day) or (self.begins > self.ends and local.time() >= self.begins)
            # in the hour that the clock passes twice, the one that is still to come
            fold = 0 if tomorrow else local.fold
            day += timedelta(days=tomorrow)
            local = local.combine(day, self.ends, local.tzinfo).replace(fold=fold)
        return local

    def _day(self, day: date) -> bool:
        if not self.days:
            return False
        return f"{day:%Y-%m-%d}" in self.days or f"{day:%m-%d}" in self.days


def parse_days(text: str) -> frozenset[str]:
    """``12-25, 2027-03-28`` as `Quiet.days`. Raises ValueError."""
    return frozenset(map(_day, filter(None, text.replace(",", " ").split())))


def _day(text: str) -> str:
    year = "" if len(text) == len("2027-03-28") else "2028-"  # a leap year: 02-29 may be meant
    return f"{date.fromisoformat(year + text)}".removeprefix(year)
