"""What a flow may know of a person's ticket, and have done with it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ticket:
    """The open ticket of the person who writes.

    ``listens``: what they write goes to it; a ticket that an emergency opened listens only once
    they asked for a person or one has written. ``desk_spoke``: the desk wrote since their last
    message, so that their next one answers it.
    """

    listens: bool
    desk_spoke: bool = False


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """People of the desk should answer; ``reason``: ``asked`` or ``misread``; minors go on top.

    One that is open stays, and listens from now on.
    """

    reason: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class TellDesk:
    """Words of theirs for the ticket: ``first`` when these are its first ones, else ``done``."""

    text: str


@dataclass(frozen=True, slots=True)
class CloseTicket:
    """They need nobody any more. An emergency stays for the desk to close, but listens no more."""


TicketCommand = OpenTicket | TellDesk | CloseTicket


class Tickets(Protocol):
    """The tickets, as one person may see them."""

    def mine(self) -> Ticket | None:
        """Their open one."""
        ...

    def usual_wait(self) -> timedelta | None:
        """Within what time three of four lately had an answer; None while too few tell."""
        ...
