"""Tickets as operators see and answer them; every action is in the audit, without the words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, select, update
from sqlmodel import col

from flows.outreach.verdict import WINDOW
from storage import notices
from storage.audit import By, record
from storage.models import Address, Contact, Conversation, Outbox, Ticket, TicketMessage
from storage.tickets.person import write

ORIGIN = "operator"
_HELD_FOR = timedelta(days=30)
_TICKET: Any = Ticket.__table__  # type: ignore[attr-defined]
_MESSAGE: Any = TicketMessage.__table__  # type: ignore[attr-defined]
_OUTBOX: Any = Outbox.__table__  # type: ignore[attr-defined]


class TicketError(Exception):
    """Why that cannot be done; one line for the operator."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a person is reached now; ``open``: what is sent goes out at once."""

    channel: str
    address: str
    open: bool


def ticket(connection: Connection, id: int) -> Row[Any]:
    """One ticket, with the person's language. Raises TicketError."""
    query = (
        select(_TICKET, col(Conversation.language))
        .outerjoin(Conversation, col(Conversation.contact_id) == _TICKET.c.contact_id)
        .where(_TICKET.c.id == id)
        .with_for_update(of=_TICKET)
    )
    found = connection.execute(query).first()
    if found is None:
        raise TicketError(f"There is no ticket {id}; `inbox list` shows them.")
    return found


def listed(connection: Connection, *, closed: bool = False) -> list[dict[str, Any]]:
    """Notices and tickets under one numbering, in the order in which to look at them.

    First emergencies, then minors, then whoever waits longest; then what was answered, then the
    notices, newest first. ``state``: waiting, answered, failed (an answer did not arrive), closed.
    """
    query = select(_TICKET, col(Conversation.language)).outerjoin(
        Conversation, col(Conversation.contact_id) == _TICKET.c.contact_id
    )
    tickets = {row.id: row for row in connection.execute(query)}
    failed = set(connection.execute(_failed()).scalars())
    rows = []
    for notice in notices.notices(connection, closed=closed):
        row = tickets.get(notice["id"])
        more = {"state": "", "assigned_to": "", "language": ""}
        if row is not None:
            more = {
                "state": "failed" if row.id in failed else state_of(row),
                "assigned_to": row.assigned_to,
                "language": row.language or "",
            }
        rows.append({**notice, **more})
    return sorted(rows, key=lambda row: _order(row, tickets.get(row["id"])))


def state_of(row: Row[Any]) -> str:
    """``waiting``, ``answered`` or ``closed``."""
    if row.closed_at is not None:
        return "closed"
    replied = row.replied_at is not None and row.replied_at >= row.heard_at
    return "answered" if replied else "waiting"


def _order(notice: dict[str, Any], row: Row[Any] | None) -> tuple[int, int, float]:
    if notice["closed_at"] is not None:
        return 4, 0, -notice["id"]
    if row is None:
        return 3, 0, -notice["id"]
    waits = state_of(row) == "waiting"
    return (0 if row.urgency < 2 else 1 if waits else 2), row.urgency, row.heard_at.timestamp()


def _failed() -> Any:
    """Tickets whose last words of the desk did not arrive."""
    later = _MESSAGE.alias()
    newer = exists().where(
        later.c.ticket_id == _MESSAGE.c.ticket_id,
        later.c.author == "operator",
        later.c.id > _MESSAGE.c.id,
    )
    bad = _OUTBOX.c.status.in_(("failed", "unknown", "cancelled"))
    return (
        select(_MESSAGE.c.ticket_id)
        .outerjoin(_OUTBOX, _OUTBOX.c.id == _MESSAGE.c.letter_id)
        .where(_MESSAGE.c.author == "operator", ~newer, (_MESSAGE.c.problem != "") | bad)
    )


def messages(connection: Connection, id: int) -> list[dict[str, Any]]:
    """What was written, oldest first; with ``status`` and ``problem`` of what was sent.

    ``status`` is the outbox row's; empty once that is 7 days old and gone.
    """
    query = (
        select(_MESSAGE, _OUTBOX.c.status, _OUTBOX.c.problem.label("reason"))
        .outerjoin(_OUTBOX, _OUTBOX.c.id == _MESSAGE.c.letter_id)
        .where(_MESSAGE.c.ticket_id == id)
        .order_by(_MESSAGE.c.id)
    )
    rows = []
    for row in connection.execute(query):
        found = dict(row._mapping)
        found["problem"] = found.pop("reason") or found["problem"]
        found["status"] = found["status"] or ("failed" if found["problem"] else "")
        rows.append(found)
    return rows


def route(connection: Connection, contact_id: int, now: datetime) -> Route | None:
    """Where they wrote last and can be reached; None when they have blocked us everywhere."""
    query = (
        select(col(Address.channel), col(Address.address), col(Address.heard_at))
        .where(col(Address.contact_id) == contact_id, col(Address.state) == "ok")
        .order_by(col(Address.heard_at).desc())
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    fits = row.channel != "whatsapp" or now - row.heard_at < WINDOW
    return Route(row.channel, row.address, fits)


def allow_writing(connection: Connection, row: Row[Any], by: By) -> None:
    """An open ticket may be answered; a closed one is opened again. Raises TicketError."""
    if row.closed_at is None:
        return
    c = Contact
    stopped = select(col(c.alerts) == "stopped").where(col(c.id) == row.contact_id)
    if connection.execute(stopped).scalar():
        raise TicketError(f"Ticket {row.id} is closed, and the person asked for no more messages.")
    other = select(_TICKET.c.id).where(
        _TICKET.c.contact_id == row.contact_id, _TICKET.c.closed_at.is_(None)
    )
    if number := connection.execute(other).scalar():
        raise TicketError(f"Ticket {row.id} is closed: this person's open one is {number}.")
    connection.execute(update(_TICKET).where(_TICKET.c.id == row.id).values(closed_at=None))
    notices.reopen(connection, row.id)
    record(connection, by, "inbox reopen", [(f"ticket:{row.id}", None, None)])


def post(connection: Connection, row: Row[Any], there: Route, body: str, now: datetime) -> int:
    """A letter of the desk, first in line; `storage.verdicts` holds it where WhatsApp wants so."""
    letter = Outbox(
        contact_id=row.contact_id,
        channel=there.channel,
        address=there.address,
        body=body,
        origin=ORIGIN,
        about=f"ticket:{row.id}",
        due_at=now,
        expires_at=now + _HELD_FOR,
        created_at=now,
    )
    made = insert(Outbox).values(letter.model_dump(exclude={"id"})).returning(col(Outbox.id))
    return int(connection.execute(made).scalar_one())


def replied(
    connection: Connection, row: Row[Any], text: str, canned: str, letter: int | None, by: By
) -> int:
    """Write down what an operator answered; without a letter it reached nobody."""
    values = {
        "replied_at": by.now,
        "first_reply_at": row.first_reply_at or by.now,
        "assigned_to": row.assigned_to or by.operator,
        "listens": True,
    }
    connection.execute(update(_TICKET).where(_TICKET.c.id == row.id).values(**values))
    more = {"operator": by.operator, "canned": canned, "letter_id": letter}
    problem = "" if letter else "unreachable"
    number = write(connection, row.id, by.now, "operator", text, **more, problem=problem)
    record(connection, by, "inbox reply", [(f"ticket:{row.id}", None, {"message": number})])
    return number


def note(connection: Connection, id: int, text: str, by: By) -> None:
    """Words for colleagues only. Raises TicketError."""
    row = ticket(connection, id)
    number = write(connection, row.id, by.now, "note", text, operator=by.operator)
    record(connection, by, "inbox note", [(f"ticket:{id}", None, {"message": number})])


def assign(connection: Connection, id: int, to: str, by: By) -> None:
    """Who takes care of it; empty: nobody. Raises TicketError."""
    row = ticket(connection, id)
    connection.execute(update(_TICKET).where(_TICKET.c.id == id).values(assigned_to=to))
    before, after = {"assigned_to": row.assigned_to}, {"assigned_to": to}
    record(connection, by, "inbox assign", [(f"ticket:{id}", before, after)])


def close(connection: Connection, id: int, by: By) -> Row[Any] | None:
    """The ticket as it was when it was open; None when it was closed already, or is a notice."""
    found = connection.execute(
        select(_TICKET).where(_TICKET.c.id == id, _TICKET.c.closed_at.is_(None)).with_for_update()
    ).first()
    if found is not None:
        connection.execute(update(_TICKET).where(_TICKET.c.id == id).values(closed_at=by.now))
        record(connection, by, "inbox close", [(f"ticket:{id}", None, None)])
    return found
