"""The one port out of the flows: what a flow may know and what it may have done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from flows.agenda.port import Agenda, AgendaCommand
from flows.outcomes.port import Outcome, SayOutcome
from flows.places import Gazetteer
from flows.rides.port import RideCommand, Rides
from flows.searches.port import Search, SearchCommand
from flows.tickets.port import TicketCommand, Tickets

TOPICS = ("job", "training", "housing", "transport", "childcare", "community", "service")


@dataclass(frozen=True, slots=True)
class Listing:
    """An offer that operators checked, in one language.

    ``language`` is the language its words are in. ``words`` says how far they can be trusted, and
    the reader is told: ``own`` (written or reviewed), ``unreviewed``, ``stale`` (the Italian has
    changed since), ``partly`` (a part is only in Italian) or ``other`` (no translation at all).
    ``details`` holds the typed facts of its topic (money in euro, ages in years or ``…_months``,
    `Hours`), which need no translation.
    """

    id: str
    topic: str
    title: str
    summary: str
    language: str
    organisation: str
    comune: str
    phone: str
    checked_on: date
    valid_until: date
    words: str = "own"
    email: str = ""
    address: str = ""
    bring: str = ""
    who: str = ""
    places: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """The person said yes or no to one purpose, under the words in ``notice``."""

    purpose: str
    given: bool
    notice: str
    language: str

    def withdraws(self, purpose: str) -> bool:
        """Whether this says no to that purpose."""
        return self.purpose == purpose and not self.given


@dataclass(frozen=True, slots=True)
class SetAlerts:
    """``on``, ``paused`` or ``stopped``."""

    state: str


@dataclass(frozen=True, slots=True)
class NoteInterest:
    """The person would like this offer: the desk will see it."""

    listing: str


@dataclass(frozen=True, slots=True)
class NoteRefusal:
    """An offer was not for them: why (a key), and where they live."""

    listing: str
    reason: str
    comune: str


@dataclass(frozen=True, slots=True)
class NoteGaps:
    """What no offer covers for somebody who lives there (`flows.bundle.Gap.kind`).

    ``wanted``: the topics it would have been of, each with a part of the week (`flows.hours`).
    """

    kinds: tuple[str, ...]
    comune: str
    wanted: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FlagEmergency:
    """The person may be in danger (a key, or empty): the operators should know."""

    danger: str


@dataclass(frozen=True, slots=True)
class AnswerForOffer:
    """Whoever answers for an offer said ``yes`` (it holds), ``filled`` or ``changed``."""

    listing: str
    said: str


@dataclass(frozen=True, slots=True)
class NoteTap:
    """The person went on from this broadcast; the result is its number, or ``unknown``."""

    broadcast: str


@dataclass(frozen=True, slots=True)
class EraseContact:
    """Forget everything about the person, for good."""


@dataclass(frozen=True, slots=True)
class KnowAgain:
    """Who writes is who they were, although they were silent for long."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """The number belongs to somebody else now."""


DeskCommand = (
    RecordConsent
    | SetAlerts
    | NoteInterest
    | NoteRefusal
    | NoteGaps
    | FlagEmergency
    | AnswerForOffer
    | NoteTap
    | EraseContact
    | KnowAgain
    | LetGo
)
Command = DeskCommand | AgendaCommand | RideCommand | SayOutcome | SearchCommand | TicketCommand


class Desk(Protocol):
    """What the flows may ask of the outside, inside one turn."""

    @property
    def notice(self) -> str:
        """The web address of the privacy notice; empty where there is none."""
        ...

    def listings(
        self, topic: str, language: str, home: str = "", sector: str = ""
    ) -> Sequence[Listing]:
        """Offers of a topic that may be shown today: many, those near ``home`` (ISTAT) first.

        ``sector`` leaves out those of another one.
        """
        ...

    def mentioning(self, topic: str, words: Sequence[str]) -> Sequence[str]:
        """Ids of a few offers that have one of these words in any of their translations."""
        ...

    def listing(self, id: str, language: str) -> Listing | None:
        """One offer, or None when it may not be shown any more."""
        ...

    def answers_for(self, id: str) -> bool:
        """Whether this person answers for this offer (employer, owner …)."""
        ...

    @property
    def places(self) -> Gazetteer:
        """The comuni we know."""
        ...

    @property
    def agenda(self) -> Agenda:
        """The desk's hours, and this person's appointments."""
        ...

    def searches(self) -> Sequence[Search]:
        """What this person wants to be told about, the oldest first."""
        ...

    def outcomes(self, language: str) -> Sequence[Outcome]:
        """The offers this person was interested in and can start, the newest first."""
        ...

    @property
    def rides(self) -> Rides:
        """The social taxi, and this person's rides."""
        ...

    @property
    def tickets(self) -> Tickets:
        """The people of the desk, and what this person wrote to them."""
        ...

    def perform(self, command: Command) -> str:
        """Do it in this turn's transaction; the result is a key, ``done`` when all went well."""
        ...
