"""Numbers in a text with what they count: rooms, euro, years, months, people, hours."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flows.understanding.lexicon import Hit

_CLOCK = re.compile(r"(\d{2}):(\d{2})")
_YOUNGEST, _OLDEST = 14, 40  # "I am 19": more is rather a price or a day
_LATE = ("afternoon", "evening")
_AFTER, _BEFORE = 2, 3  # how far a unit may stand from its number


@dataclass(frozen=True, slots=True)
class Number:
    """A number at ``tokens[at]`` and what it counts, or an empty string."""

    at: int
    value: int
    unit: str = ""


def numbers(tokens: Sequence[str], hits: Sequence[Hit]) -> list[Number]:
    """The numbers, in digits or in words, with their units."""
    values = {hit.start: int(hit.value) for hit in hits if hit.slot == "number"}
    for at, token in enumerate(tokens):
        if token.isdecimal() and len(token) <= 5:
            values[at] = int(token)
    spots = _Spots(hits)
    return [Number(at, value, spots.unit(at, value)) for at, value in sorted(values.items())]


def clock_times(tokens: Sequence[str], found: Sequence[Number], part_of_day: str = "") -> list[str]:
    """Times of day as HH:MM; "8" in the evening (``part_of_day``) is 20:00."""
    times = [token for token in tokens if _CLOCK.fullmatch(token)]
    for number in found:
        after = tokens[number.at + 1] if number.at + 1 < len(tokens) else ""
        if number.value > 24 or not (number.unit == "clock" or after in ("h", "am", "pm")):
            continue
        late = after == "pm" or (part_of_day in _LATE and after not in ("h", "am"))
        half = 12 if late and number.value < 12 else 0
        times.append(f"{(number.value + half) % 24:02d}:00")
    return times


class _Spots:
    """Where the words stand that give a number its meaning."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._by_role: dict[str, list[Hit]] = {}
        for hit in hits:
            if hit.slot == "relation":
                self._by_role.setdefault(hit.value, []).append(hit)

    def unit(self, at: int, value: int) -> str:
        """What the number at ``at`` counts."""
        for role, fits in _UNITS:
            if fits(value) and self._after(role, at):
                return role
        if 0 < value <= 24 and (self._just_before("clock", at) or self._just_after(at)):
            return "clock"
        if value >= 80 and (self._before("max", at) or self._before("euro", at)):
            return "euro"
        if value < 110 and self._just_before("years", at):
            return "years"
        if value <= 15 and self._just_before("persons", at):
            return "persons"
        if _YOUNGEST <= value < _OLDEST and self._just_before("me", at):
            return "years"
        return "rooms" if value <= 9 and self._just_before("rooms", at) else ""

    def _after(self, role: str, at: int) -> bool:
        nearest = 1 if role in ("rooms", "children", "persons") else 0
        return any(0 < hit.start - at <= 1 + nearest for hit in self._by_role.get(role, ()))

    def _just_after(self, at: int) -> bool:
        return any(hit.start == at + 1 for hit in self._by_role.get("clock_after", ()))

    def _before(self, role: str, at: int) -> bool:
        return any(0 <= at - hit.end < _BEFORE for hit in self._by_role.get(role, ()))

    def _just_before(self, role: str, at: int) -> bool:
        return any(hit.end == at for hit in self._by_role.get(role, ()))


_UNITS: tuple[tuple[str, Callable[[int], bool]], ...] = (
    ("euro", lambda value: value >= 50),
    ("months", lambda value: value <= 36),
    ("years", lambda value: value < 110),
    ("rooms", lambda value: 0 < value <= 9),
    ("persons", lambda value: 0 < value <= 15),
    ("children", lambda value: 0 < value <= 12),
)
