"""What the desk's agenda is made of: places, colleagues, topics and exceptions, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from flows.hours import WEEK, Hours

QUARTER = timedelta(minutes=15)
"""Everything in the agenda begins and ends at a quarter of an hour."""

TOPICS = (
    "first_talk",
    "cv",
    "job_search",
    "training",
    "housing",
    "childcare",
    "transport",
    "other",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one can meet the desk; a telephone is a place too (``phone_only``).

    ``rooms``: how many appointments at once. ``weeks``: ``every``, ``odd`` or ``even`` (ISO 8601).
    ``offer``: the listing that says more about it, or empty. ``patron``: the comune's own holiday,
    MM-DD, or empty; no library knows those of small comuni.
    """

    id: str
    name: str
    comune: str
    address: str
    phone: str
    hours: tuple[Hours, ...]
    rooms: int = 1
    weeks: str = "every"
    patron: str = ""
    phone_only: bool = False
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the desk, or a mediator who sits in on an appointment (``mediates``).

    ``hours`` and ``places``: when and where they work; none: whenever and wherever it is open.
    ``on_request``: a mediator one calls, who needs to know a day before.
    """

    id: str
    name: str
    languages: frozenset[str]
    mediates: bool = False
    on_request: bool = False
    hours: tuple[Hours, ...] = ()
    places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One day that is not like the others: open at ``hours``, or closed when there are none.

    ``place`` is empty for all of them. Part of a day is closed by a closure with ``hours`` and
    ``closes``.
    """

    place: str
    day: date
    hours: tuple[Hours, ...] = ()
    closes: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides which hours exist. ``topics``: key → minutes.

    ``grid``: minutes between the hours that are offered; ``notice`` how long before one may book;
    ``ahead`` how many days; ``holidays``: days on which every place is closed.
    """

    places: tuple[Place, ...] = ()
    staff: tuple[Colleague, ...] = ()
    topics: Mapping[str, int] = field(default_factory=dict)
    exceptions: tuple[Exceptional, ...] = ()
    holidays: frozenset[date] = frozenset()
    grid: int = 30
    notice: timedelta = timedelta(hours=12)
    ahead: int = 21

    def place(self, id: str) -> Place | None:
        """The place with this id."""
        return next((place for place in self.places if place.id == id), None)


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` to ``end``, both aware and in UTC."""

    start: datetime
    end: datetime

    def holds(self, start: datetime, end: datetime) -> bool:
        """Whether that lies within."""
        return self.start <= start and end <= self.end

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether the two share a moment."""
        return self.start < end and start < self.end


def weekday(day: date) -> str:
    """Its name in `flows.hours.WEEK`."""
    return WEEK[day.weekday()]


def this_week(place: Place, day: date) -> bool:
    """Whether the place is there in the week of ``day``."""
    return place.weeks == "every" or place.weeks == ("odd", "even")[day.isocalendar().week % 2 == 0]


def clock(text: str) -> time:
    """The ``HH:MM`` of `Hours`."""
    return time.fromisoformat(text)
