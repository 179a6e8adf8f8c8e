"""An appointment as a file for calendars (RFC 5545), by icalendar."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from flows.agenda.rules import Place
from storage.agenda import rules
from storage.agenda.booking import LIVE
from storage.models import Appointment

_TABLE: Any = Appointment.__table__  # type: ignore[attr-defined]
_STATUS = {"booked": "CONFIRMED", "offered": "TENTATIVE"}


def of_one(connection: Connection, id: int, contact_id: int, now: datetime) -> bytes | None:
    """One person's appointment; None when it is not theirs. Cancelled ones say so.

    Of one that was moved the newest: an old file, taken again, does not cancel it in a calendar.
    """
    mine = select(_TABLE).where(_TABLE.c.contact_id == contact_id)
    row = connection.execute(mine.where(_TABLE.c.id == id)).first()
    if row is not None and row.status == "moved":
        newest = mine.where(_TABLE.c.first_id == (row.first_id or row.id)).order_by(_TABLE.c.id)
        row = connection.execute(newest).all()[-1]
    return _calendar(connection, [row], now) if row else None


def of_desk(connection: Connection, since: datetime, until: datetime, now: datetime) -> bytes:
    """All live appointments of a period, with the person's number and no name."""
    query = select(_TABLE).where(
        _TABLE.c.status.in_(LIVE), _TABLE.c.starts_at >= since, _TABLE.c.starts_at < until
    )
    return _calendar(connection, connection.execute(query.order_by(_TABLE.c.starts_at)).all(), now)


def _calendar(connection: Connection, rows: Any, now: datetime) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//Sportello//desk//IT")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    places = rules.places(connection)
    for row in rows:
        calendar.add_component(_event(row, places[row.place], now))
    return bytes(calendar.to_ical())


def _event(row: Any, place: Place, now: datetime) -> Any:
    from icalendar import Event

    event = Event()
    event.add("uid", f"appointment-{row.first_id or row.id}@sportello")
    event.add("sequence", row.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", row.starts_at)
    event.add("dtend", row.ends_at)
    event.add("summary", f"{place.name} ({row.id})")
    event.add("location", place.phone if place.phone_only else f"{place.name}, {place.address}")
    event.add("status", _STATUS.get(row.status, "CANCELLED"))
    return event
