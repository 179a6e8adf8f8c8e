"""What came of a broadcast; each message counts once, as far as it got."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, distinct, func, literal, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.models import Broadcast, BroadcastCount, Event, Outbox

_COUNT: Any = BroadcastCount.__table__  # type: ignore[attr-defined]
BECAUSE = timedelta(hours=24)
"""A STOP within so long of a broadcast is taken to be because of it."""
_ARRIVED = ("sent", "delivered", "read", "unknown")
_STOPPED = "stopped"

Where = tuple[str, str]  # language and channel


@dataclass
class Report:
    """``states``: by language and channel, how many are at which status; ``tapped`` and
    ``stopped`` count people; ``problems``: by status and reason.
    """

    states: dict[Where, Counter[str]] = field(default_factory=dict)
    tapped: Counter[Where] = field(default_factory=Counter)
    stopped: Counter[Where] = field(default_factory=Counter)
    problems: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def total(self) -> Counter[str]:
        """How many are at which status, everywhere."""
        return sum(self.states.values(), Counter())

    def add(self, where: Where, status: str, problem: str, count: int) -> None:
        """So many more."""
        if status == _STOPPED:
            self.stopped[where] += count
            return
        self.states.setdefault(where, Counter())[status] += count
        if problem:
            self.problems[status, problem] += count


def progress(connection: Connection, id: int) -> Counter[str]:
    """How many are at which status in the outbox: quick, to be looked at again and again."""
    states = select(col(Outbox.status), func.count()).group_by(col(Outbox.status))
    found = connection.execute(states.where(col(Outbox.broadcast_id) == id))
    return Counter({row[0]: row[1] for row in found})


def report(connection: Connection, id: int) -> Report:
    """All that is known of it, also of rows that are not kept any more."""
    found = Report()
    mine = col(Outbox.broadcast_id) == id
    kept = select(_COUNT).where(_COUNT.c.broadcast_id == id)
    for row in (*connection.execute(kept), *_counts(connection, mine)):
        found.add((row.language, row.channel), row.status, row.problem, row.count)
    found.tapped.update(_taps(connection, id))
    return found


def fold(connection: Connection, old: Any) -> None:
    """Keep the counts of ``old`` rows, which are about to be deleted: once, whoever tidies beside
    us.
    """
    whose = col(Broadcast.id).in_(select(col(Outbox.broadcast_id)).where(old))
    connection.execute(
        select(col(Broadcast.id)).where(whose).order_by(col(Broadcast.id)).with_for_update()
    ).all()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for row in _counts(connection, old):
        statement = insert(_COUNT).values(dict(row._mapping))
        keys = [column.name for column in _COUNT.primary_key]
        more = {"count": _COUNT.c.count + statement.excluded.count}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=more))


def _counts(connection: Connection, which: Any) -> Iterator[Any]:
    """Broadcast, language, channel, status, problem and how many; and who said STOP after it."""
    o = Outbox
    keys = (col(o.broadcast_id), col(o.language), col(o.channel))
    problem = func.coalesce(col(o.problem), "").label("problem")
    states = (
        select(*keys, col(o.status), problem, func.count().label("count"))
        .where(which)
        .group_by(*keys, col(o.status), problem)
    )
    yield from connection.execute(states)
    e, ms = Event, int(BECAUSE.total_seconds() * 1000)
    said = (col(e.kind) == "did") & (col(e.flow) == "stop") & (col(e.step) == "silence")
    at, closed = type_coerce(col(e.at), BigInteger), type_coerce(col(o.closed_at), BigInteger)
    after = (col(e.at) >= col(o.created_at)) & (at <= closed + ms)
    stops = (
        select(
            *keys,
            literal(_STOPPED).label("status"),
            literal("").label("problem"),
            func.count(distinct(col(o.contact_id))).label("count"),
        )
        .join(e, (col(e.contact_id) == col(o.contact_id)) & said & after)
        .where(which, col(o.status).in_(_ARRIVED))
        .group_by(*keys)
    )
    yield from connection.execute(stops)


def _taps(connection: Connection, id: int) -> dict[Where, int]:
    """How many people went on from it, each where they did so first; not who was erased since."""
    e = Event
    first = (
        select(func.min(col(e.id)))
        .where(col(e.kind) == "did", col(e.flow) == "news", col(e.step) == "tapped")
        .where(col(e.key) == str(id), col(e.contact_id).is_not(None))
        .group_by(col(e.contact_id))
    )
    query = (
        select(col(e.language), col(e.channel), func.count())
        .where(col(e.id).in_(first))
        .group_by(col(e.language), col(e.channel))
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}
