"""A broadcast while the database restarts, the disk is full, or the provider fails.

Nothing is lost, nobody is written to twice, and the report says what happened.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text
from sqlalchemy.exc import DBAPIError

from bot import clock
from bot.channel import Channel, Failed, Letter, Sent
from bot.database_thread import DatabaseThread
from bot.sender import Sender
from bot.telegram.channel import TelegramChannel
from storage.database import open_database
from storage.models import Broadcast
from storage.outreach.report import report
from storage.schema import upgrade
from tests.databases import postgresql
from tests.loopback.telegram import LoopbackTelegram
from tests.test_pacing import NEVER_QUIET
from tests.test_sender import body, rows
from tests.test_storage_outbox import post

PEOPLE, SHARE = 200, 40
LEASE = timedelta(seconds=1.5)
_OPEN = text("SELECT count(*) FROM outbox WHERE closed_at IS NULL")
_CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Patient:
    """Implements `bot.channel.Channel`: takes a moment for each message, and counts them."""

    name = "telegram"

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    async def send(self, letter: Letter) -> Sent | Failed:
        await asyncio.sleep(0.01)
        self.seen[letter.address] += 1
        return Sent(f"m{letter.id}")

    async def check(self) -> str:
        return ""

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Found:
    """What the report says, and by address what the outbox says and how often they got it."""

    told: Counter[str]
    statuses: dict[str, str]
    seen: Counter[str]

    def is_right(self) -> bool:
        """Everyone once: who counts as sent got it, and who got it counts as sent or unknown."""
        got = {who for who, times in self.seen.items() if times}
        told = {who for who, status in self.statuses.items() if status == "sent"}
        doubt = {who for who, status in self.statuses.items() if status == "unknown"}
        return told <= got <= told | doubt and max(self.seen.values()) == 1


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.sender._SWEEP_SECONDS", 0.2)


def queue(engine: Engine, people: int = PEOPLE) -> int:
    """A broadcast to people 1 to ``people``; its number."""
    now = clock.now()
    made = Broadcast(name="news", state="sending", created_by="anna", created_at=now)
    row = {"origin": "broadcast", "priority": 2, "body": body("ciao"), "due_at": now}
    with engine.begin() as connection:
        statement = insert(Broadcast).values(made.model_dump(exclude={"id"}))
        id = connection.execute(statement.returning(Broadcast.id)).scalar_one()  # type: ignore[call-overload]
        for number in range(1, people + 1):
            post(connection, str(number), broadcast_id=id, language="it", **row)
    return int(id)


async def send(
    engine: Engine, channel: Channel, trouble: Callable[[], None] = lambda: None
) -> None:
    """Until nothing is open; ``trouble`` is called again and again meanwhile."""
    thread, stopping = DatabaseThread(engine), asyncio.Event()
    sender = Sender(engine, thread, {"telegram": channel}, clock.now, NEVER_QUIET, LEASE)
    running = asyncio.create_task(sender.run(stopping))
    async with asyncio.timeout(40):
        while await asyncio.to_thread(_open, engine):
            await asyncio.to_thread(trouble)
            await asyncio.sleep(0.01)
    stopping.set()
    await running
    thread.close()


def _open(engine: Engine) -> bool:
    try:
        with engine.begin() as connection:
            return bool(connection.execute(_OPEN).scalar_one())
    except DBAPIError:  # it was our connection that was cut
        return True


def found(engine: Engine, id: int, seen: Counter[str]) -> Found:
    with engine.begin() as connection:
        told = report(connection, id).total
    return Found(told, {row.address: row.status for row in rows(engine)}, seen)


@pytest.fixture
def server() -> Iterator[Engine]:
    with postgresql() as url:
        engine = open_database(url)
        upgrade(engine)
        yield engine
        engine.dispose()


def test_a_database_that_restarts_again_and_again(
    server: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    id, channel = queue(server), Patient()
    apart = open_database(server.url.render_as_string(hide_password=False))
    cuts: list[int] = []

    def cut() -> None:
        if channel.seen.total() >= SHARE * (len(cuts) + 1):
            cuts.append(1)
            with apart.begin() as connection:
                connection.execute(_CUT)

    asyncio.run(send(server, channel, cut))
    apart.dispose()
    after = found(server, id, channel.seen)
    assert len(cuts) >= PEOPLE // SHARE - 1
    assert after.is_right() and after.told.total() == PEOPLE, after
    assert set(after.told) <= {"sent", "unknown"}


def test_a_disk_that_is_full_for_a_while(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'full.db'}")
    upgrade(engine)
    id, channel, full = queue(engine), Patient(), [False]
    with engine.begin() as connection:  # whatever is written down needs room
        connection.execute(text("CREATE TABLE more (bytes BLOB)"))
        bigger = "INSERT INTO more VALUES (zeroblob(9000))"
        trigger = f"CREATE TRIGGER grow AFTER UPDATE ON outbox BEGIN {bigger}; END"
        connection.execute(text(trigger))

    @event.listens_for(engine, "checkout")
    def limit(connection: Any, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages if full[0] else 2**30}")

    def fill() -> None:
        full[0] = channel.seen.total() >= SHARE and "sender: OperationalError" not in caplog.text

    asyncio.run(send(engine, channel, fill))
    after = found(engine, id, channel.seen)
    engine.dispose()
    assert "sender: OperationalError" in caplog.text
    assert after.is_right() and after.told == {"sent": PEOPLE}, after


def test_a_provider_that_fails_in_every_way(server: Engine) -> None:
    people = 60
    id, telegram = queue(server, people), LoopbackTelegram("1:x")
    telegram.bot.chats = set(range(1, people + 1))

    async def go() -> None:
        await telegram.start()
        for status in (500, 502, 403, 503):
            telegram.fail_next(status)
        telegram.fail_next(429, retry_after=1)
        telegram.drop()
        channel = TelegramChannel("1:x", telegram.url)
        await send(server, channel)
        await channel.close()
        await telegram.stop()

    asyncio.run(go())
    seen = Counter(str(message.chat_id) for message in telegram.messages)
    after = found(server, id, seen)
    assert after.is_right(), after
    assert after.told == {"sent": people - 4, "unknown": 3, "failed": 1}
    assert len(seen) == people - 3, "of the unknown, the one whose answer was cut off"
