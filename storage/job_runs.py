"""Scheduled work is done once: whoever writes down the run does it, in the same transaction."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from storage.models import JobRun

_TABLE: Any = JobRun.__table__  # type: ignore[attr-defined]


def claim(connection: Connection, job: str, day: date, now: datetime) -> bool:
    """Whether this job's run for this local day is ours to do; never twice."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = insert(_TABLE).values(job=job, day=day, at=now).on_conflict_do_nothing()
    return connection.execute(row.returning(_TABLE.c.job)).first() is not None
