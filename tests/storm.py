"""Many people talking at once over a loopback Telegram, and the reckoning afterwards."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from bot.channel import Letter
from bot.telegram.render import draw
from flows.messages import Outbound
from storage.database import reading
from storage.models import Outbox
from tests.loopback.telegram import LoopbackTelegram

TOKEN = "123456:crash-test-token"
PEOPLE = 20
SAID = ("ciao", "italiano", "sì", "4", "no", "Amina", "Monale", "1", "1", "2", "2")
UPDATES = PEOPLE * len(SAID)
_WAITING = text(
    "SELECT (SELECT count(*) FROM inbox WHERE handled_at IS NULL)"
    " + (SELECT count(*) FROM outbox WHERE closed_at IS NULL AND status <> 'held')"
)


def settings(database: str, telegram: LoopbackTelegram, mode: str) -> dict[str, str]:
    """The program's settings for a storm."""
    return {
        "DATABASE_URL": database,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "TELEGRAM_MESSAGES_PER_SECOND": "0",
        "TELEGRAM_MODE": mode,
        "TELEGRAM_WEBHOOK_SECRET": "crash-test",
        "SIMULATOR": "0",
    }


@dataclass
class Found:
    """What was left after the storm."""

    lost: int
    unanswered: int
    repeated: int
    unflagged: int
    disordered: int


async def known(telegram: LoopbackTelegram, mode: str) -> None:
    """Until the program has told Telegram where updates go."""
    for _ in range(200):
        if mode == "polling" or telegram.webhook_url:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError("the program did not set its webhook")


async def talk(telegram: LoopbackTelegram, chat: int, mode: str) -> None:
    """One person; over polling they do not wait for the answers."""
    for words in SAID:
        update = telegram.said(chat, words)
        if mode == "webhook":
            await telegram.deliver(update)
        else:
            telegram.push(update)
        await asyncio.sleep(0.1 + chat % 7 / 50)


async def until_quiet(engine: Engine, telegram: LoopbackTelegram, seconds: float = 30) -> None:
    """Nothing waits any more, and nothing has come for two seconds; or ``seconds`` are over."""
    still, before, end = 0, -1, time.monotonic() + seconds
    while still < 10 and time.monotonic() < end:
        await asyncio.sleep(0.2)
        idle = await asyncio.to_thread(waiting, engine) == 0 and not telegram._updates
        seen = len(telegram.messages)
        still, before = (still + 1 if idle and seen == before else 0), seen


def waiting(engine: Engine) -> int:
    """How much is to be handled or sent now; -1 while the database cannot answer."""
    try:
        with reading(engine).begin() as connection:
            return int(connection.execute(_WAITING).scalar_one())
    except DBAPIError:
        return -1


def judge(
    engine: Engine, telegram: LoopbackTelegram, updates: int, *, but_for: Container[str] = ()
) -> Found:
    """What the database says was said, against what people saw; ``but_for`` rows of these origins
    or with these statuses.
    """
    with reading(engine).begin() as connection:
        stored = connection.execute(
            text("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL")
        ).scalar_one()
        o: Any = Outbox.__table__  # type: ignore[attr-defined]
        columns = (o.c.id, o.c.address, o.c.body, o.c.hidden, o.c.origin, o.c.status)
        rows = connection.execute(select(*columns).order_by(o.c.id)).all()
    seen: dict[str, list[str]] = defaultdict(list)
    for message in telegram.messages:
        seen[str(message.chat_id)].append(message.text)
    expected: dict[str, list[tuple[str, int, bool]]] = defaultdict(list)
    for id, address, body, hidden, origin, status in rows:
        letter = Letter(id, "telegram", address, Outbound.from_json(json.loads(body)))
        words = draw(letter)[0].params["text"]
        if origin not in but_for and (status not in but_for or status == "unknown"):
            expected[address].append((words, hidden, status not in but_for))
        elif words in seen[address]:
            seen[address].remove(words)
    found = Found(updates - stored, 0, 0, 0, 0)
    for chat, replies in expected.items():
        _compare(seen.pop(chat, []), replies, found)
    found.disordered += sum(map(bool, seen.values()))
    return found


def _compare(seen: list[str], replies: list[tuple[str, int, bool]], found: Found) -> None:
    """What one person saw, against what was said to them; the same twice in a row may be meant.

    A reply: its words, how often a send of it was hidden, and whether it must have come.
    """
    for words, same in groupby(replies, key=lambda reply: reply[0]):
        run = list(same)
        hidden, needed = [hidden for _, hidden, _ in run], sum(must for _, _, must in run)
        times = 0
        while seen and seen[0] == words:
            seen.pop(0)
            times += 1
        if times < needed:
            found.disordered += words in seen
            found.unanswered += words not in seen
        extra = max(0, times - len(hidden))
        found.repeated += extra
        found.unflagged += max(0, extra - sum(hidden))
    found.disordered += len(seen)
