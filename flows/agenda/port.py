"""What a flow may ask of the agenda, and have it do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from flows.agenda.rules import Place
from flows.agenda.slots import Slot, Wish


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment of the person who writes. ``starts`` is aware, in the desk's time.

    ``colleague`` and ``mediator`` are first names; ``state``: ``booked`` or ``offered``;
    ``waits``: they would rather come earlier.
    """

    id: int
    topic: str
    place: Place
    starts: datetime
    minutes: int
    language: str = ""
    colleague: str = ""
    mediator: str = ""
    state: str = "booked"
    confirmed: bool = False
    waits: bool = False

    @property
    def ends(self) -> datetime:
        """When it is over."""
        return self.starts + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class BookAppointment:
    """Take the hour that ``slot`` (`Slot.key`) names; ``moves``: instead of that appointment.

    The result is the appointment's number, or ``taken`` (somebody was faster, or the hour is no
    more), ``twice`` (the person has another appointment then) or ``enough`` (they have many).
    """

    wish: Wish
    slot: str
    moves: int = 0


@dataclass(frozen=True, slots=True)
class CancelAppointment:
    """The person will not come. ``gone`` when it is not theirs or over."""

    id: int


@dataclass(frozen=True, slots=True)
class ConfirmAppointment:
    """The person will come."""

    id: int


@dataclass(frozen=True, slots=True)
class WaitForSlot:
    """Tell the person when an hour is free: earlier than ``appointment``, or at all (0)."""

    wish: Wish
    appointment: int = 0


@dataclass(frozen=True, slots=True)
class AnswerOffer:
    """The person takes the freed hour that is held for them, or does not.

    The result is the number, ``gone`` when it was held too long, or ``enough`` as above.
    """

    id: int
    take: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """When somebody is there: ``now``, or next. Both ends are aware, in the desk's time."""

    place: Place
    starts: datetime
    ends: datetime
    now: bool


AgendaCommand = BookAppointment | CancelAppointment | ConfirmAppointment | WaitForSlot | AnswerOffer


class Agenda(Protocol):
    """The desk's agenda, as one person may see it."""

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        ...

    def places(self) -> Sequence[Place]:
        """Where one can meet the desk."""
        ...

    def opening(self) -> Opening | None:
        """Where somebody is there now, else where next; None when the rules know of none."""
        ...

    def languages(self) -> frozenset[str]:
        """What is spoken there, mediators included."""
        ...

    def free(self, wish: Wish) -> Sequence[Slot]:
        """The free hours, the soonest first."""
        ...

    def ever(self, wish: Wish) -> bool:
        """Whether there are such hours at all, free or taken: only then is it worth waiting."""
        ...

    def mine(self) -> Sequence[Appointment]:
        """The person's own, still to come, the soonest first; freed hours held for them too."""
        ...
