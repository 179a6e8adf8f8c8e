"""The rows of a broadcast that is paused are put aside: no claim has to read past 100,000 of them.

They are due when they expire. It is the broadcast's state that holds them; this only makes it
cheap, a page at a time, and mends itself whenever it is called.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update
from sqlmodel import col

from storage.models import Broadcast, Outbox

PAGE = 5000


def put_aside_or_back(connection: Connection, now: datetime) -> bool:
    """A page of each that is paused goes aside, of each that goes on comes back; False when none
    did.
    """
    o = Outbox
    paused = col(o.due_at) <= now, col(o.expires_at)
    sending = col(o.due_at) == col(o.expires_at), now
    query = select(col(Broadcast.id), col(Broadcast.state))
    found = connection.execute(query.where(col(Broadcast.state).in_(("paused", "sending")))).all()
    moved = [_move(connection, id, *(paused if is_ == "paused" else sending)) for id, is_ in found]
    return any(moved)


def _move(connection: Connection, id: int, which: ColumnElement[bool], due_at: Any) -> bool:
    o = Outbox
    page = (
        select(col(o.id))
        .where(
            col(o.broadcast_id) == id,
            col(o.closed_at).is_(None),
            col(o.status) == "queued",
            col(o.expires_at).is_not(None),
            which,
        )
        .limit(PAGE)
    )
    moved = update(o).where(col(o.id).in_(page), col(o.status) == "queued")
    return connection.execute(moved.values(due_at=due_at)).rowcount > 0
