"""What the operators should know, until one of them closes it."""

from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from storage.audit import By
from storage.models import Notice

_NOTICE: Any = Notice.__table__  # type: ignore[attr-defined]


def add(connection: Connection, by: By, kind: str, subject: str, text: str) -> None:
    """Tell the operators."""
    row = {"at": by.now, "kind": kind, "subject": subject, "text": text, "closed_by": ""}
    connection.execute(insert(_NOTICE).values(row))


def notices(connection: Connection, *, closed: bool = False) -> list[dict[str, Any]]:
    """The open ones, or all, newest first."""
    query = select(_NOTICE).order_by(col(Notice.id).desc())
    if not closed:
        query = query.where(col(Notice.closed_at).is_(None))
    return [dict(row._mapping) for row in connection.execute(query)]


def close_about(connection: Connection, subject: str, by: By) -> None:
    """What the operators were told about ``subject`` is done."""
    connection.execute(
        update(_NOTICE)
        .where(col(Notice.subject) == subject, col(Notice.closed_at).is_(None))
        .values(closed_at=by.now, closed_by=by.operator)
    )


def close(connection: Connection, id: int, by: By) -> bool:
    """Note that it is done; False when there is no such open notice."""
    done = connection.execute(
        update(_NOTICE)
        .where(col(Notice.id) == id, col(Notice.closed_at).is_(None))
        .values(closed_at=by.now, closed_by=by.operator)
    )
    return done.rowcount == 1
