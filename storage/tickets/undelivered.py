"""Answers of the desk that did not arrive, or wait until the person writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update
from sqlmodel import col

from storage.models import Outbox, Ticket, TicketMessage
from storage.outbox import HELD, UNASKED

_MESSAGE: Any = TicketMessage.__table__  # type: ignore[attr-defined]
_LOST = ("failed", "unknown", "cancelled")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Words of an operator whose letter ended badly: the outbox's ``problem``."""

    message: int
    ticket: int
    text: str
    letter: int
    attempts: int
    problem: str


def claim(connection: Connection) -> Iterator[Undelivered]:
    """Those that nobody was told of yet."""
    o = Outbox
    query = (
        select(
            _MESSAGE.c.id, _MESSAGE.c.ticket_id, _MESSAGE.c.text, col(o.id), col(o.attempts),
            col(o.problem), col(o.status),
        )
        .join(o, col(o.id) == _MESSAGE.c.letter_id)
        .where(
            _MESSAGE.c.problem == "", col(o.closed_at).is_not(None), col(o.status).in_(_LOST)
        )
        .order_by(_MESSAGE.c.id)
        .with_for_update(of=_MESSAGE, skip_locked=True)
    )  # fmt: skip
    for row in connection.execute(query).all():
        id, ticket, text, letter, attempts, problem, status = row
        yield Undelivered(id, ticket, text, letter, attempts, problem or status)


def note(connection: Connection, one: Undelivered) -> None:
    """The operators were told."""
    which = _MESSAGE.c.id == one.message
    connection.execute(update(_MESSAGE).where(which).values(problem=one.problem))


def keep(connection: Connection, one: Undelivered, *, ask: bool) -> None:
    """It goes out once the person has written; with ``ask`` an opener asks them to."""
    values = {
        "status": "queued" if ask else HELD,
        "closed_at": None,
        "external_id": None,
        "claimed_at": None,
    }
    connection.execute(update(Outbox).where(col(Outbox.id) == one.letter).values(values))


def was_told(connection: Connection, ticket: int) -> bool:
    """Whether an opener that went out says that something waits for the ticket's person."""
    query = (
        select(col(Outbox.id))
        .join(Ticket, col(Ticket.contact_id) == col(Outbox.contact_id))
        .where(
            col(Ticket.id) == ticket,
            col(Outbox.status) == HELD,
            col(Outbox.priority) < UNASKED,
            col(Outbox.external_id).is_not(None),
        )
    )
    return connection.execute(query).first() is not None
