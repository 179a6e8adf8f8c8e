"""The one outbox: claiming what is due, and writing down what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from storage.models import Broadcast, Outbox

MOST_ATTEMPTS = 290  # a day, at five minutes a try once it has been a while
RETRIED_AFTER = timedelta(minutes=5)
"""When a message goes out again whose delivery failed for a reason that passes."""
_RESENT_ONCE = 2  # a reply whose outcome was hidden twice is not sent a third time
UNASKED = 2
"""The priority of what nobody has asked for: broadcasts and alerts come last."""
_CLAIMED = (
    Outbox.id,
    Outbox.channel,
    Outbox.address,
    Outbox.body,
    Outbox.origin,
    Outbox.edits,
    Outbox.attempts,
    Outbox.priority,
)
HELD = "held"
"""The status of what may go out only once the person has written."""
_CLAIMS = 7360419  # an arbitrary number, the same in every sender


@dataclass(frozen=True, slots=True)
class Due:
    """A row claimed for sending."""

    id: int
    channel: str
    address: str
    body: str
    origin: str
    edits: str
    attempts: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Posted:
    """To whom a row goes and what it says."""

    contact_id: int | None
    address: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one send.

    ``status``: ``sent``; ``queued`` (again at ``due_at``); ``failed``; or ``unknown`` when nobody
    knows whether it arrived. ``attempt`` counts the tries: the outcome of one whose lease is over
    changes nothing, because another sender may hold the row.
    """

    id: int
    status: str
    external_id: str | None = None
    problem: str | None = None
    due_at: datetime | None = None
    attempt: int = 1


def claim_due(
    connection: Connection,
    channels: Sequence[str],
    limit: int,
    now: datetime,
    *,
    unasked: bool = True,
) -> list[Due]:
    """Mark up to ``limit`` due rows ``sending`` and return them, replies first.

    Without ``unasked`` broadcasts, alerts and reminders wait: it is night. So do those of a
    broadcast that is held, and nothing goes out after it has expired.

    At most one row of an address is in flight, and its rows go in order: a row waits while an
    earlier one of the same or a more urgent kind is open. Rows another sender locked are skipped.
    """
    if connection.dialect.name == "postgresql":
        # another sender's claim is not seen before its commit: claims wait for each other
        connection.execute(select(func.pg_advisory_xact_lock(_CLAIMS)))
    o, earlier = Outbox, aliased(Outbox)
    blocked = (
        select(col(earlier.id))
        .where(
            col(earlier.channel) == col(o.channel),
            col(earlier.address) == col(o.address),
            col(earlier.closed_at).is_(None),
            col(earlier.id) != col(o.id),
            col(earlier.status) != HELD,
            _may_go(earlier, unasked=unasked),
            or_(
                col(earlier.status) == "sending",
                and_(
                    or_(col(earlier.due_at) <= now, col(earlier.attempts) > 0),
                    or_(
                        col(earlier.priority) < col(o.priority),
                        and_(col(earlier.priority) == col(o.priority), col(earlier.id) < col(o.id)),
                    ),
                ),
            ),
        )
        .exists()
    )
    query = (
        select(*map(col, _CLAIMED))
        .where(
            col(o.closed_at).is_(None),
            col(o.status).not_in(("sending", HELD)),
            col(o.due_at) <= now,
            col(o.channel).in_(channels),
            or_(col(o.expires_at).is_(None), col(o.expires_at) > now),
            _may_go(o, unasked=unasked),
            ~blocked,
        )
        .order_by(col(o.priority), col(o.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    due = [Due(*row) for row in connection.execute(query)]  # type: ignore[arg-type,call-arg]
    if due:
        connection.execute(
            update(Outbox)
            .where(col(Outbox.id).in_([row.id for row in due]))
            .values(
                status="sending",
                claimed_at=now,
                attempts=Outbox.attempts + 1,
                external_id=None,
            )
        )
    return due


def _may_go(row: Any, *, unasked: bool) -> ColumnElement[bool]:
    """Not of a broadcast that is paused or cancelled; at night no reminder that is late either."""
    held = select(col(Broadcast.id)).where(col(Broadcast.state).in_(("paused", "cancelled")))
    free = or_(col(row.broadcast_id).is_(None), col(row.broadcast_id).not_in(held))
    asked = and_(col(row.priority) < UNASKED, col(row.origin) != "reminder")
    return free if unasked else and_(free, asked)


def of_letter(connection: Connection, letter: int, channel: str) -> Posted | None:
    """A row of this channel by its id, or None."""
    o = Outbox
    query = select(col(o.contact_id), col(o.address), col(o.body)).where(
        col(o.id) == letter, col(o.channel) == channel
    )
    row = connection.execute(query).first()
    return Posted(*row) if row else None


def close(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> bool:
    """Write the outcomes of sends down. True when a last goodbye was deleted."""
    for outcome in outcomes:
        _close_one(connection, outcome, now)
    return _delete_goodbyes(connection, [outcome.id for outcome in outcomes])


def _delete_goodbyes(connection: Connection, ids: Sequence[int] = ()) -> bool:
    """The last messages to people who were erased, once nothing more is to be done."""
    which = [col(Outbox.origin) == "goodbye", col(Outbox.closed_at).is_not(None)]
    if ids:
        which.append(col(Outbox.id).in_(ids))
    return connection.execute(delete(Outbox).where(*which)).rowcount > 0


def _close_one(connection: Connection, outcome: Outcome, now: datetime) -> None:
    mine = and_(
        col(Outbox.id) == outcome.id,
        col(Outbox.status) == "sending",
        col(Outbox.attempts) == outcome.attempt,
    )
    if outcome.status == "unknown":
        _hide(connection, mine, now, outcome.problem)
        return
    values: dict[str, object] = {
        "status": outcome.status,
        "problem": outcome.problem,
        "claimed_at": None,
        "closed_at": None if outcome.status == "queued" else now,
    }
    if outcome.external_id is not None:
        values["external_id"] = outcome.external_id
    if outcome.due_at is not None:
        values["due_at"] = outcome.due_at
    connection.execute(update(Outbox).where(mine).values(values))


def sweep(connection: Connection, lease: timedelta, now: datetime) -> int:
    """Rows whose sender died become ``unknown``, rows that expired ``cancelled``; how many died."""
    expired = connection.execute(
        update(Outbox)
        .where(
            col(Outbox.closed_at).is_(None),
            col(Outbox.status) != "sending",
            col(Outbox.expires_at) <= now,
        )
        .values(status="cancelled", problem="expired", closed_at=now)
    )
    orphaned = and_(
        col(Outbox.closed_at).is_(None),
        col(Outbox.status) == "sending",
        col(Outbox.claimed_at) < now - lease,
    )
    hidden = _hide(connection, orphaned, now, "hidden")
    if hidden or expired.rowcount:
        _delete_goodbyes(connection)
    return hidden


def _hide(connection: Connection, which: object, now: datetime, problem: str | None) -> int:
    """Nobody knows whether these arrived: replies and reminders go once more, the rest do not."""
    again = and_(col(Outbox.priority) < UNASKED, col(Outbox.hidden) + 1 < _RESENT_ONCE)
    values = {"status": "unknown", "problem": problem, "hidden": Outbox.hidden + 1}
    final = connection.execute(
        update(Outbox).where(which, ~again).values(**values, closed_at=now)  # type: ignore[arg-type]
    )
    retried = connection.execute(
        update(Outbox)
        .where(which, again, col(Outbox.closed_at).is_(None))  # type: ignore[arg-type]
        .values(**values, claimed_at=None)
    )
    return final.rowcount + retried.rowcount


# Statuses only move forward (out-of-order callbacks are usual), a failure comes before delivery.
_EARLIER = {
    "sent": ("sending", "unknown"),
    "delivered": ("sending", "unknown", "sent"),
    "read": ("sending", "unknown", "sent", "delivered"),
    "failed": ("sending", "unknown", "sent"),
}


def record_receipt(
    connection: Connection,
    channel: str,
    external_id: str,
    sent_as: tuple[int, int],
    status: str,
    problem: str | None,
    now: datetime,
    *,
    again: bool = False,
) -> str | None:
    """A provider's delivery status; the address of the message that it changed.

    ``sent_as`` is our row and the try: they count until the provider's id is known. None when the
    receipt was late, repeated, of an earlier try or of no message of ours. With ``again`` a message
    that failed goes into the queue once more, unless it has been tried too often.
    """
    if status not in _EARLIER:
        return None
    letter, attempt = sent_as
    this_try = and_(
        col(Outbox.id) == letter,
        col(Outbox.attempts) == attempt,
        col(Outbox.external_id).is_(None),
    )
    which = and_(
        col(Outbox.channel) == channel,
        or_(col(Outbox.external_id) == external_id, this_try),
    )
    changed = (
        update(Outbox)
        .where(which, col(Outbox.status).in_(_EARLIER[status]))
        .values(status=status, external_id=external_id, problem=problem, closed_at=now)
        .returning(col(Outbox.address))
    )
    if status == "failed" and again:
        values = {"status": "queued", "problem": problem, "closed_at": None, "external_id": None}
        retried = (
            update(Outbox)
            .where(
                which,
                col(Outbox.status).in_(_EARLIER[status]),
                col(Outbox.attempts) < MOST_ATTEMPTS,
            )
            .values(**values, due_at=now + RETRIED_AFTER)
            .returning(col(Outbox.address))
        )
        if row := connection.execute(retried).first():
            return str(row[0])
    row = connection.execute(changed).first()
    return str(row[0]) if row else None
