"""People and broadcasts for tests."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from flows.outreach.verdict import Rules
from flows.speech import Languages
from storage.audit import By
from storage.models import Address, Contact, Conversation
from storage.outreach import broadcasts, wording
from tests.conftest import START

ROME = ZoneInfo("Europe/Rome")
RULES = Rules(ROME)
BY = By("anna", START)


def add_person(
    connection: Connection,
    id: int,
    language: str = "it",
    *,
    alerts: str = "on",
    agreed: str = "alerts",
    channel: str = "telegram",
    state: str = "ok",
    heard: timedelta = timedelta(0),
    **profile: Any,
) -> None:
    """A contact with one address that wrote so long ago; without a channel they have none."""
    values = {"id": id, "alerts": alerts, "agreed": agreed, "created_at": START}
    connection.execute(insert(Contact).values(values))
    body = json.dumps({"language": language, "profile": profile})
    said = {"contact_id": id, "language": language, "state": body, "updated_at": START}
    connection.execute(insert(Conversation).values(said))
    if channel:
        add_address(connection, id, channel, state=state, heard=heard)


def add_address(
    connection: Connection,
    id: int,
    channel: str,
    *,
    state: str = "ok",
    heard: timedelta = timedelta(0),
) -> None:
    """Another address of theirs."""
    row = {"contact_id": id, "channel": channel, "address": f"{channel}{id}", "state": state}
    connection.execute(insert(Address).values({**row, "heard_at": START - heard}))


def add_broadcast(connection: Connection, texts: dict[str, str] | None = None, **row: Any) -> int:
    """A draft that says this, in languages that somebody has read."""
    id = broadcasts.create(connection, {"name": "news", **row}, BY)
    texts = texts or {"it": "Ciao", "fr": "Bonjour"}
    wording.save(connection, id, texts, frozenset(texts), BY)
    return id


def send(connection: Connection, id: int, languages: Languages) -> bool:
    """As the operator says yes to it."""
    row = broadcasts.get(connection, id)
    assert row
    letters = wording.letters(connection, row, languages)
    return broadcasts.send(connection, id, letters, BY, BY.now)
