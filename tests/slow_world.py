"""Everything that happened, as plain lists: what a slow count of statistics counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

_ARRIVED = ("sent", "delivered", "read", "unknown")


@dataclass
class Somebody:
    """A person; ``last`` is the channel of their address."""

    id: int
    language: str
    created: datetime
    comune: str = ""
    age: str = ""
    needs: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    experience: str = ""
    last: str = "simulator"


@dataclass
class Fact:
    """An event, in the order in which they were written."""

    who: int
    at: datetime
    channel: str
    kind: str
    flow: str
    step: str
    key: str


@dataclass
class Offer:
    """A listing; ``parts``: of the week, in which it is open for an hour at least."""

    id: str
    topic: str
    comune: str
    sector: str = ""
    parts: tuple[str, ...] = ()
    places: int | None = None
    status: str = "paused"
    first: date = date(2026, 1, 1)
    last: date = date(2026, 1, 1)
    since: datetime | None = None

    def shown(self, today: date) -> bool:
        """Whether people see it."""
        return self.status == "published" and self.first <= today <= self.last


@dataclass(frozen=True)
class Meeting:
    """An appointment, which has no end."""

    who: int
    topic: str
    status: str
    made: datetime
    starts: datetime


@dataclass(frozen=True)
class Request:
    """A ticket."""

    who: int
    reason: str
    opened: datetime
    replied: datetime | None = None
    closed: datetime | None = None


@dataclass(frozen=True)
class Wish:
    """A ride that could not be."""

    who: int
    origin: str
    reason: str
    at: datetime
    band: str = ""


@dataclass
class Letter:
    """A message of a broadcast; once ``counted``, only whether they ``stopped`` after it."""

    who: int
    status: str
    queued: datetime
    closed: datetime | None
    counted: bool = False
    stopped: bool = False

    def was_stop(self, one: Fact) -> bool:
        """Whether this was STOP, within 24 hours of it."""
        if (one.who, one.kind, one.flow, one.step) != (self.who, "did", "stop", "silence"):
            return False
        if self.closed is None or self.status not in _ARRIVED:
            return False
        return self.queued <= one.at <= self.closed + timedelta(hours=24)


@dataclass
class Sending:
    """A broadcast that began."""

    id: int
    name: str
    started: datetime
    letters: list[Letter]


@dataclass
class World:
    """All there is; ``numbers`` have not been given to anything yet."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    people: dict[int, Somebody] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    offers: dict[str, Offer] = field(default_factory=dict)
    interests: list[tuple[int, str, datetime]] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    sendings: list[Sending] = field(default_factory=list)

    def forget(self, id: int) -> None:
        """Erased: what is theirs is gone, but for past appointments and what was counted."""
        del self.people[id]
        self.facts = [one for one in self.facts if one.who != id]
        self.interests = [one for one in self.interests if one[0] != id]
        self.wishes = [one for one in self.wishes if one.who != id]
        self.requests = [one for one in self.requests if one.who != id]
        for sending in self.sendings:
            sending.letters = [one for one in sending.letters if one.counted or one.who != id]

    def tidy(self, most: int) -> None:
        """Closed messages of the first so many people are deleted; their counts stay."""
        for letter in (one for sending in self.sendings for one in sending.letters):
            if letter.closed and letter.who <= most and not letter.counted:
                letter.stopped = any(letter.was_stop(one) for one in self.facts)
                letter.counted = True
