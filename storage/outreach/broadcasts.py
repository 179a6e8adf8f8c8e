"""Broadcasts as operators handle them: made, changed, sent, held, ended; each step once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from flows.messages import Outbound
from storage.audit import By, record
from storage.models import Broadcast, Outbox

_BROADCAST: Any = Broadcast.__table__  # type: ignore[attr-defined]
Row = dict[str, Any]
_MOST_DIGITS = 18  # of a number that a database takes

COMPOSED = ("name", "listing_id", "audience", "segments", "fallback", "templates", "lasts_hours")
BEFORE = {
    "scheduled": ("draft",),
    "repeating": ("draft",),
    "sending": ("draft", "scheduled", "paused"),
    "paused": ("sending",),
    "cancelled": ("draft", "scheduled", "repeating", "sending", "paused"),
}
"""State → those it may follow."""


def create(connection: Connection, values: Mapping[str, Any], by: By) -> int:
    """A new draft; its number."""
    row = Broadcast(**values, created_by=by.operator, created_at=by.now)
    statement = insert(_BROADCAST).values(row.model_dump(exclude={"id"}))
    id = int(connection.execute(statement.returning(_BROADCAST.c.id)).scalar_one())
    record(connection, by, "broadcast new", [(f"broadcast:{id}", None, dict(values))])
    return id


def change(connection: Connection, id: int, values: Mapping[str, Any], by: By) -> bool:
    """Change a draft; False when it is none, or somebody is just sending it."""
    before = _draft(connection, id)
    if before is None:
        return False
    if values:
        connection.execute(update(_BROADCAST).where(_BROADCAST.c.id == id).values(dict(values)))
    old = {name: before[name] for name in values}
    record(connection, by, "broadcast edit", [(f"broadcast:{id}", old, dict(values))])
    return True


def is_still(connection: Connection, shown: Mapping[str, Any]) -> bool:
    """Whether it is the draft that was shown; nobody can change it before our commit."""
    row = _draft(connection, shown["id"])
    return row is not None and all(row[name] == shown[name] for name in COMPOSED)


def _draft(connection: Connection, id: int) -> Mapping[Any, Any] | None:
    b = _BROADCAST.c
    query = select(_BROADCAST).where(b.id == id, b.state == "draft").with_for_update()
    return connection.execute(query).mappings().first()


def get(connection: Connection, id: int) -> Row | None:
    """One, or None."""
    row = connection.execute(select(_BROADCAST).where(_BROADCAST.c.id == id)).first()
    return dict(row._mapping) if row else None


def known(connection: Connection, number: str) -> str:
    """``number`` itself where there is such a broadcast, else ``unknown``: anybody makes links."""
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        return "unknown"
    query = select(_BROADCAST.c.id).where(_BROADCAST.c.id == int(number))
    return number if connection.execute(query).first() else "unknown"


def listed(connection: Connection, states: tuple[str, ...] = ()) -> list[Row]:
    """All, or those in some states, newest first."""
    query = select(_BROADCAST).order_by(_BROADCAST.c.id.desc())
    if states:
        query = query.where(_BROADCAST.c.state.in_(states))
    return [dict(row._mapping) for row in connection.execute(query)]


def schedule(
    connection: Connection,
    id: int,
    letters: Mapping[str, Outbound],
    by: By,
    *,
    due_at: datetime | None = None,
    repeats: str = "",
) -> bool:
    """Send it at ``due_at`` or again and again, in these words; False when it is no draft."""
    values = {"letters": _frozen(letters), "due_at": due_at, "repeats": repeats}
    state = "repeating" if repeats else "scheduled"
    return move(connection, id, state, by, **values, started_at=by.now)


def send(
    connection: Connection, id: int, letters: Mapping[str, Outbound], by: By, due_at: datetime
) -> bool:
    """Send it from ``due_at`` on, in these words; False when somebody has done so before."""
    row = get(connection, id)
    if row is None or row["state"] != "draft":
        return False
    state = "sending" if due_at <= by.now else "scheduled"
    values = {"letters": _frozen(letters), "due_at": due_at, "started_at": by.now}
    return move(connection, id, state, by, **values)


def move(connection: Connection, id: int, state: str, by: By, **values: Any) -> bool:
    """Bring it into ``state``; False when it cannot go there from where it is. Once, whoever runs
    beside us: the row itself decides.
    """
    b = _BROADCAST.c
    ended = {"ended_at": by.now} if state == "cancelled" else {}
    done = connection.execute(
        update(_BROADCAST)
        .where(b.id == id, b.state.in_(BEFORE[state]))
        .values(state=state, **ended, **values)
    )
    if not done.rowcount:
        return False
    shown = {name: str(values[name]) for name in ("due_at", "repeats") if values.get(name)}
    after = {"state": state, **shown}
    record(connection, by, f"broadcast {state}", [(f"broadcast:{id}", None, after)])
    if state == "cancelled":
        _cancel_rest(connection, id, by.now)
    return True


def finish(connection: Connection, now: datetime) -> None:
    """Those whose last message is settled are done."""
    b, o = _BROADCAST.c, Outbox
    still = select(col(o.id)).where(col(o.broadcast_id) == b.id, col(o.closed_at).is_(None))
    connection.execute(
        update(_BROADCAST)
        .where(b.state == "sending", b.expanded_at.is_not(None), ~still.exists())
        .values(state="done", ended_at=now)
    )


def expires_at(row: Mapping[str, Any]) -> datetime:
    """After this nothing of it is sent any more, nor begun."""
    due: datetime = row["due_at"]
    return due + timedelta(hours=row["lasts_hours"])


def _cancel_rest(connection: Connection, id: int, now: datetime) -> None:
    connection.execute(
        update(Outbox)
        .where(
            col(Outbox.broadcast_id) == id,
            col(Outbox.closed_at).is_(None),
            col(Outbox.status) != "sending",
        )
        .values(status="cancelled", problem="cancelled", closed_at=now)
    )


def _frozen(letters: Mapping[str, Outbound]) -> dict[str, Any]:
    return {language: letter.to_json() for language, letter in letters.items()}
