"""Whom a broadcast is for."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from flows.places import Gazetteer, distance_km
from flows.talk import Answers


@dataclass(frozen=True, slots=True)
class Way:
    """An address of a person, and when they last wrote there; ``open``: they can be reached."""

    channel: str
    address: str
    open: bool
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact as a broadcast sees them.

    ``agreed`` to messages about new offers; ``ways``: where they wrote last comes first;
    ``lately``: how many messages they got unasked in the last seven days.
    """

    id: int
    language: str
    alerts: str
    agreed: bool
    ways: tuple[Way, ...]
    lately: int = 0
    profile: Answers = field(default_factory=Answers)
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Audience:
    """Who fits every part that is not empty; within a part one of its values is enough.

    ``comuni`` are ISTAT codes, ``km`` how far from one of them a person may live; ``seen_days``:
    who wrote within so many days.
    """

    languages: tuple[str, ...] = ()
    comuni: tuple[str, ...] = ()
    km: int = 0
    needs: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    situations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    seen_days: int = 0

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Audience":
        """What `to_json` wrote, by this release or an earlier one."""
        known = {f.name: row[f.name] for f in fields(cls) if f.name in row}
        parts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in known.items()
        }
        return cls(**parts)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types, without what is empty."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in parts.items() if v}

    def around(self, places: Gazetteer) -> "Audience":
        """The same with every comune that is near enough named."""
        centres = [place for code in self.comuni if (place := places.get(code))]
        within = (
            place.istat
            for place in places
            if any(distance_km(place.position, centre.position) <= self.km for centre in centres)
        )
        return replace(self, comuni=tuple({*self.comuni, *within}), km=0)

    def admits(self, person: Recipient, now: datetime) -> bool:
        """Whether the person belongs to it; ``km`` counts only after `around`."""
        profile = person.profile
        return (
            _any(self.languages, (person.language,))
            and _any(self.comuni, (profile.pick("comune"),))
            and _any(self.needs, profile.many("needs"))
            and _any(self.sectors, profile.many("sectors"))
            and _any(self.ages, (profile.pick("age"),))
            and _any(self.situations, (profile.pick("situation"),))
            and _any(self.tags, person.tags)
            and (not self.seen_days or self._seen(person, now))
        )

    def _seen(self, person: Recipient, now: datetime) -> bool:
        since = now - timedelta(days=self.seen_days)
        return any(way.heard_at >= since for way in person.ways)


def _any(wanted: tuple[str, ...], has: Iterable[str]) -> bool:
    return not wanted or any(one in wanted for one in has)


def admitted(
    person: Recipient, narrowed: Audience, segments: tuple[Audience, ...], now: datetime
) -> bool:
    """Whether they fit ``narrowed``, and one of ``segments`` where there are any."""
    if not narrowed.admits(person, now):
        return False
    return not segments or any(segment.admits(person, now) for segment in segments)
