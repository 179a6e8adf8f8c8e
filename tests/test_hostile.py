"""Whatever a stranger can send: 10,000 hostile updates, no 500, no conversation that is stuck."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import col

from bot.database_thread import DatabaseThread
from bot.receiver import Receiver
from bot.runtime import Parts
from bot.telegram.channel import TelegramChannel
from bot.telegram.webhook import routes
from bot.worker import Worker
from storage.database import reading
from storage.models import Outbox

SECRET = "hostile"
CHATS = (1, 2, 3)
EACH, TIMES = 100, 100  # 10,000 updates

_words = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="\u202e\u0000\ud800\u200f\ufeff🇮🇹👨‍👩‍👧١২३<>&=@", max_size=50),
    st.sampled_from(
        ["menu", "1", "٢", "STOP", "back", "sì", "/start", "/start x-y", "' OR 1=1;--"]
    ),
    st.integers(1, 20).map(lambda n: "9" * n * 300),
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_chat = st.sampled_from([{"id": id, "type": "private"} for id in CHATS]) | _json
_user = st.just({"id": 1, "language_code": "it"}) | _json
_message = st.fixed_dictionaries(
    {"chat": _chat},
    optional={
        "from": _user,
        "text": _words | _json,
        "location": st.just({"latitude": 44.9, "longitude": 8.1}) | _json,
        "voice": _json,
        "message_id": st.integers() | _json,
        "migrate_to_chat_id": _json,
    },
)
_tap = st.fixed_dictionaries(
    {
        "id": st.just("tap") | _json,
        "data": st.sampled_from(["1:it", "2:yes", "go:menu", "go:erase", "3:_back", "x"]) | _words,
        "message": _message,
    },
    optional={"from": _user},
)
_update = st.one_of(
    st.fixed_dictionaries({"message": _message}),
    st.fixed_dictionaries({"callback_query": _tap | _json}),
    st.fixed_dictionaries({"my_chat_member": _json}),
    st.dictionaries(st.text(max_size=12), _json, max_size=3),
)


@pytest.fixture
def batches() -> list[list[dict[str, Any]]]:
    """Drawn first, so that the event loop runs once."""
    drawn: list[list[dict[str, Any]]] = []

    @settings(
        max_examples=TIMES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(_update, min_size=EACH, max_size=EACH))
    def draw(updates: list[dict[str, Any]]) -> None:
        drawn.append(updates)

    draw()
    return drawn[:TIMES]


def test_ten_thousand_hostile_updates(batches: list[list[dict[str, Any]]], parts: Parts) -> None:
    assert sum(map(len, batches)) == EACH * TIMES
    statuses, failed = asyncio.run(_post(batches, parts))
    assert statuses <= {200, 400}
    assert failed == 0
    with reading(parts.engine).begin() as connection:
        chats = [str(chat) for chat in CHATS]
        rows = connection.execute(
            select(col(Outbox.address), col(Outbox.body))
            .where(col(Outbox.address).in_(chats))
            .order_by(col(Outbox.id))
        ).all()
        waiting = connection.execute(
            text("SELECT count(*) FROM inbox WHERE handled_at IS NULL")
        ).scalar_one()
    last = {row.address: row.body for row in rows}
    assert sorted(last) == chats
    assert all("go:" in body for body in last.values()), "the menu, or a question with a way to it"
    assert waiting == 0


async def _post(batches: list[list[dict[str, Any]]], parts: Parts) -> tuple[set[int], int]:
    database = DatabaseThread(parts.engine)
    worker = Worker(parts.engine, parts.flows, parts.settings.zone, parts.now)
    receiver = Receiver(worker, database, lambda: None)
    channel = TelegramChannel("1:x", "http://127.0.0.1:1")
    app = web.Application()
    app.add_routes(routes(channel, receiver.receive, SECRET))
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    statuses: set[int] = set()
    number = 0
    async with TestClient(TestServer(app)) as client:
        for batch in batches:
            posts = []
            for update in batch:
                number += 1
                body = json.dumps({**update, "update_id": number})
                posts.append(client.post("/telegram/webhook", data=body, headers=headers))
            for response in await asyncio.gather(*posts):
                statuses.add(response.status)
        for chat in CHATS:
            for words in ("2", "menu"):  # the first age would end it all
                number += 1
                said = {"chat": {"id": chat, "type": "private"}, "text": words}
                body = json.dumps({"update_id": number, "message": said})
                response = await client.post("/telegram/webhook", data=body, headers=headers)
                assert response.status == 200
    await channel.close()
    database.close()
    return statuses, worker.failed_turns
