"""Tickets that end by themselves. How long they are kept: `storage.retention.schedule`."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from storage import notices
from storage.audit import By
from storage.models import Ticket
from storage.tickets.person import BY_ITSELF

SILENCE = timedelta(days=30)
_TICKET: Any = Ticket.__table__  # type: ignore[attr-defined]


def close_silent(connection: Connection, now: datetime) -> None:
    """Close what was answered and then silent for a month."""
    quiet = select(_TICKET.c.id).where(
        _TICKET.c.closed_at.is_(None),
        _TICKET.c.replied_at < now - SILENCE,
        _TICKET.c.replied_at >= _TICKET.c.heard_at,
    )
    for id in connection.execute(quiet).scalars().all():
        connection.execute(update(_TICKET).where(_TICKET.c.id == id).values(closed_at=now))
        notices.close(connection, id, By(BY_ITSELF, now))
