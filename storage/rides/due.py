"""Rides whose time has come: reminders, and requests that nobody answered."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from flows.agenda.remind import is_night, reminders
from flows.rides.port import Ride
from storage.models import Ride as Row
from storage.rides import drives, states
from storage.rides.person import CALLED_OFF, ride_of, tell
from storage.rides.rules import load_taxi
from storage.rides.states import Change

_AHEAD, _JUST_ASKED = timedelta(days=3), timedelta(hours=1)
_RIDE: Any = Row.__table__  # type: ignore[attr-defined]


def claim_reminders(connection: Connection, by: Change) -> Iterator[tuple[int, Ride]]:
    """Whom to remind now, by day, about a day before; what is yielded never comes again.

    Who is still without an answer is told so. A time that was proposed waits for the person.
    """
    if is_night(by.now.astimezone(by.zone)):
        return
    rows = connection.execute(
        select(_RIDE).where(
            _RIDE.c.status.in_(("asked", "confirmed")),
            _RIDE.c.contact_id.is_not(None),
            _RIDE.c.reminded_at.is_(None),
            _RIDE.c.leaves_at > by.now,
            _RIDE.c.leaves_at < by.now + _AHEAD,
        )
    ).all()
    for row in rows:
        at = reminders(row.leaves_at.astimezone(by.zone))["day"]
        if (
            at <= by.now
            and at > row.created_at + _JUST_ASKED
            and _claim(connection, row.id, by.now)
        ):
            yield row.contact_id, ride_of(row, by.zone)


def lapse(connection: Connection, by: Change) -> Iterator[tuple[int, Ride]]:
    """Whom nobody answered in time, or who did not answer; it is over, and they are told."""
    drives.lock(connection)
    waits = (_RIDE.c.status.in_(("asked", "proposed")), _RIDE.c.answer_by <= by.now)
    for row in connection.execute(select(_RIDE).where(*waits)).all():
        states.end(connection, row, "lapsed", by)
        if row.contact_id is not None:
            yield row.contact_id, ride_of(row, by.zone)


def forget(connection: Connection, contact_id: int, now: datetime) -> None:
    """A person is erased: their seats are free, and nothing of theirs waits for an answer."""
    which = (_RIDE.c.contact_id == contact_id, _RIDE.c.status.in_(drives.LIVE))
    taxi = load_taxi(connection, now.date())
    if taxi is None or connection.execute(select(_RIDE.c.id).where(*which)).first() is None:
        return
    drives.lock(connection)
    for row in connection.execute(select(_RIDE).where(*which)).all():
        states.end(connection, row, "cancelled", Change(now, ZoneInfo("UTC"), taxi))
        if row.status == "confirmed" and row.leaves_at > now:
            tell(connection, row.id, CALLED_OFF, now)


def _claim(connection: Connection, id: int, now: datetime) -> bool:
    which = (_RIDE.c.id == id, _RIDE.c.reminded_at.is_(None))
    done = connection.execute(update(_RIDE).where(*which).values(reminded_at=now))
    return done.rowcount == 1
