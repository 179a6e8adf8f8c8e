"""The agenda as operators see and change it; every change is in the audit."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update
from sqlmodel import col

from flows.agenda.rules import Rules
from flows.agenda.slots import Crew, Slot, still_possible
from storage.agenda import booking
from storage.agenda.rules import load_rules
from storage.audit import By, record
from storage.models import Appointment, Conversation

_TABLE: Any = Appointment.__table__  # type: ignore[attr-defined]
_MINUTE = timedelta(minutes=1)


def listed(
    connection: Connection, since: datetime, until: datetime, *, over: bool = False
) -> list[dict[str, Any]]:
    """Appointments that start in a period, the soonest first, with the person's own language.

    ``over``: cancelled ones, and those that are done, too.
    """
    query: Any = (
        select(_TABLE, col(Conversation.language).label("writes_in"))
        .outerjoin(Conversation, col(Conversation.contact_id) == _TABLE.c.contact_id)
        .where(_TABLE.c.starts_at >= since, _TABLE.c.starts_at < until)
        .order_by(_TABLE.c.starts_at, _TABLE.c.id)
    )
    if not over:
        query = query.where(_TABLE.c.status.in_(booking.LIVE))
    return [dict(row._mapping) for row in connection.execute(query)]


def day_bounds(first: date, days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From local midnight to local midnight, ``days`` later."""
    midnight = datetime.combine(first, time(), zone)
    return midnight, datetime.combine(first + timedelta(days=days), time(), zone)


def note_outcome(connection: Connection, id: int, status: str, by: By) -> dict[str, Any] | str:
    """They came (``attended``) or not (``no_show``): the appointment as it was before.

    ``unknown`` when there is none, ``early`` when it has not begun. An earlier mark may be put
    right.
    """
    booking.lock(connection)
    which = _TABLE.c.status.in_(("booked", "attended", "no_show"))
    row = connection.execute(select(_TABLE).where(_TABLE.c.id == id, which)).first()
    if row is None:
        return "unknown"
    if row.starts_at > by.now:
        return "early"
    values = {"status": status, "closed_at": by.now}
    connection.execute(update(_TABLE).where(_TABLE.c.id == id).values(**values))
    audited(connection, id, f"desk {status}", by, row.status, status)
    return dict(row._mapping)


def audited(connection: Connection, id: int, action: str, by: By, before: str, after: str) -> None:
    """Write down what an operator did with an appointment; nothing about the person."""
    change = ({"status": before} if before else None, {"status": after})
    record(connection, by, action, [(f"appointment:{id}", *change)])


def stranded(
    connection: Connection, now: datetime, zone: ZoneInfo, rules: Rules | None = None
) -> Iterator[dict[str, Any]]:
    """Live appointments that cannot be kept by the rules: a closed door, nobody there, no room."""
    rules = rules or load_rules(connection, now.astimezone(zone).date())
    query = select(_TABLE).where(_TABLE.c.status.in_(booking.LIVE), _TABLE.c.starts_at > now)
    for row in connection.execute(query.order_by(_TABLE.c.starts_at)):
        slot = Slot(row.place, row.starts_at, (row.ends_at - row.starts_at) // _MINUTE)
        if not still_possible(rules, slot, Crew(row.colleague, row.mediator, row.room), zone):
            yield dict(row._mapping)
