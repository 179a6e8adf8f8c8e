"""The waitlist: a freed hour is held for the first who waits for it, then for the next.

Who waits is asked in order of arrival. The hour is held as an appointment with the status
``offered``: it takes the same quarters of an hour as a booked one, so nobody can take it meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from flows.agenda.slots import Slot, Wish
from storage.agenda import booking
from storage.agenda.rules import hold_time
from storage.models import Appointment, Waiting

_TABLE: Any = Waiting.__table__  # type: ignore[attr-defined]
_LEFT = timedelta(hours=1)
"""An hour is not offered when less would be left to answer."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An hour that is held for somebody: its appointment, and until when."""

    contact_id: int
    appointment: int
    until: datetime


def wait(
    connection: Connection, contact_id: int, wish: Wish, appointment: int | None, now: datetime
) -> None:
    """Onto the list; who is on it for the same topic keeps their turn, with the new wish."""
    booking.lock(connection)
    if appointment and booking.live_of(connection, appointment, contact_id) is None:
        return
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    about = {"language": wish.language, "place": wish.place, "appointment_id": appointment}
    row = {"contact_id": contact_id, "topic": wish.topic, "refused": "", "created_at": now, **about}
    added = upsert(_TABLE).values(row).on_conflict_do_nothing().returning(_TABLE.c.id)
    if connection.execute(added).first() is None:
        which = (_TABLE.c.contact_id == contact_id, _TABLE.c.topic == wish.topic)
        open_ = _TABLE.c.closed_at.is_(None)
        connection.execute(update(_TABLE).where(*which, open_).values(**about))


def answer(connection: Connection, id: int, contact_id: int, now: datetime, *, take: bool) -> str:
    """The number of the appointment, or ``gone``, ``enough``; ``done`` when they do not take it."""
    booking.lock(connection)
    row = booking.live_of(connection, id, contact_id)
    if row is None or row["status"] != "offered":
        return "gone"
    if row["held_until"] <= now or not take:
        _pass_on(connection, row, now)
        return "gone" if take else "done"
    waiting = _waiting_of(connection, contact_id, row["topic"])
    before = waiting["appointment_id"] if waiting else None
    old = booking.live_of(connection, before, contact_id) if before else None
    if old is None and booking.has_enough(connection, contact_id, now):
        return "enough"
    moved = booking.instead_of(old) if old else {}
    values = {"status": "booked", "held_until": None, **moved}
    connection.execute(update(Appointment).where(col(Appointment.id) == id).values(**values))
    if old:
        booking.end(connection, old["id"], "moved", now)
    _close(connection, contact_id, row["topic"], now)
    return str(id)


def offer_freed(connection: Connection, now: datetime, zone: ZoneInfo) -> list[Offer]:
    """Pass on what was held too long, then hold freed hours for those who wait; who is to hear."""
    booking.lock(connection)
    for row in _held_too_long(connection, now):
        _pass_on(connection, row, now)
    _forget_past(connection, now)
    time, looked, offers = hold_time(connection), dict[Wish, list[Slot]](), list[Offer]()
    for row in _in_turn(connection):
        if row["contact_id"] in {offer.contact_id for offer in offers}:
            continue  # one question at a time, also to who waits for two things
        wish = Wish(row["topic"], row["language"], row["place"])
        if wish not in looked:
            looked[wish] = booking.free_slots(connection, wish, now, zone)
        if offer := _offer(connection, row, looked[wish], time, now, zone):
            offers.append(offer)
            looked.clear()
    return offers


def give_up(connection: Connection, offer: Offer, now: datetime) -> None:
    """Nobody can write to them: the hour is free for the next, and they wait no more."""
    row = booking.live_of(connection, offer.appointment, offer.contact_id)
    assert row is not None, "it has just been held"
    booking.end(connection, offer.appointment, "declined", now)
    _close(connection, offer.contact_id, row["topic"], now)


def _offer(
    connection: Connection,
    row: dict[str, Any],
    free: Iterable[Slot],
    time: timedelta,
    now: datetime,
    zone: ZoneInfo,
) -> Offer | None:
    """The soonest hour they did not refuse, held for ``time`` or until it is near."""
    wish = Wish(row["topic"], row["language"], row["place"])
    before, refused = row["starts_at"], row["refused"].split()
    for slot in free:
        if before and slot.starts >= before:
            return None
        until = min(now + time, slot.starts - _LEFT)
        if slot.key in refused or until < now + min(time, _LEFT):
            continue
        found = _hold(connection, row["contact_id"], wish, slot, until, now, zone)
        if isinstance(found, int):
            return Offer(row["contact_id"], found, until)
    return None


def _hold(
    connection: Connection,
    contact_id: int,
    wish: Wish,
    slot: Slot,
    until: datetime,
    now: datetime,
    zone: ZoneInfo,
) -> int | str:
    return booking.book(
        connection, booking.Booking(contact_id, wish, slot, held_until=until), now, zone
    )


def _in_turn(connection: Connection) -> list[dict[str, Any]]:
    """Who waits and has no offer to answer, the first to come first."""
    offered = select(col(Appointment.contact_id)).where(col(Appointment.status) == "offered")
    query: Any = (
        select(_TABLE, col(Appointment.starts_at))
        .outerjoin(Appointment, col(Appointment.id) == _TABLE.c.appointment_id)
        .where(_TABLE.c.closed_at.is_(None), _TABLE.c.contact_id.not_in(offered))
        .order_by(_TABLE.c.created_at, _TABLE.c.id)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def _forget_past(connection: Connection, now: datetime) -> None:
    """Who waited to come earlier than an appointment that has begun waits no more."""
    begun = select(col(Appointment.id)).where(col(Appointment.starts_at) <= now)
    which = (_TABLE.c.closed_at.is_(None), _TABLE.c.appointment_id.in_(begun))
    connection.execute(update(_TABLE).where(*which).values(closed_at=now))


def _held_too_long(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    query = select(Appointment.__table__).where(  # type: ignore[attr-defined]
        col(Appointment.status) == "offered", col(Appointment.held_until) <= now
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def _pass_on(connection: Connection, row: dict[str, Any], now: datetime) -> None:
    """Free it, and do not offer it to them again."""
    booking.end(connection, row["id"], "declined", now)
    waiting = _waiting_of(connection, row["contact_id"], row["topic"])
    if waiting:
        minutes = int((row["ends_at"] - row["starts_at"]).total_seconds()) // 60
        key = Slot(row["place"], row["starts_at"], minutes).key
        refused = f"{waiting['refused']} {key}".strip()
        connection.execute(
            update(_TABLE).where(_TABLE.c.id == waiting["id"]).values(refused=refused)
        )


def _waiting_of(connection: Connection, contact_id: int, topic: str) -> dict[str, Any] | None:
    query = select(_TABLE).where(
        _TABLE.c.contact_id == contact_id, _TABLE.c.topic == topic, _TABLE.c.closed_at.is_(None)
    )
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None


def _close(connection: Connection, contact_id: int, topic: str, now: datetime) -> None:
    which = (_TABLE.c.contact_id == contact_id, _TABLE.c.topic == topic)
    connection.execute(
        update(_TABLE).where(*which, _TABLE.c.closed_at.is_(None)).values(closed_at=now)
    )
