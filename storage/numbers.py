"""How much waits, for whoever watches: counts and ages, nothing of a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlmodel import col

from storage.columns import to_ms
from storage.models import Inbox, JobRun, Outbox


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a database holds at one moment. ``open``: channel, priority and status of open rows."""

    inbox_waiting: int
    inbox_oldest_seconds: float
    open: Mapping[tuple[str, int, str], tuple[int, float]]
    unknown: int
    jobs: Mapping[str, float]


def read_numbers(connection: Connection, now: datetime) -> Numbers:
    """How much waits now, and for how many seconds the oldest has."""
    waiting, received_at = connection.execute(
        select(func.count(), func.min(col(Inbox.received_at))).where(
            col(Inbox.handled_at).is_(None)
        )
    ).one()
    o = Outbox
    kinds = (col(o.channel), col(o.priority), col(o.status))
    rows = connection.execute(
        select(*kinds, func.count(), func.min(col(o.due_at)))
        .where(col(o.closed_at).is_(None))
        .group_by(*kinds)
    )
    found = {(row[0], row[1], row[2]): (row[3], _age(row[4], now)) for row in rows}
    unknown = connection.scalar(select(func.count()).where(col(o.status) == "unknown")) or 0
    last = select(col(JobRun.job), func.max(col(JobRun.at))).group_by(col(JobRun.job))
    jobs = {row[0]: to_ms(row[1]) / 1000 for row in connection.execute(last)}
    return Numbers(waiting, _age(received_at, now), found, unknown, jobs)


def _age(at: datetime | None, now: datetime) -> float:
    """In seconds; what is due later has none."""
    return max(0.0, (now - at).total_seconds()) if at else 0.0
