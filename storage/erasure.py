"""Forgetting a person: gone from the database, not hidden."""

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlmodel import col

from storage import notices
from storage.agenda import booking
from storage.database import BUSY_MS, is_sqlite
from storage.models import (
    Address,
    Contact,
    Erasure,
    Event,
    Inbox,
    Listing,
    Outbox,
    SimulatorMessage,
)
from storage.rides import due as rides
from storage.stats import rollups
from storage.tickets.group import delete_topics


def erase(connection: Connection, contact_id: int, now: datetime) -> bool:
    """Delete everything that tells who the contact is or what they said; False when unknown.

    What stays: events, notices and past appointments without the person, the providers' ids of
    handled deliveries, so that a repeated delivery is still known, and their number here, so that
    an old backup forgets them too (`storage.erased`). The sender deletes the topic in the
    operators' group. Bytes are gone from SQLite's file after `scrub`.
    """
    booking.lock(connection)
    for appointment in booking.live_ids(connection, contact_id):
        booking.end(connection, appointment, "cancelled", now)
    rides.forget(connection, contact_id, now)
    delete_topics(connection, [contact_id], now)
    addresses = connection.execute(
        select(col(Address.channel), col(Address.address)).where(
            col(Address.contact_id) == contact_id
        )
    ).all()
    for channel, address in addresses:
        connection.execute(
            update(Inbox)
            .where(col(Inbox.channel) == channel, col(Inbox.address) == address)
            .values(address="", body=None, handled_at=now)
        )
        connection.execute(
            delete(Outbox).where(col(Outbox.channel) == channel, col(Outbox.address) == address)
        )
        if channel == "simulator":
            connection.execute(
                delete(SimulatorMessage).where(col(SimulatorMessage.chat) == address)
            )
    rollups.forget(connection, contact_id)
    connection.execute(
        update(Event).where(col(Event.contact_id) == contact_id).values(contact_id=None)
    )
    connection.execute(
        update(Listing).where(col(Listing.provider_id) == contact_id).values(asked_at=None)
    )
    gone = connection.execute(delete(Contact).where(col(Contact.id) == contact_id))
    notices.forget_person(connection, contact_id, now)
    if gone.rowcount:
        connection.execute(insert(Erasure), [{"contact": contact_id, "at": now}])
    return gone.rowcount > 0


def scrub(engine: Engine) -> bool:
    """Take deleted bytes out of SQLite's log too (secure_delete has taken them out of the file).

    False when they are still there.

    It waits for no reader: with one open the log is emptied at the next scrub. PostgreSQL's log
    keeps bytes until it is recycled; docs/people-and-data.md says so.
    """
    if is_sqlite(engine):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA busy_timeout=0")
            held_up = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            return not held_up
    return True
