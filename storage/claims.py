"""Taking rows of the outbox for sending: the most urgent first, within what the channel allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from flows.outreach.verdict import Rules
from storage.columns import to_ms
from storage.locks import Lock
from storage.models import Address, Broadcast, Contact, Outbox, Permit
from storage.outbox import UNASKED
from storage.outreach.judging import judge_again
from storage.pacing import Permits
from storage.prepared import Cursor, Prepared, cursor_of
from storage.verdicts import Candidate, close_spoilt, sort_out

REPLY = 0
LONGEST_HELD = timedelta(seconds=27)
"""A permit whose sender died is free after so long: no send takes longer, and a second more."""

_ROUNDS = 8  # how often rows that must not be sent are put aside for others, in one claim


@dataclass(frozen=True, slots=True)
class Due:
    """A row claimed for sending, and the number of the permit it holds (0: none is needed).

    With an ``opener`` that template is sent in its place, and the row is held until then.
    """

    id: int
    channel: str
    address: str
    body: str
    origin: str
    edits: str
    attempts: int
    permit: int = 0
    opener: str = ""
    held_until: int = 0
    trace: int | None = None


class Claims:
    """Claims rows of one database; ``rules`` judge again what nobody has asked for."""

    def __init__(self, dialect: Dialect, rules: Rules | None = None) -> None:
        self._rules = rules
        self._locks = dialect.name == "postgresql"
        lock = select(func.pg_advisory_xact_lock(literal_column(str(int(Lock.CLAIMS)))))
        self._lock = Prepared(lock, dialect)
        self._due = Prepared(_due_query(), dialect, lenient=True)
        self._mark = Prepared(_mark_update(), dialect)
        self._permits = Permits(dialect)

    def claim(
        self,
        connection: Connection,
        channel: str,
        rooms: Sequence[int],
        now: datetime,
        *,
        paced: bool = False,
        unasked: bool = True,
        reminders: bool = True,
    ) -> list[Due]:
        """Mark due rows of a channel ``sending`` and return them, replies first.

        ``rooms``: how many there may be when the last is a reply, a reminder, a broadcast. At most
        one row of an address is in flight, and its rows go in order: a row waits while an earlier
        one of the same or a more urgent kind is open. Rows another sender locked are skipped. With
        ``paced`` each needs a permit, and a new message waits until the last one to its address is
        a second old. Without ``unasked`` broadcasts and alerts wait (it is quiet), without
        ``reminders`` those do (it is night). What must not be sent any more is closed or held.
        """
        cursor, at = cursor_of(connection), to_ms(now)
        if self._locks:
            # another sender's claim is not seen before its commit: claims wait for each other
            self._lock.run(cursor)
        most = max(rooms)
        permits = self._permits.free(cursor, channel, most, at) if paced else [0] * most
        urgent = self._permits.paused_from(cursor, channel, at)
        found: list[Candidate] = []
        rooms = rooms if unasked else rooms[:UNASKED]
        for priority, room in enumerate(rooms[:urgent]):
            free = min(room, len(permits)) - len(found)
            night = 0 if reminders else 1
            found += self._fetch(connection, cursor, channel, priority, free, night, now)
        due = [_due(row, permit) for row, permit in zip(found, permits, strict=False)]
        if paced:
            self._take_permits(cursor, due, to_ms(now + LONGEST_HELD))
        return due

    def _fetch(
        self,
        connection: Connection,
        cursor: Cursor,
        channel: str,
        priority: int,
        free: int,
        night: int,
        now: datetime,
    ) -> list[Candidate]:
        """Up to ``free`` rows that may be sent now."""
        found: list[Candidate] = []
        for _ in range(_ROUNDS):
            most = free - len(found)
            if most <= 0:
                break
            taken = self._due.run(
                cursor, channel=channel, priority=priority, now=to_ms(now), most=most, night=night
            ).fetchall()
            rows = [Candidate(*row) for row in taken if _opens(row)]
            close_spoilt(connection, [row[0] for row in taken if not _opens(row)], now)
            asked = judge_again(connection, rows, self._rules, now) if self._rules else rows
            fine = sort_out(connection, asked, now)
            self._mark.run_many(cursor, [{"key": row.id, "now": to_ms(now)} for row in fine])
            found += fine
            if len(fine) == len(taken):
                break
        return found

    def _take_permits(self, cursor: Cursor, due: list[Due], until: int) -> None:
        """An edit is no new message: the next one to its address need not wait a second."""
        rows: list[dict[str, Any]] = [
            {
                "channel": row.channel,
                "number": row.permit,
                "of": "" if row.edits else row.address,
                "until": until,
            }
            for row in due
        ]
        self._permits.take(cursor, rows)


def _due(row: Candidate, permit: int) -> Due:
    return Due(
        row.id,
        row.channel,
        row.address,
        row.body,
        row.origin,
        row.edits,
        row.attempts,
        permit,
        row.opener,
        row.held_until,
        row.trace,
    )


def _opens(row: tuple[Any, ...]) -> bool:
    """Whether address and words could be opened."""
    return row[2] is not None and row[3] is not None


def _table(model: Any) -> Any:
    return model.__table__


def _due_query() -> Any:
    o, a, c, p = map(_table, (Outbox, Address, Contact, Permit))
    earlier = o.alias("earlier")
    blocked = (
        select(earlier.c.id)
        .where(
            earlier.c.channel == o.c.channel,
            earlier.c.address == o.c.address,
            earlier.c.closed_at.is_(None),
            earlier.c.id != o.c.id,
            or_(
                earlier.c.status == literal_column("'sending'"),
                and_(
                    earlier.c.status != literal_column("'held'"),
                    _goes_on(earlier),
                    or_(
                        earlier.c.due_at <= bindparam("now"),
                        earlier.c.attempts > literal_column("0"),
                    ),
                    or_(
                        earlier.c.priority < o.c.priority,
                        and_(earlier.c.priority == o.c.priority, earlier.c.id < o.c.id),
                    ),
                ),
            ),
        )
        .exists()
    )
    just_written_to = (
        select(p.c.number)
        .where(
            p.c.channel == o.c.channel, p.c.address == o.c.address, p.c.free_at > bindparam("now")
        )
        .exists()
    )
    return (
        select(
            *(o.c.id, o.c.channel, o.c.address, o.c.body, o.c.origin, o.c.edits, o.c.attempts),
            *(o.c.priority, o.c.contact_id, o.c.expires_at),
            *(a.c.heard_at, a.c.state, a.c.rests_until, c.c.alerts, o.c.trace),
        )
        .select_from(
            o.outerjoin(a, and_(a.c.channel == o.c.channel, a.c.address == o.c.address)).outerjoin(
                c, c.c.id == o.c.contact_id
            )
        )
        .where(
            o.c.channel == bindparam("channel"),
            o.c.priority == bindparam("priority"),
            o.c.closed_at.is_(None),
            o.c.due_at <= bindparam("now"),
            o.c.status.not_in([literal_column("'sending'"), literal_column("'held'")]),
            _goes_on(o),
            ~blocked,
            or_(o.c.edits != literal_column("''"), ~just_written_to),
        )
        .order_by(o.c.due_at, o.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=o)
    )


def _goes_on(row: Any) -> ColumnElement[bool]:
    """Not of a broadcast that is paused or cancelled; at night no reminder that is late."""
    b = _table(Broadcast)
    off = or_(b.c.state == literal_column("'paused'"), b.c.state == literal_column("'cancelled'"))
    stopped = select(b.c.id).where(b.c.id == row.c.broadcast_id, off)
    by_day: Any = bindparam("night", type_=Integer) == literal_column("0")
    answer = row.c.origin != literal_column("'reminder'")
    return and_(or_(row.c.broadcast_id.is_(None), ~stopped.exists()), or_(by_day, answer))


def _mark_update() -> Any:
    o = _table(Outbox)
    return (
        update(o)
        .where(o.c.id == bindparam("key"))
        .values(
            status=literal_column("'sending'"),
            claimed_at=bindparam("now"),
            attempts=o.c.attempts + literal_column("1"),
            external_id=literal_column("NULL"),
        )
    )
