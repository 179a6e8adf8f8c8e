"""``kill -9`` under load: no message lost, no reply lost, none repeated without being flagged."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bot.channel import Letter
from bot.telegram.render import draw
from flows.messages import Outbound
from storage.database import open_database, reading
from tests.databases import postgresql
from tests.loopback.telegram import LoopbackTelegram
from tests.server import Server

TOKEN = "123456:crash-test-token"
PEOPLE, KILLS = 20, 3
SAID = ("ciao", "italiano", "sì", "no", "4", "Amina", "Monale", "1", "1", "2", "2")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'crash.db'}"
    else:
        with postgresql() as url:
            yield url


@dataclass
class Found:
    """What was left after the storm."""

    lost: int
    unanswered: int
    repeated: int
    unflagged: int
    disordered: int


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_kill_9_under_load(mode: str, database: str, tmp_path: Path) -> None:
    found = asyncio.run(_storm(mode, database, tmp_path, "bot"))
    assert (found.lost, found.unanswered, found.unflagged, found.disordered) == (0, 0, 0, 0), found
    assert found.repeated <= KILLS * 32, "at most one for each lane and kill"


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_without_the_protection_messages_are_lost(mode: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crash.db'}"
    assert asyncio.run(_storm(mode, url, tmp_path, "tests.unprotected")).lost > 0


async def _storm(mode: str, database: str, folder: Path, module: str) -> Found:
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    settings = {
        "DATABASE_URL": database,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "TELEGRAM_MODE": mode,
        "TELEGRAM_WEBHOOK_SECRET": "crash-test",
        "SIMULATOR": "0",
        "SEND_LEASE_SECONDS": "3",
    }
    server = Server(folder / "server.log", settings, module)
    server._environment["PUBLIC_URL"] = server.url
    server.cli("init")
    await asyncio.to_thread(server.start)
    engine = open_database(database)
    try:
        updates = await _load(telegram, server, mode)
        await _until_quiet(engine, telegram)
        return _judge(engine, telegram, updates)
    finally:
        engine.dispose()
        server.stop()
        await telegram.stop()


async def _load(telegram: LoopbackTelegram, server: Server, mode: str) -> int:
    for _ in range(200):  # the program tells Telegram its address at the start
        if mode == "polling" or telegram.webhook_url:
            break
        await asyncio.sleep(0.05)
    chats = range(5001, 5001 + PEOPLE)
    talking = [asyncio.create_task(_talk(telegram, chat, mode)) for chat in chats]
    for _ in range(KILLS):
        await asyncio.sleep(0.5)
        await server.restart_killed()
    await asyncio.wait_for(asyncio.gather(*talking), 60)
    return PEOPLE * len(SAID)


async def _talk(telegram: LoopbackTelegram, chat: int, mode: str) -> None:
    """One person; over polling they do not wait for the answers."""
    for words in SAID:
        update = telegram.said(chat, words)
        if mode == "webhook":
            await telegram.deliver(update)
        else:
            telegram.push(update)
        await asyncio.sleep(0.1 + chat % 7 / 50)


async def _until_quiet(engine: Engine, telegram: LoopbackTelegram) -> None:
    quiet, before = 0, -1
    for _ in range(150):
        await asyncio.sleep(0.2)
        with reading(engine).begin() as connection:
            row = connection.execute(
                text(
                    "SELECT (SELECT count(*) FROM inbox WHERE handled_at IS NULL)"
                    " + (SELECT count(*) FROM outbox WHERE closed_at IS NULL)"
                )
            ).scalar_one()
        seen = len(telegram.messages)
        still = row == 0 and not telegram._updates and seen == before
        quiet, before = (quiet + 1 if still else 0), seen
        if quiet >= 10:
            return


def _judge(engine: Engine, telegram: LoopbackTelegram, updates: int) -> Found:
    with reading(engine).begin() as connection:
        stored = connection.execute(
            text("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL")
        ).scalar_one()
        rows = connection.execute(
            text("SELECT id, address, body, hidden FROM outbox ORDER BY id")
        ).all()
    seen: dict[str, list[str]] = defaultdict(list)
    for message in telegram.messages:
        seen[str(message.chat_id)].append(message.text)
    expected: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for id, address, body, hidden in rows:
        letter = Letter(id, "telegram", address, Outbound.from_json(json.loads(body)))
        expected[address].append((draw(letter)[0].params["text"], hidden))
    found = Found(updates - stored, 0, 0, 0, 0)
    for chat, replies in expected.items():
        _compare(seen.pop(chat, []), replies, found)
    found.disordered += len(seen)
    return found


def _compare(seen: list[str], replies: list[tuple[str, int]], found: Found) -> None:
    """What one person saw, against what was said to them; the same twice in a row may be meant."""
    for words, run in groupby(replies, key=lambda reply: reply[0]):
        hidden = [hidden for _, hidden in run]
        times = 0
        while seen and seen[0] == words:
            seen.pop(0)
            times += 1
        if times < len(hidden):
            found.disordered += words in seen
            found.unanswered += words not in seen
        extra = max(0, times - len(hidden))
        found.repeated += extra
        found.unflagged += max(0, extra - sum(hidden))
    found.disordered += len(seen)
