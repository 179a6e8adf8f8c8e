"""Booking, moving and cancelling, so that nobody and nothing is booked twice.

Every quarter of an hour of an appointment is a row of `storage.models.Hold` for each colleague,
room and person in it, under a primary key: the database itself refuses a second one, on SQLite and
on PostgreSQL, whatever runs beside us. `lock` comes before; it keeps the rules (closures, the
waitlist) and the appointments in step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from flows.agenda.rules import Rules
from flows.agenda.slots import Crew, Slot, Wish, crews, free, quarters, slot_of
from storage.agenda.rules import load_rules
from storage.letters import call_back
from storage.locks import Lock, one_at_a_time
from storage.models import Appointment, Hold, Waiting

LIVE = ("offered", "booked")
MOST = 3
"""Appointments one person may have ahead of them."""

_TABLE: Any = Appointment.__table__  # type: ignore[attr-defined]
_HOLD: Any = Hold.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Booking:
    """What is to be booked: for whom (None: somebody who does not write to us), and how.

    ``held_until`` makes it an offer that waits for an answer; ``moves`` is the appointment that
    ends with it; ``by_desk``: an operator may book at short notice, and as many as needed.
    """

    contact_id: int | None
    wish: Wish
    slot: Slot
    moves: int = 0
    held_until: datetime | None = None
    by_desk: bool = False


def lock(connection: Connection) -> None:
    """One at a time changes the agenda, until its commit; SQLite has one writer anyway."""
    one_at_a_time(connection, Lock.AGENDA)


def taken(connection: Connection, since: datetime) -> set[tuple[str, datetime]]:
    """Who and what is busy from then on."""
    query = select(_HOLD.c.resource, _HOLD.c.at).where(_HOLD.c.at >= since)
    return {(resource, at) for resource, at in connection.execute(query)}


def free_slots(
    connection: Connection, wish: Wish, now: datetime, zone: ZoneInfo, *, by_desk: bool = False
) -> list[Slot]:
    """The hours somebody could book, or the desk for them; the soonest first."""
    rules = _rules(connection, now, zone, by_desk=by_desk)
    return list(free(rules, wish, taken(connection, now), now, zone))


def _rules(connection: Connection, now: datetime, zone: ZoneInfo, *, by_desk: bool) -> Rules:
    rules = load_rules(connection, now.astimezone(zone).date())
    return replace(rules, notice=timedelta(0)) if by_desk else rules


def slot_at(rules: Rules, key: str, topic: str) -> Slot | None:
    """The hour that a key names, for a topic; None when either is unknown."""
    minutes = rules.topics.get(topic)
    return slot_of(key, minutes) if minutes else None


def book(connection: Connection, booking: Booking, now: datetime, zone: ZoneInfo) -> int | str:
    """The new appointment's number, or ``taken``, ``twice``, ``enough`` or ``gone``.

    ``gone``: the appointment it moves is not theirs, or over. Nothing is changed but for a number.
    """
    lock(connection)
    old = live_of(connection, booking.moves, booking.contact_id) if booking.moves else None
    if booking.moves and (old is None or old["ends_at"] <= now):
        return "gone"
    fresh = booking.contact_id and not (old or booking.held_until or booking.by_desk)
    if fresh and has_enough(connection, booking.contact_id or 0, now):
        return "enough"
    if old:
        _release(connection, old["id"])
    found = _try(connection, booking, now, zone, old)
    if isinstance(found, str) and old:
        _hold(connection, old["id"], _resources(old), quarters(old["starts_at"], old["ends_at"]))
    elif old and isinstance(found, int):
        _end(connection, old["id"], "moved", now)
        _follow(connection, old["id"], {"appointment_id": found})
    if isinstance(found, int) and not booking.held_until:
        _found_one(connection, booking.contact_id, booking.wish.topic, now)
    return found


def cancel(connection: Connection, id: int, contact_id: int | None, now: datetime) -> bool:
    """Free the hour; False when no such appointment (of this person) is still to come."""
    lock(connection)
    row = live_of(connection, id, contact_id)
    if row is None or row["ends_at"] <= now:
        return False
    end(connection, id, "cancelled", now)
    return True


def end(connection: Connection, id: int, status: str, now: datetime) -> None:
    """It is over in this way, and its hour is free."""
    _release(connection, id)
    _end(connection, id, status, now)
    _follow(connection, id, {"closed_at": now})


def live_of(connection: Connection, id: int, contact_id: int | None) -> dict[str, Any] | None:
    """A booked or offered appointment; of this person, unless nobody is named."""
    query = select(_TABLE).where(_TABLE.c.id == id, _TABLE.c.status.in_(LIVE))
    if contact_id is not None:
        query = query.where(_TABLE.c.contact_id == contact_id)
    row = connection.execute(query).first()
    return dict(row._mapping) if row else None


def live_ids(connection: Connection, contact_id: int) -> list[int]:
    """The numbers of a person's booked and offered appointments."""
    query = select(_TABLE.c.id).where(_TABLE.c.contact_id == contact_id, _TABLE.c.status.in_(LIVE))
    return list(connection.execute(query).scalars())


def has_enough(connection: Connection, contact_id: int, now: datetime) -> bool:
    """Whether a person has as many appointments ahead as one may have."""
    query = select(func.count()).where(
        col(Appointment.contact_id) == contact_id,
        col(Appointment.status) == "booked",
        col(Appointment.ends_at) > now,
    )
    return connection.execute(query).scalar_one() >= MOST


def _try(
    connection: Connection,
    booking: Booking,
    now: datetime,
    zone: ZoneInfo,
    old: dict[str, Any] | None,
) -> int | str:
    """With whoever is free first; somebody may be faster, then with the next."""
    rules = _rules(connection, now, zone, by_desk=booking.by_desk)
    slot, busy = booking.slot, taken(connection, now)
    person = f"contact:{booking.contact_id}"
    if any((person, at) in busy for at in quarters(slot.starts, slot.ends)):
        return "twice"
    for crew in crews(rules, slot, booking.wish.language, busy, now, zone):
        id = _insert(connection, booking, crew, now, old)
        resources = _of_crew(booking.contact_id, slot.place, crew)
        if _hold(connection, id, resources, quarters(slot.starts, slot.ends)):
            return id
        connection.execute(delete(_TABLE).where(_TABLE.c.id == id))
    return "taken"


def _insert(
    connection: Connection,
    booking: Booking,
    crew: Crew,
    now: datetime,
    old: dict[str, Any] | None,
) -> int:
    row = {
        "contact_id": booking.contact_id,
        "place": booking.slot.place,
        "colleague": crew.colleague,
        "mediator": crew.mediator,
        "room": crew.room,
        "topic": booking.wish.topic,
        "language": booking.wish.language,
        "starts_at": booking.slot.starts,
        "ends_at": booking.slot.ends,
        "status": "offered" if booking.held_until else "booked",
        "created_at": now,
        "held_until": booking.held_until,
        **(instead_of(old) if old else {"sequence": 0, "first_id": None}),
    }
    found = connection.execute(insert(_TABLE).values(row).returning(_TABLE.c.id))
    return int(found.scalar_one())


def instead_of(old: dict[str, Any]) -> dict[str, Any]:
    """What a calendar needs to know the new appointment as the old one, moved."""
    return {"sequence": old["sequence"] + 1, "first_id": old["first_id"] or old["id"]}


def _of_crew(contact_id: int | None, place: str, crew: Crew) -> list[str]:
    resources = [f"staff:{crew.colleague}", f"room:{place}:{crew.room}"]
    if crew.mediator:
        resources.append(f"staff:{crew.mediator}")
    if contact_id is not None:
        resources.append(f"contact:{contact_id}")
    return resources


def _resources(row: dict[str, Any]) -> list[str]:
    crew = Crew(row["colleague"], row["mediator"], row["room"])
    return _of_crew(row["contact_id"], row["place"], crew)


def _hold(
    connection: Connection, id: int, resources: Iterable[str], at: Sequence[datetime]
) -> bool:
    """Take every quarter for every resource, or none of them."""
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"resource": resource, "at": quarter, "appointment_id": id}
        for resource in sorted(resources)
        for quarter in at
    ]
    statement = upsert(_HOLD).values(rows).on_conflict_do_nothing().returning(_HOLD.c.resource)
    if len(connection.execute(statement).all()) == len(rows):
        return True
    _release(connection, id)
    return False


def _release(connection: Connection, id: int) -> None:
    connection.execute(delete(_HOLD).where(_HOLD.c.appointment_id == id))


def _follow(connection: Connection, id: int, values: dict[str, Any]) -> None:
    """Whoever waited to come earlier than ``id`` now waits for something else, or not at all."""
    which = (col(Waiting.appointment_id) == id, col(Waiting.closed_at).is_(None))
    connection.execute(update(Waiting).where(*which).values(**values))


def _found_one(connection: Connection, contact_id: int | None, topic: str, now: datetime) -> None:
    """Whoever waited for any hour at all does not wait any more."""
    which = (
        col(Waiting.contact_id) == contact_id,
        col(Waiting.topic) == topic,
        col(Waiting.appointment_id).is_(None),
        col(Waiting.closed_at).is_(None),
    )
    connection.execute(update(Waiting).where(*which).values(closed_at=now))


def _end(connection: Connection, id: int, status: str, now: datetime) -> None:
    values = {"status": status, "closed_at": now, "sequence": col(Appointment.sequence) + 1}
    connection.execute(update(_TABLE).where(_TABLE.c.id == id).values(**values))
    call_back(connection, f"appointment:{id}", now)
