"""How long tickets are kept: their words for a week after the end, the rest for a season."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, select, update
from sqlmodel import col

from storage import notices
from storage.audit import By
from storage.models import DeskTopic, Outbox, Ticket, TicketMessage
from storage.tickets.group import delete_topics
from storage.tickets.person import BY_ITSELF

KEEP_WORDS = timedelta(days=7)
SILENCE = timedelta(days=30)
_KEEP_TICKETS = timedelta(days=90)
_TICKET: Any = Ticket.__table__  # type: ignore[attr-defined]
_MESSAGE: Any = TicketMessage.__table__  # type: ignore[attr-defined]


def tidy(connection: Connection, now: datetime) -> None:
    """Close what was answered and then silent for a month; delete words, topics, old tickets."""
    quiet = select(_TICKET.c.id).where(
        _TICKET.c.closed_at.is_(None),
        _TICKET.c.replied_at < now - SILENCE,
        _TICKET.c.replied_at >= _TICKET.c.heard_at,
    )
    for id in connection.execute(quiet).scalars().all():
        connection.execute(update(_TICKET).where(_TICKET.c.id == id).values(closed_at=now))
        notices.close(connection, id, By(BY_ITSELF, now))
    _forget_words(connection, now)
    connection.execute(delete(_TICKET).where(_TICKET.c.closed_at < now - _KEEP_TICKETS))


def _forget_words(connection: Connection, now: datetime) -> None:
    waits = exists().where(
        _MESSAGE.c.ticket_id == _TICKET.c.id,
        col(Outbox.id) == _MESSAGE.c.letter_id,
        col(Outbox.closed_at).is_(None),
    )
    over = select(_TICKET.c.id).where(_TICKET.c.closed_at < now - KEEP_WORDS, ~waits)
    letters = select(_MESSAGE.c.letter_id).where(_MESSAGE.c.ticket_id.in_(over))
    connection.execute(delete(Outbox).where(col(Outbox.id).in_(letters)))
    connection.execute(delete(_MESSAGE).where(_MESSAGE.c.ticket_id.in_(over)))
    t = _TICKET.alias()
    recent = exists().where(
        t.c.contact_id == col(DeskTopic.contact_id),
        t.c.closed_at.is_(None) | (t.c.closed_at >= now - KEEP_WORDS),
    )
    silent = connection.execute(select(col(DeskTopic.contact_id)).where(~recent)).scalars().all()
    if silent:
        delete_topics(connection, list(silent), now)
