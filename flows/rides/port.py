"""What a flow may ask of the social taxi, and have it do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from flows.rides.possible import Verdict
from flows.rides.rules import Request, Taxi


@dataclass(frozen=True, slots=True)
class Ride:
    """A ride somebody asked for. ``request.leaves`` is in the desk's time.

    ``state``: ``asked`` (waits for the operators), ``proposed`` (another time, which waits for the
    person), ``confirmed``, and when it is over ``declined`` (by the operators), ``refused`` (the
    time they proposed), ``cancelled`` (by the person) or ``lapsed`` (nobody answered in time).
    """

    id: int
    request: Request
    state: str = "asked"


@dataclass(frozen=True, slots=True)
class AskRide:
    """Ask for a ride.

    The result is its number, or ``broken`` (it breaks a rule now, see `Rides.judge`), ``twice``
    (they asked for one at that moment already) or ``enough`` (they wait for many).
    """

    request: Request


@dataclass(frozen=True, slots=True)
class CancelRide:
    """The person does not need it. ``gone`` when it is not theirs or over, ``late`` when only a
    call helps.
    """

    id: int


@dataclass(frozen=True, slots=True)
class AnswerProposal:
    """The person takes the time that was proposed, or does not. ``gone`` when that is over."""

    id: int
    take: bool


@dataclass(frozen=True, slots=True)
class NoteWish:
    """A ride that could not be met, and why (`flows.rides.possible.Verdict.broken`).

    ``leaves``: None when they had not said when.
    """

    origin: str
    destination: str
    reason: str
    leaves: datetime | None = None
    people: int = 1


RideCommand = AskRide | CancelRide | AnswerProposal | NoteWish


class Rides(Protocol):
    """The social taxi, as one person may see it."""

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        ...

    def taxi(self) -> Taxi | None:
        """The rules, or None where there is no such service."""
        ...

    def days(self) -> Sequence[date]:
        """The days on which one may ask for a ride, the soonest first."""
        ...

    def judge(self, request: Request) -> Verdict:
        """What it breaks, and what is possible instead."""
        ...

    def mine(self) -> Sequence[Ride]:
        """The person's own that are not over, the soonest first."""
        ...

    def one(self, id: int) -> Ride | None:
        """A ride of this person, whatever became of it."""
        ...
