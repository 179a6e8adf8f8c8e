"""People who do not write any more: told some weeks before, where that is safe, then erased.

Not told: on WhatsApp, where the number may be somebody else's after 45 silent days and a new device
(Meta), and after STOP. Somebody who writes, or taps "Keep my data", begins anew. Nobody goes while
something of theirs is open: an appointment, a ride, a ticket, an offer they answer for. What was
done for them since they were told, by telephone perhaps, or what an operator wrote down that they
said, makes the notice void.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.agenda import booking
from storage.audit import By, Change, record
from storage.erasure import erase
from storage.models import (
    Address,
    Appointment,
    Audit,
    Contact,
    Conversation,
    Farewell,
    Listing,
    Ride,
    Ticket,
)
from storage.tickets.person import BY_ITSELF

NOTICE = timedelta(days=28)
"""They are told so long before."""
ERASED_AT_ONCE, TOLD_AT_ONCE = 5, 20
_SAFE = ("telegram", "simulator")
_STANDING = ("published", "paused")
_SAID_AT_THE_DESK = ("correct", "note outcome")  # actions of `storage.audit`
_FAREWELL: Any = Farewell.__table__  # type: ignore[attr-defined]

Tell = Callable[[int, str, str, datetime], None]
"""Contact, channel, address, and from when their data goes."""


def period(months: int) -> timedelta:
    """A month is 30 days and a half."""
    return timedelta(days=round(months * 30.4375))


def to_tell(now: datetime, keep: timedelta) -> Select[Any]:
    """Who is silent for so long that they are told, and was not since they last wrote."""
    heard, since = _heard(), now - keep + NOTICE
    told = exists().where(
        col(Farewell.contact_id) == col(Contact.id),
        or_(_holds(heard), col(Farewell.told_at) >= now - NOTICE),
    )
    return (
        select(col(Contact.id)).where(
            heard < since, ~told, ~_open(), ~_dealt_with(col(Contact.id), since)
        )
    ).order_by(col(Contact.id))


def to_erase(now: datetime, keep: timedelta) -> Select[Any]:
    """Who is silent for the whole period, and was told (or could not be) long enough ago."""
    heard, since = _heard(), now - keep
    told = exists().where(
        col(Farewell.contact_id) == col(Contact.id),
        _holds(heard),
        col(Farewell.told_at) <= now - NOTICE,
    )
    return (
        select(col(Contact.id)).where(
            heard < since, told, ~_open(), ~_dealt_with(col(Contact.id), since)
        )
    ).order_by(col(Contact.id))


def _holds(heard: Any) -> Any:
    """Whether a notice was the last that happened: since then they are silent, and we were."""
    told = col(Farewell.told_at)
    return and_(told >= heard, ~_dealt_with(col(Farewell.contact_id), told))


def count(connection: Connection, who: Select[Any]) -> int:
    """How many people that are."""
    query = select(func.count()).select_from(who.order_by(None).subquery())
    return int(connection.execute(query).scalar_one())


def tell(connection: Connection, now: datetime, keep: timedelta, write: Tell) -> int:
    """Tell the next few, each once whoever does it beside us; to how many that came."""
    dealt_with = _dealt_with(col(Farewell.contact_id), col(Farewell.told_at))
    connection.execute(delete(Farewell).where(dealt_with))  # what they did is not kept as long
    found = connection.execute(to_tell(now, keep).limit(TOLD_AT_ONCE)).scalars().all()
    mine = [contact for contact in found if _claim(connection, contact, now)]
    for contact in mine:
        if where := _safe_address(connection, contact):
            write(contact, *where, max(now + NOTICE, _heard_at(connection, contact) + keep))
    return len(mine)


def forget(connection: Connection, now: datetime, keep: timedelta) -> list[int]:
    """Erase the next few; who they were. Who is just writing is left alone."""
    booking.lock(connection)
    due = to_erase(now, keep).limit(ERASED_AT_ONCE).with_for_update(skip_locked=True)
    gone = [
        contact
        for contact in connection.execute(due).scalars().all()
        if _still_silent(connection, contact, now - keep) and erase(connection, contact, now)
    ]
    changes: list[Change] = [(f"contact:{contact}", None, None) for contact in gone]
    record(connection, By(BY_ITSELF, now), "erase", changes)
    return gone


def _still_silent(connection: Connection, contact: int, since: datetime) -> bool:
    """Seen with their addresses held: a turn that is under way holds one of them, or the person."""
    mine = col(Address.contact_id) == contact
    some = select(col(Address.id)).where(mine, col(Address.heard_at) < since)
    held = connection.execute(some.with_for_update(skip_locked=True)).all()
    return (
        len(held)
        == connection.execute(select(func.count()).select_from(Address).where(mine)).scalar_one()
    )


def _heard() -> Any:
    """When they last wrote anywhere; without an address, when we last spoke, or they came."""
    last = (
        select(func.max(col(Address.heard_at)))
        .where(col(Address.contact_id) == col(Contact.id))
        .correlate(Contact)
        .scalar_subquery()
    )
    spoke = (
        select(col(Conversation.updated_at))
        .where(col(Conversation.contact_id) == col(Contact.id))
        .correlate(Contact)
        .scalar_subquery()
    )
    return func.coalesce(last, spoke, col(Contact.created_at))


def _open() -> Any:
    """Whether something of theirs has no end yet."""
    return or_(
        exists().where(col(Ride.contact_id) == col(Contact.id), col(Ride.closed_at).is_(None)),
        exists().where(col(Ticket.contact_id) == col(Contact.id), col(Ticket.closed_at).is_(None)),
        exists().where(
            col(Listing.provider_id) == col(Contact.id), col(Listing.status).in_(_STANDING)
        ),
    )


def _dealt_with(who: Any, since: Any) -> Any:
    """Whether something of theirs is over only since then, or will be: a sign of life."""
    kept = col(Appointment.status) != "cancelled"
    return or_(
        exists().where(col(Appointment.contact_id) == who, kept, col(Appointment.ends_at) > since),
        exists().where(col(Ride.contact_id) == who, col(Ride.closed_at) > since),
        exists().where(col(Ticket.contact_id) == who, col(Ticket.closed_at) > since),
        exists().where(
            col(Audit.subject) == literal("contact:") + cast(who, String),
            col(Audit.action).in_(_SAID_AT_THE_DESK),
            col(Audit.at) > since,
        ),
    )


def _claim(connection: Connection, contact: int, now: datetime) -> bool:
    """Whether it is ours to tell them."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = insert(_FAREWELL).values(contact_id=contact, told_at=now)
    again = row.on_conflict_do_update(
        index_elements=["contact_id"],
        set_={"told_at": now},
        where=_FAREWELL.c.told_at < now - NOTICE,
    )
    return connection.execute(again.returning(_FAREWELL.c.contact_id)).first() is not None


def _safe_address(connection: Connection, contact: int) -> tuple[str, str] | None:
    query = (
        select(col(Address.channel), col(Address.address))
        .join(Contact, col(Contact.id) == col(Address.contact_id))
        .where(
            col(Address.contact_id) == contact,
            col(Address.channel).in_(_SAFE),
            col(Address.state) == "ok",
            col(Contact.alerts) != "stopped",
        )
        .order_by(col(Address.heard_at).desc())
    )
    row = connection.execute(query).first()
    return (row[0], row[1]) if row else None


def _heard_at(connection: Connection, contact: int) -> datetime:
    query = select(_heard()).select_from(Contact).where(col(Contact.id) == contact)
    found: datetime = connection.execute(query).scalar_one()
    return found
