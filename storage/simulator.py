"""The simulator's memory of its chats."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlmodel import col

from storage.models import SimulatorMessage


def remember(
    connection: Connection, chat: str, sender: str, text: str, body: dict[str, Any], now: datetime
) -> int:
    """Add a message of ``person`` or ``bot`` to a chat; returns its id."""
    row = insert(SimulatorMessage).values(
        chat=chat, sender=sender, text=text, body=json.dumps(body, ensure_ascii=False), at=now
    )
    return int(connection.execute(row.returning(col(SimulatorMessage.id))).scalar_one())


def messages(
    connection: Connection, chat: str, after: int, limit: int = 500
) -> list[dict[str, Any]]:
    """The messages of a chat with an id over ``after``, oldest first."""
    m = SimulatorMessage
    query = (
        select(col(m.id), col(m.sender), col(m.text), col(m.body), col(m.at))
        .where(col(m.chat) == chat, col(m.id) > after)
        .order_by(col(m.id))
        .limit(limit)
    )
    return [
        {"id": id, "from": sender, "text": text, **json.loads(body), "at": at.isoformat()}
        for id, sender, text, body, at in connection.execute(query)
    ]


def speaks(connection: Connection, chat: str) -> dict[str, str]:
    """The language and direction of what the bot said last in a chat; empty before it did."""
    m = SimulatorMessage
    query = select(col(m.body)).where(col(m.chat) == chat, col(m.sender) == "bot")
    body = connection.execute(query.order_by(col(m.id).desc()).limit(1)).scalar()
    said = json.loads(body) if body else {}
    return {key: said[key] for key in ("language", "direction") if key in said}


def label_of(connection: Connection, chat: str, tap: str) -> str:
    """What the button with this value said, when it was last shown; else the value itself."""
    m = SimulatorMessage
    query = (
        select(col(m.body))
        .where(col(m.chat) == chat, col(m.sender) == "bot")
        .order_by(col(m.id).desc())
        .limit(50)
    )
    for (body,) in connection.execute(query):
        for option in json.loads(body).get("options", ()):
            if option["tap"] == tap:
                return str(option["label"])
    return tap


def message_with(connection: Connection, chat: str, tap: str) -> str:
    """The id of the newest message that has this button, or an empty string."""
    m = SimulatorMessage
    query = (
        select(col(m.id), col(m.body))
        .where(col(m.chat) == chat, col(m.sender) == "bot")
        .order_by(col(m.id).desc())
        .limit(50)
    )
    for id, body in connection.execute(query):
        if any(option["tap"] == tap for option in json.loads(body).get("options", ())):
            return str(id)
    return ""
