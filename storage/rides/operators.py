"""Rides as operators see and answer them; every answer is in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from flows.agenda.remind import waking_hour
from flows.rides.rules import Request
from flows.rides.sharing import pairs
from storage import notices
from storage.audit import By, record
from storage.models import Conversation, Ride
from storage.rides import drives, states
from storage.rides.states import Change

_TO_READ = timedelta(minutes=30)
"""The least that somebody has to answer a time that was proposed."""
_RIDE: Any = Ride.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A request with its number (`flows.rides.sharing.Numbered`)."""

    id: int
    request: Request


def listed(
    connection: Connection, since: datetime, until: datetime, *, over: bool = False
) -> list[dict[str, Any]]:
    """Rides in a period, the soonest first, with the person's own language.

    ``over``: declined, refused, cancelled and lapsed ones, too.
    """
    query: Any = (
        select(_RIDE, col(Conversation.language).label("writes_in"))
        .outerjoin(Conversation, col(Conversation.contact_id) == _RIDE.c.contact_id)
        .where(_RIDE.c.leaves_at >= since, _RIDE.c.leaves_at < until)
        .order_by(_RIDE.c.leaves_at, _RIDE.c.id)
    )
    if not over:
        query = query.where(_RIDE.c.status.in_(drives.LIVE))
    return [dict(row._mapping) for row in connection.execute(query)]


def sharing(connection: Connection, ids: Sequence[int], by: Change) -> dict[int, list[int]]:
    """For each of these rides, the others that could be in the same car and are not yet."""
    which = (_RIDE.c.id.in_(ids), _RIDE.c.status.in_(drives.LIVE))
    rows = connection.execute(select(_RIDE).where(*which).order_by(_RIDE.c.id)).all()
    in_run = {row.id: row.run_id for row in rows}
    found: dict[int, list[int]] = {}
    numbered = [Numbered(row.id, drives.request_of(row, by.zone)) for row in rows]
    for a, b in pairs(numbered, by.taxi):
        if in_run[a.id] is None or in_run[a.id] != in_run[b.id]:
            found.setdefault(a.id, []).append(b.id)
            found.setdefault(b.id, []).append(a.id)
    return found


def confirm(connection: Connection, row: Any, by: Change, who: By, together: int = 0) -> str:
    """The car comes. ``together``: in the car of that ride, which is confirmed.

    ``full``: no car is free then; ``apart``: the two cannot share one. Empty: it is done. What
    is not is to be rolled back.
    """
    drives.lock(connection)
    into = 0
    if together:
        other = states.live(connection, together, among=drives.SEATED)
        into = other.run_id if other is not None else 0
        if not into:
            return "apart"
    if not states.confirm(connection, row, by, into):
        return "apart" if together else "full"
    _audited(connection, row, "rides confirm", who, "confirmed")
    return ""


def decline(connection: Connection, row: Any, by: Change, who: By) -> None:
    """It cannot be; the wish is kept."""
    drives.lock(connection)
    _audited(connection, row, "rides decline", who, "declined")
    states.end(connection, row, "declined", by)


def propose(connection: Connection, row: Any, leaves: datetime, by: Change, who: By) -> str:
    """Another time. ``full``: no car is free then; ``twice``: the person has a ride then;
    ``near``: they could not answer in time.

    Empty: it is done. What is not is to be rolled back.
    """
    if states.answer_by(leaves, by) < waking_hour(by.now.astimezone(by.zone)) + _TO_READ:
        return "near"
    drives.lock(connection)
    same = (
        _RIDE.c.contact_id == row.contact_id,
        _RIDE.c.leaves_at == leaves,
        _RIDE.c.closed_at.is_(None),
        _RIDE.c.id != row.id,
    )
    if connection.execute(select(_RIDE.c.id).where(*same)).first():
        return "twice"
    if not states.propose(connection, row, leaves, by):
        return "full"
    _audited(connection, row, "rides propose", who, "proposed")
    return ""


def _audited(connection: Connection, row: Any, action: str, who: By, after: str) -> None:
    """Write down what an operator did; nothing about the person."""
    change = ({"status": row.status}, {"status": after})
    record(connection, who, action, [(f"ride:{row.id}", *change)])
    notices.close_about(connection, f"ride:{row.id}", who)
