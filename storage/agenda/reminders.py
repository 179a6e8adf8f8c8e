"""Which reminders are due, each claimed once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from flows.agenda.port import Appointment
from flows.agenda.remind import is_night, reminders
from storage.agenda.person import read
from storage.models import Appointment as Row
from storage.models import Reminder

_REMINDER: Any = Reminder.__table__  # type: ignore[attr-defined]
_AHEAD = timedelta(days=3)
_TOO_LATE = timedelta(minutes=15)
_JUST_BOOKED = timedelta(hours=1)
_LATE = timedelta(hours=6)


def claim_due(
    connection: Connection, now: datetime, zone: ZoneInfo
) -> Iterator[tuple[int, Appointment]]:
    """Whom to remind now of what. What is yielded is written down, and never comes again.

    None just before the appointment, none for what was booked within the hour, and after a long
    silence of ours only the one that still makes sense.
    """
    if is_night(now.astimezone(zone)):
        return
    rows = connection.execute(
        select(col(Row.id), col(Row.contact_id), col(Row.starts_at), col(Row.created_at)).where(
            col(Row.status) == "booked",
            col(Row.contact_id).is_not(None),
            col(Row.starts_at) > now + _TOO_LATE,
            col(Row.starts_at) < now + _AHEAD,
        )
    ).all()
    for row in rows:
        kinds = [
            kind
            for kind, at in reminders(row.starts_at.astimezone(zone)).items()
            if at <= now < at + _LATE and at > row.created_at + _JUST_BOOKED
        ]
        if [kind for kind in kinds if _claim(connection, row.id, kind, row.starts_at)]:
            yield row.contact_id, read(connection, col(Row.id) == row.id, zone)[0]


def _claim(connection: Connection, id: int, kind: str, starts_at: datetime) -> bool:
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"appointment_id": id, "kind": kind, "starts_at": starts_at}
    added = upsert(_REMINDER).values(row).on_conflict_do_nothing()
    return connection.execute(added.returning(_REMINDER.c.kind)).first() is not None
