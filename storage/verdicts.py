"""What is judged again when a row is about to be sent: it may have waited for long.

Broadcasts and reminders to people who said STOP or blocked us are closed; a broadcast waits where
the provider asked for rest. On WhatsApp, outside of the 24 hours, only an approved template goes:
anything else is held until the person writes, and an approved opener asks them to. Without an
approved opener it fails as ``window_closed``, and the provider is not asked.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from storage.columns import from_ms, to_ms
from storage.models import Outbox
from storage.templates import approved

WINDOW = timedelta(hours=24) - timedelta(minutes=2)
"""Counted from the person's last message; two minutes for the way and for clocks that differ."""

HELD_AT_MOST = timedelta(days=7)
"""A row that waits for the person to write expires after so long, if not before."""

ANSWER_WAITING, NEWS_WAITING = "answer_waiting", "news_waiting"
"""The openers: the desk has answered (utility), the desk has news (marketing)."""

OPENER = "opener"
_BROADCAST = 2
_WINDOWED = "whatsapp"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that is due, and what its person's address and choices are now."""

    id: int
    channel: str
    address: str
    body: str
    origin: str
    edits: str
    attempts: int
    priority: int
    contact_id: int | None
    expires_at: int | None
    heard_at: int | None
    state: str | None
    rests_until: int | None
    alerts: str | None

    @property
    def words(self) -> dict[str, Any]:
        """The body: language, and the template where it is one."""
        found: dict[str, Any] = json.loads(self.body)
        return found


def sort_out(connection: Connection, rows: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Those that may go now; the others are closed, put off or held."""
    return [row for row in rows if _may_go(connection, row, now)]


def _may_go(connection: Connection, row: Candidate, now: datetime) -> bool:
    if row.expires_at is not None and row.expires_at <= to_ms(now):
        _end(connection, row, now, "cancelled", "expired")
    elif row.priority > 0 and row.state == "blocked":
        _end(connection, row, now, "failed", "unreachable")
    elif row.priority == _BROADCAST and row.alerts == "stopped":
        _end(connection, row, now, "cancelled", "stopped")
    elif row.priority == _BROADCAST and (row.rests_until or 0) > to_ms(now):
        _change(connection, row, due_at=from_ms(row.rests_until or 0))
    elif _window_is_closed(row, now) and not _is_approved(connection, row):
        _hold(connection, row, now)
    else:
        return True
    return False


def _window_is_closed(row: Candidate, now: datetime) -> bool:
    """Without an address (its person was just erased) they have just written."""
    if row.channel != _WINDOWED or row.heard_at is None:
        return False
    return row.heard_at <= to_ms(now - WINDOW)


def _is_approved(connection: Connection, row: Candidate) -> bool:
    template = row.words.get("template", "")
    return bool(template) and approved(connection, template, row.words["language"])


def _hold(connection: Connection, row: Candidate, now: datetime) -> None:
    """Until the person writes (`storage.turns.Turns.heard`); once an opener asks them to."""
    opener = NEWS_WAITING if row.priority == _BROADCAST else ANSWER_WAITING
    language = row.words["language"]
    if row.origin == OPENER or not approved(connection, opener, language):
        _end(connection, row, now, "failed", "window_closed")
        return
    until = now + HELD_AT_MOST
    if row.expires_at is not None:
        until = min(until, from_ms(row.expires_at))
    _change(connection, row, status="held", problem="window_closed", due_at=until, expires_at=until)
    if not _asked(connection, row, opener):
        letter = Outbox(
            contact_id=row.contact_id,
            channel=row.channel,
            address=row.address,
            body=json.dumps({"text": "", "language": language, "template": opener}),
            origin=OPENER,
            priority=row.priority,
            about=f"{OPENER}:{opener}",
            due_at=now,
            expires_at=until,
            created_at=now,
        )
        connection.execute(insert(Outbox).values(letter.model_dump(exclude={"id"})))


def _asked(connection: Connection, row: Candidate, opener: str) -> bool:
    """Whether this opener went out, or is to go, since the person last wrote."""
    query = select(col(Outbox.id)).where(
        col(Outbox.contact_id) == row.contact_id,
        col(Outbox.channel) == row.channel,
        col(Outbox.address) == row.address,
        col(Outbox.about) == f"{OPENER}:{opener}",
        col(Outbox.created_at) > from_ms(row.heard_at or 0),
    )
    return connection.execute(query.limit(1)).first() is not None


def _end(connection: Connection, row: Candidate, now: datetime, status: str, problem: str) -> None:
    _change(connection, row, status=status, problem=problem, closed_at=now)


def _change(connection: Connection, row: Candidate, **values: Any) -> None:
    connection.execute(update(Outbox).where(col(Outbox.id) == row.id).values(**values))
