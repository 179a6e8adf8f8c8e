"""The one outbox: what came of a send, and what providers tell later. `storage.claims` claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    String,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlmodel import col

from storage.columns import to_ms
from storage.models import Outbox
from storage.prepared import Prepared, cursor_of

MOST_ATTEMPTS = 290  # a day, at five minutes a try once it has been a while
RETRIED_AFTER = timedelta(minutes=5)
"""When a message goes out again whose delivery failed for a reason that passes."""
_RESENT_ONCE = 2  # a reply whose outcome was hidden twice is not sent a third time
UNASKED = 2
"""The priority of what nobody has asked for: broadcasts and alerts come last."""
HELD = "held"
"""The status of what may go out only once the person has written."""


@dataclass(frozen=True, slots=True)
class Posted:
    """To whom a row goes and what it says."""

    contact_id: int | None
    address: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one send.

    ``status``: ``sent``; ``queued`` (again at ``due_at``); ``held`` (the opener went, the row waits
    for the person, until ``due_at``); ``failed``; or ``unknown`` when nobody knows whether it
    arrived. ``attempt`` counts the tries: the outcome of one whose lease is over still counts
    (its sender was cut off, and knows), but not once another sender has claimed the row.
    """

    id: int
    status: str
    external_id: str | None = None
    problem: str | None = None
    due_at: datetime | None = None
    attempt: int = 1


def of_letter(connection: Connection, letter: int, channel: str) -> Posted | None:
    """A row of this channel by its id, or None."""
    o = Outbox
    query = select(col(o.contact_id), col(o.address), col(o.body)).where(
        col(o.id) == letter, col(o.channel) == channel
    )
    row = connection.execute(query).first()
    return Posted(*row) if row else None


class Closing:
    """Writes the outcomes of sends down: prepared for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._close = Prepared(_close_update(), dialect)
        self._goodbye = Prepared(_goodbye_delete(), dialect)

    def close(self, connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> bool:
        """True when a last goodbye was deleted."""
        cursor = cursor_of(connection)
        seen = [outcome for outcome in outcomes if outcome.status != "unknown"]
        self._close.run_many(cursor, [_values(outcome, now) for outcome in seen])
        for outcome in outcomes:
            if outcome.status == "unknown":
                _hide(connection, _mine(outcome), now, outcome.problem)
        if not outcomes:
            return False
        self._goodbye.run_many(cursor, [{"key": outcome.id} for outcome in outcomes])
        return cursor.rowcount > 0


def _values(outcome: Outcome, now: datetime) -> dict[str, object]:
    again = outcome.status in ("queued", "held")
    return {
        "key": outcome.id,
        "attempt": outcome.attempt,
        "state": outcome.status,
        "why": outcome.problem,
        "closed": None if again else to_ms(now),
        "external": outcome.external_id,
        "due": to_ms(outcome.due_at) if outcome.due_at else None,
    }


def _mine(outcome: Outcome) -> ColumnElement[bool]:
    return and_(
        col(Outbox.id) == outcome.id,
        col(Outbox.status) == "sending",
        col(Outbox.attempts) == outcome.attempt,
    )


def _close_update() -> Any:
    o = Outbox.__table__  # type: ignore[attr-defined]
    return (
        update(o)
        .where(
            o.c.id == bindparam("key"),
            o.c.status.in_([literal_column("'sending'"), literal_column("'unknown'")]),
            o.c.attempts == bindparam("attempt"),
        )
        .values(
            status=bindparam("state"),
            problem=bindparam("why"),
            claimed_at=literal_column("NULL"),
            closed_at=bindparam("closed"),
            external_id=func.coalesce(bindparam("external", type_=String), o.c.external_id),
            due_at=func.coalesce(bindparam("due", type_=BigInteger), o.c.due_at),
        )
    )


def _goodbye_delete() -> Any:
    """The last message to somebody who was erased, once nothing more is to be done."""
    o = Outbox.__table__  # type: ignore[attr-defined]
    return delete(o).where(
        o.c.id == bindparam("key"),
        o.c.origin == literal_column("'goodbye'"),
        o.c.closed_at.is_not(None),
    )


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
        done = (col(Outbox.origin) == "goodbye", col(Outbox.closed_at).is_not(None))
        connection.execute(delete(Outbox).where(*done))
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


def in_doubt(connection: Connection, broadcast_id: int = 0) -> list[dict[str, Any]]:
    """The messages that may or may not have arrived, newest first: of one broadcast, or all."""
    o = Outbox
    query: Any = (
        select(
            col(o.contact_id).label("person"),
            col(o.channel),
            col(o.origin).label("kind"),
            col(o.broadcast_id).label("broadcast"),
            col(o.attempts).label("tries"),
            func.coalesce(col(o.closed_at), col(o.due_at)).label("at"),
        )
        .where(col(o.status) == "unknown")
        .order_by(col(o.id).desc())
    )
    if broadcast_id:
        query = query.where(col(o.broadcast_id) == broadcast_id)
    return [dict(row._mapping) for row in connection.execute(query)]


# Statuses only move forward (out-of-order callbacks are usual), a failure comes before delivery.
_EARLIER = {
    "sent": ("sending", "unknown"),
    "delivered": ("sending", "unknown", "sent"),
    "read": ("sending", "unknown", "sent", "delivered"),
    "failed": ("sending", "unknown", "sent", "held"),
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
