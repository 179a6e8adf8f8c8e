"""Who a message is for while a ticket is open: the people of the desk, or the assistant."""

from dataclasses import dataclass

from flows.conversation import Asked
from flows.reading import Begin, Control, Maybe, Misread, Question, Reading
from flows.tickets.port import Ticket

FLOW = "person"
"""The flow in which one is with the people of the desk."""
_LOST = (
    Misread.NOT_AN_OPTION,
    Misread.NOT_A_NUMBER,
    Misread.NOT_A_PLACE,
    Misread.UNKNOWN,
)
_WAYS_OUT = (
    FLOW,
    "menu",
    "help",
    "language",
    "privacy",
    "erase",
    "stop",
    "welcome_back",
)


@dataclass(frozen=True, slots=True)
class ForDesk:
    """Words for the ticket; ``alarm``: they are a cry for help, too, and are answered at once."""

    text: str
    alarm: Question | None = None


def desk_has_floor(ticket: Ticket | None, asked: Asked | None) -> bool:
    """Whether what is typed now answers the desk rather than the assistant."""
    if ticket is None or not ticket.listens:
        return False
    return ticket.desk_spoke or (asked is not None and asked.flow == FLOW)


def still_ours(reading: Reading | None, text: str) -> bool:
    """The words of the ways out and every ``/command``; "work" or "Italian" may answer the desk."""
    if isinstance(reading, Begin):
        return reading.start in _WAYS_OUT or text.startswith("/")
    return reading == Control("back")


def lost_on_us(reading: Reading) -> bool:
    """Whether the assistant would have to say that it did not understand."""
    match reading:
        case Question(said):
            return said.abstained
        case Misread() as why:
            return why in _LOST
        case Maybe():
            return True
    return False
