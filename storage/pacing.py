"""How fast a channel may be used, by all processes together, and when it must not be used.

A channel that allows N messages a second has N permits. A send takes one until a second after its
answer. So in no second more than N messages reach the provider, however long each is on its way
and whichever process sends it; and the address on a permit gets no second message meanwhile.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Dialect, bindparam, delete, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.columns import to_ms
from storage.models import Pause, Permit
from storage.prepared import Cursor, Prepared

COOLS = timedelta(milliseconds=1010)
"""How long after its answer a send keeps its permit: a second, and what rounding may take."""

IN_ANSWER_COOLS = timedelta(milliseconds=1500)
"""The same for a reply in a webhook's answer, of which nobody tells when it arrived."""

NOBODY_WAITS = 3  # less urgent than any row
_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Cooling:
    """A permit that is free again from then on."""

    channel: str
    number: int
    free_at: datetime


def grant(connection: Connection, channel: str, rate: int) -> None:
    """The channel has exactly ``rate`` permits from now on; 0: it needs none."""
    p = Permit
    connection.execute(delete(p).where(col(p.channel) == channel, col(p.number) > rate))
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"channel": channel, "number": number, "free_at": _LONG_AGO, "address": ""}
        for number in range(1, rate + 1)
    ]
    if rows:
        connection.execute(insert(p).on_conflict_do_nothing(), rows)


def pause(
    connection: Connection, channel: str, priority: int, until: datetime, code: str = ""
) -> None:
    """Nothing of this priority or less urgent leaves before then; a longer pause stays."""
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"channel": channel, "priority": priority, "until": until, "code": code}
    made = insert(Pause).values(row)
    connection.execute(
        made.on_conflict_do_update(
            index_elements=["channel", "priority"],
            set_={"until": made.excluded.until, "code": made.excluded.code},
            where=col(Pause.until) < made.excluded.until,
        )
    )


class Permits:
    """The statements of the hot path, prepared for one dialect; ``paced`` channels need permits."""

    def __init__(self, dialect: Dialect, paced: Container[str] = ()) -> None:
        self._paced = paced
        self._free = Prepared(_free_query(), dialect)
        self._take = Prepared(_take_update(), dialect)
        self._cool = Prepared(_cool_update(), dialect)
        self._take_one = Prepared(_take_one_update(), dialect)
        self._paused = Prepared(_paused_query(), dialect)

    def free(self, cursor: Cursor, channel: str, most: int, now: int) -> list[int]:
        """Numbers of free permits, locked where others could take them meanwhile."""
        found = self._free.run(cursor, channel=channel, now=now, most=most)
        return [row[0] for row in found.fetchall()]

    def take(self, cursor: Cursor, rows: list[dict[str, Any]]) -> None:
        """Each: channel, number, address, until."""
        self._take.run_many(cursor, rows)

    def cool(self, cursor: Cursor, permits: Iterable[Cooling]) -> None:
        """They are free again soon."""
        rows = [
            {"channel": p.channel, "number": p.number, "until": to_ms(p.free_at)} for p in permits
        ]
        self._cool.run_many(cursor, rows)

    def take_one(self, cursor: Cursor, channel: str, address: str, now: int) -> bool:
        """A permit for a reply in a webhook's answer.

        False when none is free for this address, or while even replies wait on this channel: nobody
        would tell us that it was refused.
        """
        if channel not in self._paced:
            return True
        if self.paused_from(cursor, channel, now) == 0:
            return False
        until = now + round(IN_ANSWER_COOLS.total_seconds() * 1000)
        row = self._take_one.run(cursor, channel=channel, address=address, now=now, until=until)
        return row.fetchone() is not None

    def paused_from(self, cursor: Cursor, channel: str, now: int) -> int:
        """The most urgent priority that must wait now; `NOBODY_WAITS` without a pause."""
        row = self._paused.run(cursor, channel=channel, now=now).fetchone()
        return row[0] if row else NOBODY_WAITS


def _free_query() -> Any:
    p = Permit.__table__  # type: ignore[attr-defined]
    return (
        select(p.c.number)
        .where(p.c.channel == bindparam("channel"), p.c.free_at <= bindparam("now"))
        .order_by(p.c.free_at)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


def _take_update() -> Any:
    p = Permit.__table__  # type: ignore[attr-defined]
    return (
        update(p)
        .where(p.c.channel == bindparam("channel"), p.c.number == bindparam("number"))
        .values(free_at=bindparam("until"), address=bindparam("of"))
    )


def _cool_update() -> Any:
    p = Permit.__table__  # type: ignore[attr-defined]
    return (
        update(p)
        .where(p.c.channel == bindparam("channel"), p.c.number == bindparam("number"))
        .values(free_at=bindparam("until"))
    )


def _take_one_update() -> Any:
    p, q = Permit.__table__, Permit.__table__.alias()  # type: ignore[attr-defined]
    here: Any = bindparam("channel")
    same_person = (
        select(q.c.number)
        .where(
            q.c.channel == here, q.c.address == bindparam("address"), q.c.free_at > bindparam("now")
        )
        .exists()
    )
    r = Permit.__table__.alias()  # type: ignore[attr-defined]
    free = (
        select(r.c.number)
        .where(r.c.channel == here, r.c.free_at <= bindparam("now"), ~same_person)
        .limit(literal_column("1"))
        .with_for_update(skip_locked=True)
    )
    return (
        update(p)
        .where(p.c.channel == here, p.c.number == free.scalar_subquery())
        .values(free_at=bindparam("until"), address=bindparam("address"))
        .returning(p.c.number)
    )


def _paused_query() -> Any:
    p = Pause.__table__  # type: ignore[attr-defined]
    return (
        select(p.c.priority)
        .where(p.c.channel == bindparam("channel"), p.c.until > bindparam("now"))
        .order_by(p.c.priority)
        .limit(literal_column("1"))
    )
