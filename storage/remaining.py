"""What erasing a person leaves: rows that count something, without whose it was."""

from typing import Any

from sqlalchemy import Connection, and_, exists, func, select
from sqlmodel import col

from storage.agenda import booking
from storage.models import Address, Appointment, Audit, Event, Inbox, Notice, Ride, RideWish


def remains(connection: Connection, contact_id: int) -> dict[str, int]:
    """How much of what will stay, counted while it can still be told whose it is."""
    address = exists().where(
        col(Address.contact_id) == contact_id,
        col(Address.channel) == col(Inbox.channel),
        col(Address.address) == col(Inbox.address),
    )
    subject = f"contact:{contact_id}"
    ended = col(Appointment.status).not_in(booking.LIVE)
    found: dict[str, tuple[Any, Any]] = {
        "facts that are counted": (Event, col(Event.contact_id) == contact_id),
        "numbers of deliveries": (Inbox, address),
        "past appointments": (Appointment, and_(col(Appointment.contact_id) == contact_id, ended)),
        "rides": (Ride, col(Ride.contact_id) == contact_id),
        "rides that could not be met": (RideWish, col(RideWish.contact_id) == contact_id),
        "notices": (Notice, col(Notice.subject) == subject),
        "entries of the history, with their number": (Audit, col(Audit.subject) == subject),
    }
    count = select(func.count())
    return {
        what: n
        for what, (table, which) in found.items()
        if (n := connection.execute(count.select_from(table).where(which)).scalar_one())
    }
