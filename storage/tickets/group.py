"""The operators' Telegram group: a forum topic for each person, and letters to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlmodel import col

from storage.models import Contact, DeskTopic, Outbox, Ticket

CHANNEL = "operators"
FORGET = "forget_topic:"
"""How ``about`` begins on a letter that deletes a topic; the thread follows."""
_TOPIC: Any = DeskTopic.__table__  # type: ignore[attr-defined]
_TICKET: Any = Ticket.__table__  # type: ignore[attr-defined]
_KEEP_TRYING = timedelta(days=1)
_KEEP_DELETING = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a letter to the group belongs: ``forget`` is a topic to be deleted.

    Without a ``contact_id`` it is for everybody; ``thread`` is None while there is no topic yet.
    """

    contact_id: int | None
    ticket: int = 0
    thread: int | None = None
    forget: int | None = None


def post(
    connection: Connection,
    chat: str,
    body: str,
    now: datetime,
    contact_id: int | None = None,
    about: str = "",
    origin: str = "operator",
) -> None:
    """A letter to the group. All of one group go one by one: it is one address."""
    keep = _KEEP_DELETING if about.startswith(FORGET) else _KEEP_TRYING
    letter = Outbox(
        contact_id=contact_id,
        channel=CHANNEL,
        address=chat,
        body=body,
        origin=origin,
        priority=1,
        about=about,
        due_at=now,
        expires_at=now + keep,
        created_at=now,
    )
    connection.execute(insert(Outbox), [letter.model_dump(exclude={"id"})])


def destination(connection: Connection, letter: int) -> Destination:
    """Where this letter belongs."""
    query = (
        select(col(Outbox.contact_id), col(Outbox.about), _TOPIC.c.thread)
        .outerjoin(
            _TOPIC,
            (_TOPIC.c.contact_id == col(Outbox.contact_id))
            & (_TOPIC.c.chat == col(Outbox.address)),
        )
        .where(col(Outbox.id) == letter)
    )
    row = connection.execute(query).first()
    if row is None:
        return Destination(None)
    kind, _, number = row.about.partition(":")
    if row.about.startswith(FORGET):
        return Destination(None, forget=int(number))
    return Destination(row.contact_id, int(number) if kind == "ticket" else 0, row.thread)


def remember(connection: Connection, contact_id: int, chat: str, thread: int) -> bool:
    """This topic is the person's; False when they were erased meanwhile."""
    alive = select(col(Contact.id)).where(col(Contact.id) == contact_id).with_for_update()
    if connection.execute(alive).first() is None:
        return False
    forget(connection, contact_id)
    row = {"contact_id": contact_id, "chat": chat, "thread": thread}
    connection.execute(insert(_TOPIC).values(row))
    return True


def forget(connection: Connection, contact_id: int) -> None:
    """The topic is gone."""
    connection.execute(delete(_TOPIC).where(_TOPIC.c.contact_id == contact_id))


def ticket_of(connection: Connection, chat: str, thread: int) -> int | None:
    """The last ticket of the person whose topic it is."""
    query = (
        select(_TICKET.c.id)
        .join(_TOPIC, _TOPIC.c.contact_id == _TICKET.c.contact_id)
        .where(_TOPIC.c.chat == chat, _TOPIC.c.thread == thread)
        .order_by(_TICKET.c.closed_at.is_not(None), _TICKET.c.id.desc())
    )
    found = connection.execute(query).scalar()
    return int(found) if found is not None else None


def delete_topics(connection: Connection, contact_ids: list[int], now: datetime) -> None:
    """Have the topics of these people deleted, with every word in them."""
    rows = connection.execute(select(_TOPIC).where(_TOPIC.c.contact_id.in_(contact_ids))).all()
    for row in rows:
        body = '{"text": "🗑️", "language": ""}'
        post(connection, row.chat, body, now, about=f"{FORGET}{row.thread}", origin="goodbye")
    connection.execute(delete(_TOPIC).where(_TOPIC.c.contact_id.in_(contact_ids)))
