"""An offer as a person will see it, on a channel and in a language, before anybody does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from bot.channel import Letter
from bot.simulator.render import Bubble, draw
from flows.agenda.port import Agenda
from flows.conversation import Conversation
from flows.desk import Command, Listing
from flows.engine import Engine
from flows.messages import Inbound
from flows.outcomes.port import Outcome
from flows.places import Gazetteer
from flows.rides.port import Ride, Rides
from flows.rides.possible import Verdict
from flows.rides.rules import Request
from flows.searches.port import Search
from flows.talk import Contact
from flows.tickets.port import Tickets


class _NoTaxi:
    """`flows.rides.port.Rides` where there is no such service: the card has no button for it."""

    zone = ZoneInfo("UTC")

    def taxi(self) -> None:
        return None

    def days(self) -> Sequence[date]:
        return ()

    def judge(self, request: Request) -> Verdict:
        return Verdict()

    def mine(self) -> Sequence[Ride]:
        return ()

    def one(self, id: int) -> Ride | None:
        return None


@dataclass(frozen=True, slots=True)
class _OneOffer:
    """`flows.desk.Desk` with one offer, whatever its state; it does nothing."""

    offer: Listing
    places: Gazetteer
    notice: str = ""

    def listings(
        self, topic: str, language: str, home: str = "", sector: str = ""
    ) -> Sequence[Listing]:
        return [self.offer]

    def mentioning(self, topic: str, words: Sequence[str]) -> Sequence[str]:
        return ()

    def listing(self, id: str, language: str) -> Listing | None:
        return self.offer

    def answers_for(self, id: str) -> bool:
        return False

    @property
    def agenda(self) -> Agenda:
        raise NotImplementedError("an offer's card asks nothing of the agenda")

    def searches(self) -> Sequence[Search]:
        return ()

    def outcomes(self, language: str) -> Sequence[Outcome]:
        return ()

    @property
    def rides(self) -> Rides:
        return _NoTaxi()

    @property
    def tickets(self) -> Tickets:
        raise NotImplementedError("an offer's card asks nothing of the people of the desk")

    def perform(self, command: Command) -> str:
        return "done"


def preview(
    flows: Engine, offer: Listing, places: Gazetteer, language: str, channel: str, today: date
) -> list[Bubble]:
    """The messages that show ``offer``; ``channel``: telegram, whatsapp, or empty."""
    turn = flows.take_turn(
        Conversation(language=language),
        Inbound(start=f"browse-{offer.id}"),
        Contact(channel),
        _OneOffer(offer, places),
        today,
    )
    assert turn.says is not None, "an offer is always answered with its card"
    return draw(Letter(0, channel, "", turn.says), channel)
