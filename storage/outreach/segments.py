"""Saved audiences."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlmodel import col

from flows.outreach.audience import Audience
from storage.audit import By, record
from storage.models import Broadcast, Segment


def save(connection: Connection, name: str, audience: Audience, by: By) -> None:
    """Keep it under that name, in place of what was there."""
    before = segments(connection).get(name)
    row = audience.to_json()
    connection.execute(delete(Segment).where(col(Segment.name) == name))
    connection.execute(insert(Segment).values(name=name, audience=row))
    record(connection, by, "segment save", [(f"segment:{name}", before, row)])


def remove(connection: Connection, name: str, by: By) -> str:
    """Empty when it is removed, else ``unknown``, or the broadcast that needs it."""
    before = segments(connection).get(name)
    if before is None:
        return "unknown"
    waiting = ("draft", "scheduled", "repeating", "sending", "paused")
    query = select(col(Broadcast.id), col(Broadcast.segments)).where(
        col(Broadcast.state).in_(waiting)
    )
    for id, names in connection.execute(query):
        if name in names:
            return f"broadcast {id}"
    connection.execute(delete(Segment).where(col(Segment.name) == name))
    record(connection, by, "segment remove", [(f"segment:{name}", before, None)])
    return ""


def segments(connection: Connection) -> dict[str, dict[str, Any]]:
    """Name → audience as JSON."""
    query = select(col(Segment.name), col(Segment.audience)).order_by(col(Segment.name))
    return {row[0]: row[1] for row in connection.execute(query)}


def audiences(connection: Connection, names: Sequence[str]) -> list[Audience]:
    """Of these names. Raises KeyError for one that is not there: nobody is reached by mistake."""
    known = segments(connection)
    return [Audience.from_json(known[name]) for name in names]
