"""What the social taxi can do, as data, and what it may be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flows.agenda.rules import QUARTER
from flows.agenda.slots import quarters
from flows.hours import Hours

PURPOSES = ("job", "training", "appointment", "other")


@dataclass(frozen=True, slots=True)
class Point:
    """A named place in a comune where the car waits; ``id`` is its name in ASCII."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Taxi:
    """The rules of the service.

    ``points``: ISTAT code → where the car waits there; its keys are the area. ``hours``: when a
    ride may begin. ``minutes``: how long a car is away for one ride. ``share``: rides this near in
    time may share a car. ``cancel``: until how long before a person may cancel here.
    ``closed``: days on which nobody drives. ``price``: euro a ride and person.
    """

    name: str
    phone: str
    points: Mapping[str, tuple[Point, ...]]
    hours: tuple[Hours, ...]
    closed: frozenset[date] = frozenset()
    notice: timedelta = timedelta(hours=48)
    ahead: int = 30
    grid: int = 30
    price: float = 5
    cars: int = 1
    seats: int = 4
    child_seats: int = 1
    minutes: int = 45
    share: timedelta = timedelta(minutes=30)
    cancel: timedelta = timedelta(hours=12)

    def quarters(self, leaves: datetime) -> list[datetime]:
        """Every quarter of an hour that a ride takes of a car, in UTC."""
        start = leaves.astimezone(UTC)
        start -= timedelta(
            minutes=start.minute % 15, seconds=start.second, microseconds=start.microsecond
        )
        return quarters(start, leaves.astimezone(UTC) + timedelta(minutes=self.minutes))


@dataclass(frozen=True, slots=True)
class Request:
    """From where to where (ISTAT), when (aware), how many people, of them in child seats.

    ``origin_point`` and ``destination_point`` are ids of `Point`; empty: the comune's only one.
    """

    origin: str
    destination: str
    leaves: datetime
    people: int = 1
    child_seats: int = 0
    origin_point: str = ""
    destination_point: str = ""
    purpose: str = "other"


def band(leaves: datetime) -> str:
    """The part of the day in which a ride (local time) begins, for counting wishes."""
    for name, until in (("early", 7), ("morning", 12), ("afternoon", 18)):
        if leaves.hour < until:
            return name
    return "evening"


def on_the_quarter(leaves: datetime) -> datetime:
    """This moment, or the last quarter of an hour before it."""
    return leaves - timedelta(minutes=leaves.minute % (QUARTER.seconds // 60))
