"""A person's ticket inside one turn: opened, written to, closed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlmodel import col

from flows.tickets.port import CloseTicket, OpenTicket, TellDesk, TicketCommand
from flows.tickets.port import Ticket as Open
from storage import notices
from storage.audit import By
from storage.models import Conversation, Ticket, TicketMessage

BY_ITSELF = "sportello"
EMERGENCY, MINOR, USUAL = 0, 1, 2
_TICKET: Any = Ticket.__table__  # type: ignore[attr-defined]
_MESSAGE: Any = TicketMessage.__table__  # type: ignore[attr-defined]
_LATELY, _ENOUGH = timedelta(days=30), 5
_THREE_OF_FOUR = 0.75
_NOTICES = {
    "asked": "Person {id} ({channel}) would like to talk to somebody",
    "misread": "Person {id} ({channel}) and the assistant do not understand each other",
    "emergency": "Person {id} ({channel}) may be in danger: {danger}",
    "desk": "The desk has written to person {id} ({channel})",
}


@dataclass(frozen=True, slots=True)
class News:
    """What the operators' group should hear of ``ticket``: opened, raised, said or closed."""

    kind: Literal["opened", "raised", "said", "closed"]
    ticket: int
    text: str = ""


class DatabaseTickets:
    """`flows.tickets.port.Tickets` for one contact, in one transaction; ``news`` is what was done.

    ``has_one``: whether there may be an open ticket at all; most people have none.
    """

    def __init__(
        self, connection: Connection, contact_id: int, channel: str, now: datetime, *, has_one: bool
    ) -> None:
        self._connection, self._contact_id = connection, contact_id
        self._channel, self._now, self._has_one = channel, now, has_one
        self._row: Row[Any] | None = None
        self.news: list[News] = []

    def mine(self) -> Open | None:
        """Their open one."""
        row = self._open()
        if row is None:
            return None
        spoke = row.replied_at is not None and (
            row.updated_at is None or row.replied_at > row.updated_at
        )
        return Open(row.listens, desk_spoke=spoke)

    def usual_wait(self) -> timedelta | None:
        """Within what time three of four had an answer in 30 days, who still waits included."""
        since = self._now - _LATELY
        query = select(_TICKET.c.opened_at, _TICKET.c.first_reply_at).where(
            _TICKET.c.opened_at >= since, _TICKET.c.reason != "desk"
        )
        rows = self._connection.execute(query).all()
        answered = sum(row.first_reply_at is not None for row in rows)
        if answered < _ENOUGH:
            return None
        waits: list[timedelta] = sorted(
            (row.first_reply_at or self._now) - row.opened_at for row in rows
        )
        return waits[min(len(waits) - 1, int(len(waits) * _THREE_OF_FOUR))]

    def perform(self, command: TicketCommand) -> str:
        """Do it; the result is as the command promises."""
        match command:
            case OpenTicket(reason, minor):
                return self._listen(reason, MINOR if minor else USUAL)
            case TellDesk(text):
                return self._tell(text)
            case CloseTicket():
                return self._close()

    def flag(self, danger: str) -> None:
        """They may be in danger: on top of the inbox, whatever they were waiting for before."""
        row = self._open()
        if row is None:
            self._add("emergency", EMERGENCY, danger=danger or "?", listens=False)
        elif row.urgency != EMERGENCY:
            self._change(row.id, urgency=EMERGENCY, reason="emergency")
            text = self._notice("emergency", danger or "?")
            notices.reword(self._connection, row.id, "emergency", text)
            self.news.append(News("raised", row.id, danger or "?"))

    def _listen(self, reason: str, urgency: int) -> str:
        row = self._open()
        if row is None:
            self._add(reason, urgency, listens=True)
            return "opened"
        self._change(row.id, listens=True, urgency=min(urgency, row.urgency), heard_at=self._now)
        return "there"

    def _tell(self, text: str) -> str:
        row = self._open()
        if row is None:
            return "gone"
        said = select(func.count()).where(
            _MESSAGE.c.ticket_id == row.id, _MESSAGE.c.author == "person"
        )
        before = self._connection.execute(said).scalar_one()
        write(self._connection, row.id, self._now, "person", text)
        self._change(row.id, heard_at=self._now)
        self.news.append(News("said", row.id, text))
        return "done" if before else "first"

    def _close(self) -> str:
        row = self._open()
        if row is None:
            return "gone"
        if row.urgency == EMERGENCY:
            self._change(row.id, listens=False)
        else:
            self._change(row.id, closed_at=self._now)
            notices.close(self._connection, row.id, By(BY_ITSELF, self._now))
        self.news.append(News("closed", row.id))
        return "done"

    def _add(self, reason: str, urgency: int, danger: str = "", *, listens: bool) -> None:
        text = self._notice(reason, danger)
        kind = "emergency" if urgency == EMERGENCY else "person"
        number = notices.add(
            self._connection, By(BY_ITSELF, self._now), kind, f"contact:{self._contact_id}", text
        )
        open_ticket(
            self._connection, number, self._contact_id, reason, urgency, self._now, listens=listens
        )
        self._row, self._has_one = None, True
        self.news.append(News("opened", number, danger))

    def _notice(self, reason: str, danger: str) -> str:
        return _NOTICES[reason].format(id=self._contact_id, channel=self._channel, danger=danger)

    def _change(self, id: int, **values: object) -> None:
        self._connection.execute(update(_TICKET).where(_TICKET.c.id == id).values(**values))
        self._row = None

    def _open(self) -> Row[Any] | None:
        """Locked, so that no operator closes it in the middle of this turn."""
        if self._row is None and self._has_one:
            query = (
                select(_TICKET, col(Conversation.updated_at))
                .outerjoin(Conversation, col(Conversation.contact_id) == _TICKET.c.contact_id)
                .where(_TICKET.c.contact_id == self._contact_id, _TICKET.c.closed_at.is_(None))
                .with_for_update(of=_TICKET)
            )
            self._row = self._connection.execute(query).first()
            self._has_one = self._row is not None
        return self._row


def open_ticket(
    connection: Connection,
    number: int,
    contact_id: int,
    reason: str,
    urgency: int,
    now: datetime,
    *,
    listens: bool,
) -> None:
    """A ticket under the number of its notice."""
    row = {
        "id": number,
        "contact_id": contact_id,
        "reason": reason,
        "urgency": urgency,
        "listens": listens,
        "assigned_to": "",
        "opened_at": now,
        "heard_at": now,
    }
    connection.execute(insert(_TICKET).values(row))


def write(
    connection: Connection, ticket: int, now: datetime, author: str, text: str, **more: object
) -> int:
    """Words of a ticket; the message's number."""
    row = {"operator": "", "canned": "", "letter_id": None, "problem": ""} | more
    made = insert(_MESSAGE).values(ticket_id=ticket, at=now, author=author, text=text, **row)
    return int(connection.execute(made.returning(_MESSAGE.c.id)).scalar_one())
