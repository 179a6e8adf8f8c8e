"""Days and times of the week: when a shift, a bus or an office is."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

PARTS = ("early", "morning", "afternoon", "evening", "night", "weekend")
"""Of the week, for counting what is asked and offered when."""
_PART_OF = (
    *["night"] * 5,
    *["early"] * 2,
    *["morning"] * 5,
    *["afternoon"] * 6,
    *["evening"] * 4,
    *["night"] * 2,
)  # by the hour
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_SPAN = re.compile(rf"({_CLOCK})(?:-({_CLOCK}))?")


@dataclass(frozen=True, slots=True)
class Hours:
    """On ``days`` (of `WEEK`; none: no day is named) from ``start`` to ``end``, as HH:MM.

    ``end`` is empty where only a start is known; an ``end`` before ``start`` is on the next day.
    """

    days: tuple[str, ...] = ()
    start: str = ""
    end: str = ""

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """``mon-fri 08:00-12:00``, ``sat,sun 9:00``, ``tue`` or ``18:00-23:00``. ValueError."""
        days: tuple[str, ...] = ()
        start = end = ""
        for word in text.lower().split():
            if match := _SPAN.fullmatch(word):
                start, end = (clock.rjust(5, "0") if clock else "" for clock in match.groups())
            elif days or start:
                raise ValueError(text)
            else:
                days = _days(word)
        if not days and not start:
            raise ValueError(text)
        return cls(days, start, end)

    def __str__(self) -> str:
        span = f"{self.start}-{self.end}" if self.end else self.start
        return " ".join(part for part in (_spelled(self.days), span) if part)


def part_at(clock: str) -> str:
    """The part of the day at a time, HH:MM."""
    return _PART_OF[int(clock.split(":", maxsplit=1)[0])]


def parts_of(hours: Hours) -> tuple[str, ...]:
    """The parts of the week in which it is for at least an hour; else the one it begins in."""
    found = {part_at(hours.start)} if hours.start else set()
    if hours.end:
        first, last = _minutes(hours.start), _minutes(hours.end)
        last += 24 * 60 if last <= first else 0
        lengths = Counter(_PART_OF[minute // 60 % 24] for minute in range(first, last))
        found = {part for part, minutes in lengths.items() if minutes >= 60} or found
    weekend = {"weekend"} if {"sat", "sun"} & set(hours.days) else set()
    return tuple(part for part in PARTS if part in found | weekend)


def parse_hours(text: str) -> tuple[Hours, ...]:
    """Several, separated by ``;``. Raises ValueError."""
    return tuple(Hours.parse(part) for part in text.split(";") if part.strip())


def spell_hours(hours: Iterable[Hours]) -> str:
    """What `parse_hours` reads."""
    return "; ".join(map(str, hours))


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _days(word: str) -> tuple[str, ...]:
    found: list[str] = []
    for part in word.split(","):
        first, _, last = part.partition("-")
        low, high = WEEK.index(first), WEEK.index(last or first)
        if high < low:
            raise ValueError(word)
        found += WEEK[low : high + 1]
    return tuple(day for day in WEEK if day in found)


def _spelled(days: tuple[str, ...]) -> str:
    at = [WEEK.index(day) for day in days]
    if len(at) > 2 and at == list(range(at[0], at[-1] + 1)):
        return f"{days[0]}-{days[-1]}"
    return ",".join(days)
