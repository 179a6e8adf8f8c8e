"""A broadcast's rows in the outbox, a page of people at a time.

Each page is one transaction with the place where the next one begins: after a crash it goes on from
there, and the unique (broadcast, contact) makes a page that comes twice harmless.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects import postgresql, sqlite

from flows.messages import Outbound
from flows.outreach.verdict import Rules
from storage.models import Broadcast, Outbox
from storage.outbox import UNASKED
from storage.outreach.broadcasts import expires_at
from storage.outreach.plan import Planned, make_plan

_BROADCAST: Any = Broadcast.__table__  # type: ignore[attr-defined]
_OUTBOX: Any = Outbox.__table__  # type: ignore[attr-defined]


def expand_page(engine: Engine, id: int, rules: Rules, now: datetime) -> bool:
    """Queue it for the next people; False when there is nothing more to queue now."""
    with engine.begin() as connection:
        query = select(_BROADCAST).where(_BROADCAST.c.id == id).with_for_update()
        row = connection.execute(query).first()
        if row is None or row.state != "sending" or row.expanded_at is not None:
            return False
        return _expand(connection, dict(row._mapping), rules, now)


def to_expand(connection: Connection) -> list[int]:
    """Those that have not reached everybody yet."""
    b = _BROADCAST.c
    query = select(b.id).where(b.state == "sending", b.expanded_at.is_(None)).order_by(b.id)
    return list(connection.execute(query).scalars())


def _expand(connection: Connection, row: dict[str, Any], rules: Rules, now: datetime) -> bool:
    letters = {code: Outbound.from_json(body) for code, body in row["letters"].items()}
    plan = make_plan(connection, row, letters, rules, now)
    planned, last = plan.page(connection, row["reached_id"])
    _queue(connection, row, planned, now)
    left_out = Counter(row["left_out"])
    left_out.update(verdict.reason.value for _, verdict in planned if verdict.reason)
    over = last == row["reached_id"]
    connection.execute(
        update(_BROADCAST)
        .where(_BROADCAST.c.id == row["id"])
        .values(reached_id=last, left_out=dict(left_out), expanded_at=now if over else None)
    )
    return not over


def _queue(
    connection: Connection, row: Mapping[str, Any], planned: list[Planned], now: datetime
) -> None:
    bodies = {code: json.dumps(body, ensure_ascii=False) for code, body in row["letters"].items()}
    common = {
        "origin": "broadcast", "priority": UNASKED, "broadcast_id": row["id"], "status": "queued",
        "due_at": now, "created_at": now, "expires_at": expires_at(row), "edits": "", "about": "",
        "attempts": 0, "hidden": 0,
    }  # fmt: skip
    rows = [
        {
            **common,
            "contact_id": person.id,
            "channel": verdict.way.channel,
            "address": verdict.way.address,
            "language": person.language,
            "body": bodies[person.language],
        }
        for person, verdict in planned
        if verdict.way
    ]
    if rows:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(_OUTBOX).on_conflict_do_nothing(), rows)
