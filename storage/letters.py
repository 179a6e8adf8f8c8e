"""What the desk writes by itself: rows of the outbox that answer nothing."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from storage.models import Address, Contact, Outbox
from storage.recycled import DOUBTED

REMINDER = 1
"""The priority of a letter: after replies, before broadcasts."""


def queue(
    connection: Connection,
    contact_id: int,
    outbound_json: str,
    origin: str,
    now: datetime,
    due_at: datetime,
    expires_at: datetime | None = None,
    about: str = "",
) -> int | None:
    """The row's id, or None when the person cannot be written to (stopped, or blocked everywhere).

    It goes where they wrote last; where it is not certain who writes only when nothing else is
    left, and there it waits for that. ``about`` names what it speaks of, for `call_back`.
    """
    query = (
        select(col(Address.channel), col(Address.address))
        .join(Contact, col(Contact.id) == col(Address.contact_id))
        .where(
            col(Address.contact_id) == contact_id,
            col(Address.state).in_(("ok", DOUBTED)),
            col(Contact.alerts) != "stopped",
        )
        .order_by(col(Address.state) == DOUBTED, col(Address.heard_at).desc())
    )
    found = connection.execute(query).first()
    if found is None:
        return None
    letter = Outbox(
        contact_id=contact_id,
        channel=found.channel,
        address=found.address,
        body=outbound_json,
        origin=origin,
        priority=REMINDER,
        about=about,
        due_at=due_at,
        expires_at=expires_at,
        created_at=now,
    )
    return post(connection, letter)


def post(connection: Connection, letter: Outbox) -> int:
    """Put a row into the outbox as it is; its id."""
    row = insert(Outbox).values(letter.model_dump(exclude={"id"})).returning(col(Outbox.id))
    return int(connection.execute(row).scalar_one())


def call_back(connection: Connection, about: str, now: datetime) -> None:
    """Letters about that which have not gone out are not sent any more."""
    connection.execute(
        update(Outbox)
        .where(
            col(Outbox.about) == about,
            col(Outbox.closed_at).is_(None),
            col(Outbox.status) != "sending",
        )
        .values(status="cancelled", problem="over", closed_at=now)
    )
