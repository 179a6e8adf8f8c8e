"""A database that already knows many people."""

import json
import time

from sqlalchemy import insert

from flows.conversation import Conversation
from flows.talk import Answers
from storage.columns import from_ms
from storage.database import open_database
from storage.models import Address, Contact
from storage.models import Conversation as ConversationRow


def fill(database: str, count: int) -> None:
    """Add ``count`` people who went through the intake."""
    now = from_ms(int(time.time() * 1000))
    profile = Answers(age="25_34", comune="005067", needs=["job"], sectors=["cleaning"])
    state = json.dumps(Conversation(language="it", flow="menu", profile=profile).to_json())
    engine = open_database(database)
    with engine.begin() as connection:
        for first in range(1, count + 1, 10_000):
            ids = range(first, min(count + 1, first + 10_000))
            connection.execute(insert(Contact), [{"id": i, "created_at": now} for i in ids])
            connection.execute(
                insert(Address),
                [
                    {"contact_id": i, "channel": "telegram", "address": str(i), "heard_at": now}
                    for i in ids
                ],
            )
            connection.execute(
                insert(ConversationRow),
                [
                    {"contact_id": i, "language": "it", "state": state, "updated_at": now}
                    for i in ids
                ],
            )
    engine.dispose()
