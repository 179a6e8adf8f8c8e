"""What is judged again when a row is about to be sent: it may have waited for long.

What expired is cancelled, a reminder or broadcast to somebody who blocked us fails, a broadcast
waits where the provider asked for rest. While a number may be somebody else's (`storage.recycled`)
all but replies are held. On WhatsApp, outside of the 24 hours, only an approved
template goes: of anything else an approved opener is sent in its place, once, and the row is held
until the person writes. Without an approved opener it fails as ``window_closed``; Twilio is not
asked. (Consent, STOP and the weekly cap of broadcasts: `storage.outreach.judging`.)
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, select, update
from sqlmodel import col

from flows.outreach.verdict import WINDOW
from flows.tickets.letters import WAITS
from storage.columns import from_ms, to_ms
from storage.models import Address, Outbox
from storage.outbox import HELD, UNASKED
from storage.recycled import DOUBTED
from storage.templates import approved

HELD_AT_MOST = timedelta(days=7)
"""A row that waits for the person to write expires after so long, if it says nothing itself."""

ANSWER_WAITING, NEWS_WAITING = WAITS, "news_waiting"
"""The openers: the desk has answered (utility), the desk has news (marketing)."""

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
    trace: int | None = None
    opener: str = ""
    held_until: int = 0

    @property
    def words(self) -> dict[str, Any]:
        """The body: language, and the template where it is one."""
        found: dict[str, Any] = json.loads(self.body)
        return found


def sort_out(connection: Connection, rows: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Those that may go now, some as an opener; the others are closed, put off or held."""
    return [going for row in rows if (going := _going(connection, row, now))]


def close_spoilt(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Rows that do not open, because somebody has changed them past the program: nobody's."""
    nobodys = {"status": "failed", "problem": "unreadable", "closed_at": now}
    if ids:
        connection.execute(
            update(Outbox).where(col(Outbox.id).in_(ids)).values(**nobodys, address="", body="")
        )


def will_reach(connection: Connection, letter: int, at: datetime) -> bool:
    """Whether this row, or an opener in its place, can go out at that moment."""
    here = and_(
        col(Address.channel) == col(Outbox.channel), col(Address.address) == col(Outbox.address)
    )
    query = (
        select(col(Outbox.channel), col(Outbox.body), col(Address.heard_at), col(Address.state))
        .join(Address, here)
        .where(col(Outbox.id) == letter)
    )
    channel, body, heard_at, state = connection.execute(query).one()
    if state == DOUBTED:
        return False
    if channel != _WINDOWED or at - heard_at < WINDOW:
        return True
    words = json.loads(body)
    ways = (words.get("template", ""), ANSWER_WAITING)
    return any(approved(connection, name, words["language"]) for name in ways if name)


def _going(connection: Connection, row: Candidate, now: datetime) -> Candidate | None:
    if row.expires_at is not None and row.expires_at <= to_ms(now):
        _end(connection, row, now, "cancelled", "expired")
    elif row.priority > 0 and row.state == "blocked":
        _end(connection, row, now, "failed", "unreachable")
    elif row.state == DOUBTED and row.origin != "reply":
        until = _held_until(row, now)
        _change(connection, row, status=HELD, due_at=until, expires_at=until)
    elif row.priority == UNASKED and (row.rests_until or 0) > to_ms(now):
        _change(connection, row, due_at=from_ms(row.rests_until or 0))
    elif _window_is_closed(row, now) and not _is_approved(connection, row):
        return _opened(connection, row, now)
    else:
        return row
    return None


def _window_is_closed(row: Candidate, now: datetime) -> bool:
    """Without an address (its person was just erased) they have just written."""
    if row.channel != _WINDOWED or row.heard_at is None:
        return False
    return row.heard_at <= to_ms(now - WINDOW)


def _is_approved(connection: Connection, row: Candidate) -> bool:
    template = row.words.get("template", "")
    return bool(template) and approved(connection, template, row.words["language"])


def _opened(connection: Connection, row: Candidate, now: datetime) -> Candidate | None:
    """Held until the person writes (`storage.turns.Turns.release`); once an opener asks them to."""
    opener = NEWS_WAITING if row.priority == UNASKED else ANSWER_WAITING
    if not approved(connection, opener, row.words["language"]):
        _end(connection, row, now, "failed", "window_closed")
        return None
    until = _held_until(row, now)
    if _asked(connection, row):
        held = {"status": HELD, "problem": "window_closed", "due_at": until, "expires_at": until}
        _change(connection, row, **held)
        return None
    _change(connection, row, expires_at=until)
    return replace(row, opener=opener, held_until=to_ms(until))


def _held_until(row: Candidate, now: datetime) -> datetime:
    """What somebody waits for says itself how long it is of use; what nobody asked for, a week."""
    expires = None if row.expires_at is None else from_ms(row.expires_at)
    if expires and row.priority < UNASKED:
        return expires
    return min(now + HELD_AT_MOST, expires or now + HELD_AT_MOST)


def _asked(connection: Connection, row: Candidate) -> bool:
    """Whether an opener has asked them already, for a row of this kind that waits."""
    kind = col(Outbox.priority) == UNASKED
    query = select(col(Outbox.id)).where(
        col(Outbox.channel) == row.channel,
        col(Outbox.address) == row.address,
        col(Outbox.closed_at).is_(None),
        col(Outbox.status) == HELD,
        col(Outbox.external_id).is_not(None),  # held without an opener, nobody was asked
        kind if row.priority == UNASKED else ~kind,
    )
    return connection.execute(query.limit(1)).first() is not None


def _end(connection: Connection, row: Candidate, now: datetime, status: str, problem: str) -> None:
    _change(connection, row, status=status, problem=problem, closed_at=now)


def _change(connection: Connection, row: Candidate, **values: Any) -> None:
    connection.execute(update(Outbox).where(col(Outbox.id) == row.id).values(**values))
