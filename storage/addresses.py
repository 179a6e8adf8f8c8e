"""What we learn of an address: that it is blocked, has moved, or that its person wants silence."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update
from sqlmodel import col

from storage import outcomes
from storage.models import Address, Contact, Event, Outbox
from storage.recycled import DOUBTED


def block(connection: Connection, channel: str, address: str) -> None:
    """The person cannot be reached there until they write or unblock us; a doubt stays."""
    _set_state(connection, channel, address, "blocked", col(Address.state) != DOUBTED)


def unblock(connection: Connection, channel: str, address: str) -> None:
    """The person can be reached there again."""
    _set_state(connection, channel, address, "ok")


def _set_state(
    connection: Connection, channel: str, address: str, state: str, *only: ColumnElement[bool]
) -> None:
    connection.execute(
        update(Address)
        .where(col(Address.channel) == channel, col(Address.address) == address, *only)
        .values(state=state)
    )


def rest(connection: Connection, channel: str, address: str, until: datetime) -> None:
    """The provider wants no broadcast there before then."""
    connection.execute(
        update(Address)
        .where(col(Address.channel) == channel, col(Address.address) == address)
        .values(rests_until=until)
    )


def close_window(connection: Connection, channel: str, address: str, closed_at: datetime) -> None:
    """The provider says that the person last wrote before then, whatever we believed."""
    connection.execute(
        update(Address)
        .where(
            col(Address.channel) == channel,
            col(Address.address) == address,
            col(Address.heard_at) > closed_at,
        )
        .values(heard_at=closed_at)
    )


def move(connection: Connection, channel: str, address: str, moved_to: str) -> None:
    """The person's chat has a new id there (Telegram's migration)."""
    taken = select(col(Address.id)).where(
        col(Address.channel) == channel, col(Address.address) == moved_to
    )
    if connection.execute(taken).first():
        return
    for table in (Address, Outbox):
        connection.execute(
            update(table)
            .where(col(table.channel) == channel, col(table.address) == address)
            .values(address=moved_to)
        )


def stop_alerts(connection: Connection, channel: str, address: str, now: datetime) -> None:
    """The provider says that the person wants no more messages: as if they had said STOP."""
    query = select(col(Address.contact_id)).where(
        col(Address.channel) == channel, col(Address.address) == address
    )
    contact = connection.execute(query).scalar()
    changed = connection.execute(
        update(Contact)
        .where(col(Contact.id) == contact, col(Contact.alerts) != "stopped")
        .values(alerts="stopped")
    )
    if contact and changed.rowcount:
        outcomes.stop_asking(connection, contact)
        event = {"contact_id": contact, "kind": "stopped", "key": "provider", "channel": channel}
        rest = {"flow": "", "step": "", "language": "", "at": now}
        connection.execute(insert(Event).values(event | rest))
