"""A broadcast to many people: the dry run, the rows in the outbox, and a claim beside them."""

import json
import resource
from datetime import UTC, datetime, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert

from bot.catalogs import load_languages
from flows.outreach.quiet import Quiet
from flows.outreach.verdict import Rules
from storage.audit import By
from storage.claims import Claims
from storage.database import open_database
from storage.models import Address, Contact, Conversation
from storage.outreach import broadcasts, expand, wording
from storage.outreach.plan import dry_run, make_plan
from storage.schema import upgrade

_RULES = Rules(ZoneInfo("Europe/Rome"), Quiet(time(0), time(0)))
_BATCH = 5_000
_PROFILE = {"age": "25_34", "comune": "005067", "needs": ["job"], "sectors": ["care"], "name": "A"}


def fill(database: str, count: int, now: datetime) -> Engine:
    """So many people on Telegram who agreed."""
    engine = open_database(database)
    upgrade(engine)
    state = json.dumps({"language": "it", "profile": _PROFILE, "answers": {}, "trail": []})
    for first in range(1, count + 1, _BATCH):
        ids = range(first, min(first + _BATCH, count + 1))
        with engine.begin() as connection:
            people = [{"id": i, "alerts": "on", "agreed": "alerts", "created_at": now} for i in ids]
            connection.execute(insert(Contact), people)
            talks = {"language": "it", "state": state, "updated_at": now}
            connection.execute(insert(Conversation), [{"contact_id": i, **talks} for i in ids])
            where = {"channel": "telegram", "state": "ok", "heard_at": now}
            rows = [{"contact_id": i, "address": str(i), **where} for i in ids]
            connection.execute(insert(Address), rows)
    return engine


def measured(database: str, count: int) -> dict[str, float]:
    """Seconds of the dry run, of queueing all and of the longest page; memory; a claim."""
    now = datetime.now(UTC)
    engine, by = fill(database, count, now), By("bench", now)
    with engine.begin() as connection:
        id = broadcasts.create(connection, {"name": "bench"}, by)
        wording.save(connection, id, {"it": "Ciao, c'è un corso nuovo."}, frozenset(), by)
        letters = wording.letters(
            connection, broadcasts.get(connection, id) or {}, load_languages("it")
        )
    before, began = _resident(), perf_counter()
    with engine.begin() as connection:
        row = broadcasts.get(connection, id) or {}
        tally = dry_run(connection, make_plan(connection, row, letters, _RULES, now))
        assert tally.going.total() == count
        found = {"dry run s": perf_counter() - began}
        broadcasts.send(connection, id, letters, by, now)
    found |= _queued(engine, id, now)
    found["MiB more"] = _resident() - before
    found["claim ms"] = _claimed(engine, now)
    with engine.begin() as connection:
        broadcasts.move(connection, id, "paused", by)
    found["claim while paused ms"] = _claimed(engine, now)
    engine.dispose()
    return found


def _queued(engine: Engine, id: int, now: datetime) -> dict[str, float]:
    began, longest, more = perf_counter(), 0.0, True
    while more:
        page = perf_counter()
        more = expand.expand_page(engine, id, _RULES, now)
        longest = max(longest, perf_counter() - page)
    return {"queued s": perf_counter() - began, "longest page s": longest}


def _claimed(engine: Engine, now: datetime) -> float:
    claims, began = Claims(engine.dialect, _RULES), perf_counter()
    for _ in range(10):
        with engine.begin() as connection:
            claims.claim(connection, "telegram", (8, 8, 8), now + timedelta(minutes=1))
    return (perf_counter() - began) / 10 * 1000


def _resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
