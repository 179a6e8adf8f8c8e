"""What every channel is to the rest of the program: messages in, letters out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from flows.messages import Inbound, Outbound

LONGEST_SEND_SECONDS = 25
"""After so long the sender gives a send up, and nobody knows whether the message arrived."""

OURS = "sportello:"
"""How the number of a delivery begins that we made ourselves: a question that a flow puts."""

PLEA, DROPPED = "plea", "dropped"
"""Of somebody who writes too fast: the one that is answered with a plea, and all that follow."""


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery from a provider, parsed.

    ``external_id`` is the provider's id of the delivery, unique per channel; ``address`` the
    person's id there; ``message`` the provider's id of the message whose button was tapped and
    ``tap_id`` of the tap itself. Without an ``inbound`` it is a ``change``: ``blocked``,
    ``unblocked``, ``moved`` to the address ``moved_to``, or a ``reaction``, after which nothing is
    done. ``thread`` is the topic of the operators' group in which the ``operator`` wrote it.
    ``haste``: empty, `PLEA` or `DROPPED` (`bot.flood`).
    """

    channel: str
    external_id: str
    address: str
    inbound: Inbound | None = None
    change: str = ""
    moved_to: str = ""
    message: str = ""
    tap_id: str = ""
    thread: int = 0
    operator: str = ""
    haste: str = ""

    @property
    def drawn_as(self) -> str:
        """Within whose limits the answer is drawn: the simulator may act as another channel."""
        acting_as = self.address.partition("@")[2] if self.channel == "simulator" else ""
        return acting_as or self.channel

    @property
    def ours(self) -> bool:
        """Whether nobody wrote: we begin. It opens no window, and what we say is no reply."""
        return self.external_id.startswith(OURS)


@dataclass(frozen=True, slots=True)
class File:
    """A document as it is handed over."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to be sent: outbox row ``id`` to ``address``.

    ``edits`` is the provider's id of the message that this one replaces, or empty; ``file`` its
    document, just made; ``attempt`` counts the tries, and a receipt brings it back.
    """

    id: int
    channel: str
    address: str
    outbound: Outbound
    edits: str = ""
    file: File | None = None
    attempt: int = 1


class Problem(StrEnum):
    """Why a message was not sent: a closed list that says what to do."""

    BUSY = "busy"
    UNREACHABLE = "unreachable"
    WINDOW_CLOSED = "window_closed"
    STOPPED = "stopped"
    POLICY = "policy"
    RESTRICTED = "restricted"
    REJECTED = "rejected"
    CREDENTIALS = "credentials"
    NOT_SENT = "not_sent"
    HIDDEN = "hidden"
    UNREADABLE = "unreadable"

    @property
    def retryable(self) -> bool:
        """Whether the same message may be tried again without harm."""
        return self in _RETRYABLE

    @property
    def advice(self) -> str:
        """One sentence for the operator."""
        return _ADVICE[self]


_RETRYABLE = (Problem.BUSY, Problem.NOT_SENT, Problem.CREDENTIALS, Problem.RESTRICTED)
_ADVICE = {
    Problem.BUSY: "The provider is busy; the message is tried again by itself.",
    Problem.UNREACHABLE: "The person cannot be reached here (blocked, gone or not on the channel).",
    Problem.WINDOW_CLOSED: "WhatsApp allows free text only within 24 hours of the person's last "
    "message, and no approved template asks them to write: see `admin_cli.py whatsapp templates`.",
    Problem.STOPPED: "The person asked for no more messages; write to them no more.",
    Problem.POLICY: "The provider does not deliver this kind of message to this person now; no "
    "broadcast goes there for 24 hours.",
    Problem.RESTRICTED: "The provider restricts our sender: broadcasts on this channel wait an "
    "hour and try again by themselves; see its console.",
    Problem.REJECTED: "The provider refused the message as it is: report this, it is our mistake.",
    Problem.CREDENTIALS: "The provider refused our credentials: check .env with "
    "`admin_cli.py doctor`.",
    Problem.NOT_SENT: "The provider could not be reached; the message is tried again by itself.",
    Problem.UNREADABLE: "The row was changed in the database, past the program: who changed it? "
    "Restore a backup if there are many.",
    Problem.HIDDEN: "It is unknown whether this arrived: the provider's answer was lost.",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it; ``external_id`` is its id there."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The provider did not take it, or nobody knows (`Problem.HIDDEN`).

    ``code`` is the provider's own; ``retry_after`` seconds, for the whole bot, when it says so;
    ``moved_to`` the person's new address, where the provider told us.
    """

    problem: Problem
    code: str = ""
    retry_after: float = 0.0
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery status: ``sent``, ``delivered``, ``read`` or ``failed``, with the reason.

    ``letter`` is our outbox id and ``attempt`` the try, where the provider gave them back, else 0.
    """

    channel: str
    external_id: str
    status: str
    letter: int = 0
    problem: Problem | None = None
    code: str = ""
    attempt: int = 0


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """``telegram``, ``whatsapp`` or ``simulator``."""
        ...

    async def send(self, letter: Letter) -> Sent | Failed:
        """Send one letter, drawn within the channel's limits. Raises nothing foreseeable."""
        ...

    async def check(self) -> str:
        """Empty when the provider answers and takes our credentials, else what is wrong."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


# Whether a message fits into the HTTP answer of the webhook that brought the delivery.
FitsHere = Callable[[Outbound], bool]


def fits_nowhere(_: Outbound) -> bool:
    """The webhook carries nothing (or there is none): all goes by the sender."""
    return False


# Makes a delivery durable; returns when it is. The caller gets the letter that it can carry in its
# answer (``fits_here``, a `FitsHere`) when the turn was taken at once and nothing else is owed.
Receive = Callable[..., Awaitable[Letter | None]]
Report = Callable[[Receipt], Awaitable[None]]
