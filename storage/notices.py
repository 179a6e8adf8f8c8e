"""What the operators should know, until one of them closes it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from storage.audit import By
from storage.models import Notice

_NOTICE: Any = Notice.__table__  # type: ignore[attr-defined]


def add(connection: Connection, by: By, kind: str, subject: str, text: str) -> int:
    """Tell the operators; the notice's number."""
    row = {"at": by.now, "kind": kind, "subject": subject, "text": text, "closed_by": ""}
    made = insert(_NOTICE).values(row).returning(_NOTICE.c.id)
    return int(connection.execute(made).scalar_one())


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


def reword(connection: Connection, id: int, kind: str, text: str) -> None:
    """What it says now; it stays where it is."""
    connection.execute(update(_NOTICE).where(col(Notice.id) == id).values(kind=kind, text=text))


def reopen(connection: Connection, id: int) -> None:
    """It is not done after all."""
    values = {"closed_at": None, "closed_by": ""}
    connection.execute(update(_NOTICE).where(col(Notice.id) == id).values(values))


def forget_person(connection: Connection, contact_id: int, now: datetime) -> None:
    """What stays of a person who was erased: that there was something, and no trace of whom.

    An emergency stays open: an operator should know of it, also when nobody can be asked any more.
    """
    mine = col(Notice.subject) == f"contact:{contact_id}"
    gone = "A person who has deleted everything"
    urgent = {"text": f"{gone} (or is under 14) may be in danger; nobody can write to them"}
    open_emergency = (mine, col(Notice.kind) == "emergency", col(Notice.closed_at).is_(None))
    connection.execute(update(_NOTICE).where(*open_emergency).values(**urgent, subject=""))
    connection.execute(
        update(_NOTICE)
        .where(mine, col(Notice.closed_at).is_(None))
        .values(closed_at=now, closed_by="sportello")
    )
    connection.execute(update(_NOTICE).where(mine).values(text=gone, subject=""))


def close(connection: Connection, id: int, by: By) -> bool:
    """Note that it is done; False when there is no such open notice."""
    done = connection.execute(
        update(_NOTICE)
        .where(col(Notice.id) == id, col(Notice.closed_at).is_(None))
        .values(closed_at=by.now, closed_by=by.operator)
    )
    return done.rowcount == 1
