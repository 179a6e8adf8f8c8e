"""What the desk did: appointments, rides, tickets, broadcasts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from storage.models import Appointment, Broadcast, RideWish, Ticket
from storage.outreach.report import report
from storage.stats.facts import Facts, done
from storage.stats.persons import Persons, comune_name
from storage.stats.scope import Scope
from storage.stats.table import ALL, Row, Table, base, key, number, people

_STATES = ("booked", "moved", "cancelled", "attended", "no_show")
_DAY, _HOUR = 86_400, 3_600
_BROADCAST = (
    key("broadcast", "Its number and name."),
    people("read", "Read; Telegram never says so."),
    people("delivered", "Arrived."),
    people("sent", "Sent; the channel has said no more."),
    people("other", "Waiting, cancelled or failed."),
    people("people", "All who were to get it."),
    people("tapped", "Went on from it."),
    people("stopped", "Wrote STOP within 24 hours of it."),
)


def appointments(connection: Connection, scope: Scope, persons: Persons) -> Table:
    """Of those that were made in the period, how each stands now."""
    a = Appointment
    query: Any = select(
        col(a.contact_id), col(a.topic), col(a.status), col(a.created_at), col(a.starts_at)
    ).where(
        col(a.created_at) >= scope.starts,
        col(a.created_at) < scope.ends,
        col(a.status).in_(_STATES),
    )
    found = [row for row in connection.execute(query) if _counts(row, scope, persons)]
    topics = sorted({row.topic for row in found})
    return Table(
        "appointments",
        "Appointments that were made in the period, as they stand now.",
        (
            key("topic", "What they are about."),
            people("booked", "To come, or nobody has said yet whether the person came."),
            people("moved", "Moved to another hour, which counts as an appointment of its own."),
            people("cancelled", "Cancelled by the person or the desk."),
            people("attended", "The person came."),
            people("no_show", "The person did not come."),
            people("made", "All of them."),
            number("lead_days", "made", "Median days from making it to its hour."),
        ),
        (
            *(_states(topic, [row for row in found if row.topic == topic]) for topic in topics),
            _states(ALL, found),
        ),
        parts=_STATES,
        whole="made",
    )


def rides(facts: Facts, persons: Persons) -> Table:
    """What people asked of the social taxi, by the comune where they would set out."""
    asked, met, missed = (defaultdict[str, set[int | None]](set) for _ in range(3))
    connection, scope = facts.connection, facts.scope
    for contact, (_, _, step, where) in done(facts, persons, ("ride",), "ride"):
        if step in ("asked", "confirmed"):
            (asked if step == "asked" else met)[where].add(contact)
    w = RideWish
    wishes = select(col(w.contact_id), col(w.origin)).where(
        col(w.at) >= scope.starts, col(w.at) < scope.ends, col(w.contact_id).is_not(None)
    )
    for who, where in connection.execute(wishes):
        if who in persons:
            missed[where].add(who)
    rows = []
    for where in sorted({*asked, *missed}, key=comune_name):
        had = len(asked[where] & met[where])
        counts = (had, len(asked[where]) - had, len(asked[where]), len(missed[where]))
        rows.append((comune_name(where), *counts))
    return Table(
        "rides",
        "Different people who asked for a ride, by where they would set out.",
        (
            key("comune", "Where they would set out."),
            people("met", "Had a ride confirmed in the period."),
            people("not_met", "Asked, and had none confirmed."),
            people("asked", "Asked for a ride in the period."),
            people("unmet", "Wanted at least one ride that could not be, asked for or not."),
        ),
        tuple(rows),
        parts=("met", "not_met"),
        whole="asked",
    )


def tickets(connection: Connection, scope: Scope, persons: Persons) -> Table:
    """How people who needed a person were answered."""
    t = Ticket
    query: Any = select(
        col(t.contact_id), col(t.reason), col(t.opened_at), col(t.first_reply_at), col(t.closed_at)
    ).where(col(t.opened_at) >= scope.starts, col(t.opened_at) < scope.ends)
    found = [row for row in connection.execute(query) if _counts(row, scope, persons)]
    rows = [_ticket_row(ALL, found)]
    for reason in sorted({row.reason for row in found}):
        some = [row for row in found if row.reason == reason]
        rows.append(_ticket_row(reason, some))
    return Table(
        "tickets",
        "Tickets opened in the period, by why; none that ended over 90 days ago.",
        (
            key("reason", "Asked, misread, emergency, or the desk wrote first."),
            people("closed", "Closed by now."),
            people("open", "Still open."),
            people("tickets", "All of them."),
            base("replied", "Those that had an answer of the desk."),
            number(
                "reply_hours", "replied", "Median hours to the first answer, where there was one."
            ),
            number("close_hours", "closed", "Median hours to the end, of those that are closed."),
        ),
        tuple(rows),
        parts=("closed", "open"),
        whole="tickets",
    )


def broadcasts(connection: Connection, scope: Scope) -> Table:
    """Those that began in the period; to whoever they went, whatever the filters."""
    b = Broadcast
    query = (
        select(col(b.id), col(b.name))
        .where(col(b.started_at) >= scope.starts, col(b.started_at) < scope.ends)
        .order_by(col(b.id))
    )
    rows = []
    for id, name in connection.execute(query).all():
        said = report(connection, id)
        some: Counter[str] = said.total
        sent, read = some["sent"] + some["unknown"], some["read"]
        other = some.total() - sent - read - some["delivered"]
        parts = (read, some["delivered"], sent, other, some.total())
        rows.append((f"{id} {name}", *parts, said.tapped.total(), said.stopped.total()))
    return Table(
        "broadcasts",
        "Broadcasts that began in the period; a message counts as far as it got.",
        _BROADCAST,
        tuple(rows),
        parts=("read", "delivered", "sent", "other"),
        whole="people",
        in_order=True,
    )


def _counts(row: Any, scope: Scope, persons: Persons) -> bool:
    """Whoever came without writing, or was erased, counts where nobody is left out."""
    return row.contact_id in persons if scope.narrowed else True


def _states(topic: str, rows: list[Any]) -> Row:
    counts = Counter(row.status for row in rows)
    lead = _median(((row.created_at, row.starts_at) for row in rows), _DAY)
    return (topic, *(counts[state] for state in _STATES), len(rows), lead)


def _ticket_row(reason: str, rows: list[Any]) -> Row:
    closed = sum(row.closed_at is not None for row in rows)
    reply = _median(((row.opened_at, row.first_reply_at) for row in rows), _HOUR)
    close = _median(((row.opened_at, row.closed_at) for row in rows), _HOUR)
    replied = sum(row.first_reply_at is not None for row in rows)
    return (reason, closed, len(rows) - closed, len(rows), replied, reply, close)


def _median(spans: Iterable[tuple[datetime, datetime | None]], unit: int) -> float | None:
    lengths = [(end - start).total_seconds() / unit for start, end in spans if end]
    return round(median(lengths), 1) if lengths else None
