"""What becomes of a ride: every change of its state is made here, and counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from flows.agenda.remind import shortly_before
from flows.rides.port import NoteWish
from flows.rides.rules import Request, Taxi
from storage import notices
from storage.audit import By
from storage.content.providers import BY_ITSELF
from storage.letters import call_back
from storage.models import Event, Ride
from storage.rides import drives, wishes

_RIDE: Any = Ride.__table__  # type: ignore[attr-defined]
_TO_ANSWER = timedelta(hours=24)
"""How long a time that was proposed is kept."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction works with: the clock, the rules, and where it comes from."""

    now: datetime
    zone: ZoneInfo
    taxi: Taxi
    channel: str = ""


def live(connection: Connection, id: int, *, among: Iterable[str] = drives.LIVE) -> Any:
    """The ride's row, when it is in one of these states; else None."""
    which = (_RIDE.c.id == id, _RIDE.c.status.in_(tuple(among)))
    return connection.execute(select(_RIDE).where(*which)).first()


def add(connection: Connection, contact_id: int | None, request: Request, by: Change) -> int | None:
    """A new request; None when they have asked for that moment already."""
    row = {
        "contact_id": contact_id,
        "origin": request.origin,
        "origin_point": request.origin_point,
        "destination": request.destination,
        "destination_point": request.destination_point,
        "wanted_at": request.leaves,
        "leaves_at": request.leaves,
        "people": request.people,
        "child_seats": request.child_seats,
        "purpose": request.purpose,
        "status": "asked",
        "created_at": by.now,
        "answer_by": shortly_before(request.leaves.astimezone(by.zone)),
    }
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    once = upsert(_RIDE).values(row).on_conflict_do_nothing().returning(_RIDE.c.id)
    made = connection.execute(once).first()
    if made is None:
        return None
    count(connection, contact_id, "asked", request.origin, by)
    return int(made.id)


def confirm(connection: Connection, row: Any, by: Change, into: int = 0) -> bool:
    """The car comes; False when there is no room. A proposed time has its seats already."""
    if row.status != "proposed":
        request = drives.request_of(row, by.zone)
        among = drives.runs(connection, by.now, by.zone)
        if not drives.board(connection, row.id, request, by.taxi, among, into):
            return False
    _set(connection, row, by, status="confirmed")
    return True


def propose(connection: Connection, row: Any, leaves: datetime, by: Change) -> bool:
    """Another time, kept until they answer.

    False when there is no room then: the transaction is to be rolled back.
    """
    drives.leave(connection, row.id, by.taxi, by.zone)
    values = {"leaves_at": leaves, "reminded_at": None}
    connection.execute(update(_RIDE).where(_RIDE.c.id == row.id).values(**values))
    moved = live(connection, row.id)
    request = drives.request_of(moved, by.zone)
    among = drives.runs(connection, by.now, by.zone)
    if not drives.board(connection, row.id, request, by.taxi, among):
        return False
    _set(connection, moved, by, status="proposed", answer_by=answer_by(leaves, by))
    return True


def answer_by(leaves: datetime, by: Change) -> datetime:
    """Until when a time that is proposed now waits for the person."""
    return min(by.now + _TO_ANSWER, shortly_before(leaves.astimezone(by.zone)))


def end(connection: Connection, row: Any, status: str, by: Change) -> None:
    """It is over in this way: the seats are free, and what could not be met is kept as a wish.

    What the operators were told about it is done, too.
    """
    drives.leave(connection, row.id, by.taxi, by.zone)
    notices.close_about(connection, f"ride:{row.id}", By(BY_ITSELF, by.now))
    _set(connection, row, by, status=status, closed_at=by.now)
    if status != "cancelled":
        ends = row.origin, row.destination
        wish = NoteWish(*ends, status, row.wanted_at, row.people)
        note_wish(connection, row.contact_id, wish, by)


def note_wish(connection: Connection, contact_id: int | None, wish: NoteWish, by: Change) -> None:
    """Keep what could not be met, and count it."""
    if wishes.note(connection, contact_id, wish, by.now, by.zone):
        count(connection, contact_id, "unmet", wish.reason, by)


def count(connection: Connection, contact_id: int | None, step: str, key: str, by: Change) -> None:
    """A fact without words."""
    event = {
        "contact_id": contact_id,
        "kind": "ride",
        "flow": "ride",
        "step": step,
        "key": key,
        "language": "",
        "channel": by.channel,
        "at": by.now,
    }
    connection.execute(insert(Event), [event])


def _set(connection: Connection, row: Any, by: Change, **values: Any) -> None:
    """Change it; letters about how it was before are not sent any more."""
    connection.execute(update(_RIDE).where(col(Ride.id) == row.id).values(**values))
    call_back(connection, f"ride:{row.id}", by.now)
    count(connection, row.contact_id, values["status"], row.origin, by)
