"""Answers of the desk that did not arrive, or wait until the person writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update
from sqlmodel import col

from storage.models import Outbox, TicketMessage
from storage.outbox import HELD
from storage.tickets.operators import KNOCK, ORIGIN

_MESSAGE: Any = TicketMessage.__table__  # type: ignore[attr-defined]
_LOST = ("failed", "unknown", "cancelled")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Words of an operator whose letter ended badly: the outbox's ``problem``."""

    message: int
    ticket: int
    text: str
    letter: int
    channel: str
    address: str
    problem: str


def claim(connection: Connection) -> Iterator[Undelivered]:
    """Those that nobody was told of yet."""
    o = Outbox
    query = (
        select(
            _MESSAGE.c.id, _MESSAGE.c.ticket_id, _MESSAGE.c.text, col(o.id), col(o.channel),
            col(o.address), col(o.problem), col(o.status),
        )
        .join(o, col(o.id) == _MESSAGE.c.letter_id)
        .where(
            _MESSAGE.c.problem == "", col(o.closed_at).is_not(None), col(o.status).in_(_LOST)
        )
        .order_by(_MESSAGE.c.id)
        .with_for_update(of=_MESSAGE, skip_locked=True)
    )  # fmt: skip
    for row in connection.execute(query).all():
        id, ticket, text, letter, channel, address, problem, status = row
        yield Undelivered(id, ticket, text, letter, channel, address, problem or status)


def note(connection: Connection, one: Undelivered) -> None:
    """The operators were told."""
    which = _MESSAGE.c.id == one.message
    connection.execute(update(_MESSAGE).where(which).values(problem=one.problem))


def hold(connection: Connection, one: Undelivered) -> None:
    """It goes out once the person has written."""
    values = {"status": HELD, "closed_at": None, "external_id": None, "claimed_at": None}
    connection.execute(update(Outbox).where(col(Outbox.id) == one.letter).values(values))


def is_held(connection: Connection, channel: str, address: str) -> bool:
    """Whether an answer waits there already."""
    query = select(col(Outbox.id)).where(
        col(Outbox.channel) == channel,
        col(Outbox.address) == address,
        col(Outbox.origin) == ORIGIN,
        col(Outbox.status) == HELD,
    )
    return connection.execute(query).first() is not None


def was_told(connection: Connection, ticket: int) -> bool:
    """Whether a template that says so is under way or went out."""
    query = select(col(Outbox.id)).where(
        col(Outbox.about) == f"ticket:{ticket}",
        col(Outbox.origin) == KNOCK,
        col(Outbox.status).not_in(_LOST),
    )
    return connection.execute(query).first() is not None
