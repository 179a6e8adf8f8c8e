"""Who changed what, and when. There is no way to change it from here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlmodel import col

from storage.models import Audit


@dataclass(frozen=True, slots=True)
class By:
    """The operator who does something, and when."""

    operator: str
    now: datetime


Change = tuple[str, dict[str, Any] | None, dict[str, Any] | None]
"""What it is about, and how it was before and after: JSON types without personal data."""


def record(connection: Connection, by: By, action: str, changes: list[Change]) -> None:
    """Write down the changes of one action."""
    rows = [
        {
            "at": by.now,
            "operator": by.operator,
            "action": action,
            "subject": subject,
            "before": before,
            "after": after,
        }
        for subject, before, after in changes
    ]
    if rows:
        connection.execute(insert(Audit), rows)


def entries(
    connection: Connection, subject: str = "", limit: int | None = 100, after: int = 0
) -> list[dict[str, Any]]:
    """The last changes, newest first; of one ``subject``, or those ``after`` a change's number."""
    query = select(Audit.__table__).order_by(col(Audit.id).desc()).limit(limit)  # type: ignore[attr-defined]
    if subject:
        query = query.where(col(Audit.subject) == subject)
    if after:
        query = query.where(col(Audit.id) > after)
    return [dict(row._mapping) for row in connection.execute(query)]


def newest(connection: Connection) -> int:
    """The number of the last change; 0 before the first."""
    return connection.execute(select(func.max(Audit.id))).scalar() or 0


def entry(connection: Connection, id: int) -> dict[str, Any] | None:
    """One change, or None."""
    row = connection.execute(select(Audit.__table__).where(col(Audit.id) == id)).first()  # type: ignore[attr-defined]
    return dict(row._mapping) if row else None
