"""Finding a comune by what was typed or by a shared location."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt

from rapidfuzz import fuzz, process

from flows.folding import fold
from flows.messages import Position

SURE, LIKELY, FAR_KM = 92.0, 74.0, 40.0


@dataclass(frozen=True, slots=True)
class Place:
    """A comune: its ISTAT code, official name and where its town lies."""

    istat: str
    name: str
    position: Position
    aliases: tuple[str, ...] = ()


def distance_km(a: Position, b: Position) -> float:
    """Great-circle distance (haversine, a sphere of 6,371 km)."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))


class Gazetteer:
    """The comuni we know, found by code, by name or by position."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._by_istat = {place.istat: place for place in places}
        aliases = {fold(a): place for place in self._by_istat.values() for a in place.aliases}
        self._by_name = aliases | {fold(p.name): p for p in self._by_istat.values()}

    def __iter__(self) -> Iterator[Place]:
        return iter(self._by_istat.values())

    def names(self) -> Mapping[str, Place]:
        """Every folded name and alias, with what it names."""
        return self._by_name

    def get(self, istat: str) -> Place | None:
        """The comune with this ISTAT code."""
        return self._by_istat.get(istat)

    def nearest(self, here: Position) -> Place | None:
        """The comune whose town is nearest, or None when all are over 40 km away."""
        best = min(
            self._by_istat.values(),
            key=lambda place: distance_km(here, place.position),
            default=None,
        )
        if best is None or distance_km(here, best.position) > FAR_KM:
            return None
        return best

    @cache  # noqa: B019 the one gazetteer lives as long as the program
    def around(self, istat: str) -> tuple[str, ...]:
        """The codes of all comuni, the nearest to this one first; none when it is not known."""
        home = self._by_istat.get(istat)
        if home is None:
            return ()
        return tuple(
            sorted(
                self._by_istat,
                key=lambda code: distance_km(home.position, self._by_istat[code].position),
            )
        )

    def named(self, typed: str) -> Place | None:
        """The comune with exactly this name or alias."""
        return self._by_name.get(fold(typed))

    def find(self, typed: str, limit: int = 5) -> Place | list[Place]:
        """The comune that was meant beyond doubt, or those that may be meant, best first."""
        if exact := self.named(typed):
            return exact
        wanted = fold(typed)
        if len(wanted) < 3:
            return []
        scored: dict[str, tuple[float, Place]] = {}
        likely = process.extract(wanted, self._by_name.keys(), scorer=_likeness, limit=20)
        for name, score, _ in likely:
            place = self._by_name[name]
            if score >= LIKELY and score > scored.get(place.istat, (0.0, place))[0]:
                scored[place.istat] = (score, place)
        ranked = sorted(scored.values(), key=lambda pair: -pair[0])[:limit]
        clear = len(ranked) == 1 or (ranked and ranked[0][0] - ranked[1][0] > 8)
        if clear and ranked[0][0] >= SURE:
            return ranked[0][1]
        return [place for _, place in ranked]


def _likeness(a: str, b: str, **_: object) -> float:
    whole = fuzz.ratio(a, b)
    return max(whole, 0.95 * fuzz.token_sort_ratio(a, b), 0.93 * _starts(a, b))


def _starts(typed: str, name: str) -> float:
    """How well ``typed`` matches the beginning of a longer name (``castelnuovo``)."""
    return fuzz.ratio(typed, name[: len(typed)]) if len(typed) >= 5 else 0.0
