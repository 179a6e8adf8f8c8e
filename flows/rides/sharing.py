"""Which rides could share a car: the same way, about the same time, room for all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol, TypeVar

from flows.rides.rules import Request, Taxi


@dataclass(frozen=True, slots=True)
class Run:
    """One drive of a car: the rides in it, one or several."""

    id: int
    car: int
    rides: tuple[Request, ...]


class Numbered(Protocol):
    """A request with the number operators know it by."""

    @property
    def id(self) -> int:
        """The number."""
        ...

    @property
    def request(self) -> Request:
        """What was asked."""
        ...


R = TypeVar("R", bound=Numbered)


def share(a: Request, b: Request, taxi: Taxi) -> bool:
    """Whether two go the same way (from or to the same comune, never back) at about one time."""
    back = a.origin == b.destination or a.destination == b.origin
    same = a.origin == b.origin or a.destination == b.destination
    return same and not back and abs(a.leaves - b.leaves) <= taxi.share


def fit(rides: Iterable[Request], taxi: Taxi) -> bool:
    """Whether a car has a seat for everybody, and child seats enough."""
    some = list(rides)
    people = sum(one.people for one in some)
    return people <= taxi.seats and sum(one.child_seats for one in some) <= taxi.child_seats


def could_join(request: Request, run: Run, taxi: Taxi) -> bool:
    """Whether there is room in a car that goes that way anyway."""
    same = all(share(request, ride, taxi) for ride in run.rides)
    return bool(run.rides) and same and fit([request, *run.rides], taxi)


def pairs(rides: Sequence[R], taxi: Taxi) -> Iterator[tuple[R, R]]:
    """Every two that could share a car."""
    for one, other in combinations(rides, 2):
        a, b = one.request, other.request
        if share(a, b, taxi) and fit((a, b), taxi):
            yield one, other
