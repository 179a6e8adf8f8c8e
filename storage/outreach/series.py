"""What is due: broadcasts for a certain hour, and the runs of those that repeat; each once."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from flows.outreach.repeating import Repeating
from flows.outreach.verdict import Rules
from storage import listings, notices
from storage.audit import By, record
from storage.job_runs import claim
from storage.listings import SOURCE_LANGUAGE
from storage.models import Broadcast
from storage.outreach.broadcasts import COMPOSED, expires_at, listed, move

_BROADCAST: Any = Broadcast.__table__  # type: ignore[attr-defined]
_BY_ITSELF = "sportello"


def start_due(connection: Connection, rules: Rules, now: datetime) -> None:
    """Begin what is due, by day only: its rows follow page by page (`storage.outreach.expand`).

    What was missed is caught up once, with the latest run; what is too old is not sent at all.
    """
    if not rules.awake(now):
        return
    for row in listed(connection, ("scheduled",)):
        due = row["due_at"]
        if due <= now and _ours(connection, row) and _once(connection, row, due, rules, now):
            _start(connection, row, rules, now)
    for row in listed(connection, ("repeating",)):
        due = Repeating.parse(row["repeats"]).last(now, rules.zone)
        if not due or due <= row["started_at"] or not _ours(connection, row):
            continue
        if _once(connection, row, due, rules, now):
            _start_run(connection, row, due, rules, now)


def end_stale(connection: Connection, rules: Rules, now: datetime) -> None:
    """Nobody is told of an offer that was closed while its broadcast was on its way."""
    by = By(_BY_ITSELF, now)
    for row in listed(connection, ("sending", "paused")):
        why = _offer_gone(connection, row, rules, now)
        if why and move(connection, row["id"], "cancelled", by):
            _tell(connection, row, f"was ended: {why}", now)


def _ours(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Nobody has called it off since it was listed, and nobody can before our commit."""
    b = _BROADCAST.c
    query = select(b.id).where(b.id == row["id"], b.state == row["state"]).with_for_update()
    return connection.execute(query).first() is not None


def _once(
    connection: Connection, row: Mapping[str, Any], due: datetime, rules: Rules, now: datetime
) -> bool:
    local = due.astimezone(rules.zone)
    job = f"broadcast {row['id']} {local:%H:%M}"
    return claim(connection, job, local.date(), now)


def _start(connection: Connection, row: Mapping[str, Any], rules: Rules, now: datetime) -> None:
    if why := _not_any_more(connection, row, rules, now):
        values = {"state": "cancelled", "ended_at": now}
        _tell(connection, row, f"was not sent: {why}", now)
    else:
        values = {"state": "sending", "started_at": now}
    connection.execute(update(_BROADCAST).where(_BROADCAST.c.id == row["id"]).values(values))
    subject = f"broadcast:{row['id']}"
    by = By(_BY_ITSELF, now)
    record(connection, by, f"broadcast {values['state']}", [(subject, None, None)])


def _start_run(
    connection: Connection, series: Mapping[str, Any], due: datetime, rules: Rules, now: datetime
) -> None:
    """A broadcast of its own, in the words that were decided, with its own number in the button."""
    run = {**series, "due_at": due}
    if why := _not_any_more(connection, run, rules, now):
        _tell(connection, run, f"was not sent: {why}", now)
        return
    values = {name: series[name] for name in COMPOSED}
    row = Broadcast(
        **values,
        state="sending",
        series_id=series["id"],
        created_by=series["created_by"],
        created_at=now,
        due_at=due,
        started_at=now,
    )
    statement = insert(_BROADCAST).values(row.model_dump(exclude={"id"}))
    id = connection.execute(statement.returning(_BROADCAST.c.id)).scalar_one()
    text = json.dumps(series["letters"]).replace(f"go:news-{series['id']}-", f"go:news-{id}-")
    letters = json.loads(text)
    connection.execute(update(_BROADCAST).where(_BROADCAST.c.id == id).values(letters=letters))
    after = {"series": series["id"]}
    record(connection, By(_BY_ITSELF, now), "broadcast sending", [(f"broadcast:{id}", None, after)])


def _not_any_more(
    connection: Connection, row: Mapping[str, Any], rules: Rules, now: datetime
) -> str:
    """Why it is not sent any more, or empty."""
    if now >= expires_at(row):
        return "its time had passed before the assistant could send it"
    return _offer_gone(connection, row, rules, now)


def _offer_gone(connection: Connection, row: Mapping[str, Any], rules: Rules, now: datetime) -> str:
    offer, today = row["listing_id"], now.astimezone(rules.zone).date()
    if offer and listings.one(connection, offer, SOURCE_LANGUAGE, today) is None:
        return f"the offer {offer} is not shown any more"
    return ""


def _tell(connection: Connection, row: Mapping[str, Any], why: str, now: datetime) -> None:
    text = f"Broadcast {row['id']} ({row['name']}) {why}."
    notices.add(connection, By(_BY_ITSELF, now), "broadcast", f"broadcast:{row['id']}", text)
