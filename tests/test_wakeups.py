"""One process tells the others of one PostgreSQL that there is something to do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from bot.database_thread import DatabaseThread
from bot.wakeups import QUEUED, STORED, WakeUps
from storage.database import open_database
from tests.databases import postgresql

_CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)
_LISTENERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)


@pytest.fixture
def server() -> Iterator[Engine]:
    with postgresql() as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


@asynccontextmanager
async def both(engine: Engine) -> AsyncIterator[tuple[WakeUps, asyncio.Event, asyncio.Event]]:
    """One that tells, and what is set when another hears of a stored or a queued message."""
    threads = DatabaseThread(engine)
    stored, queued = asyncio.Event(), asyncio.Event()
    hearing = asyncio.create_task(
        WakeUps(engine, threads).hear({STORED: stored.set, QUEUED: queued.set})
    )
    try:
        yield WakeUps(engine, threads), stored, queued
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError):
            await hearing
        await asyncio.to_thread(threads.close)


async def listens(engine: Engine) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(_one, engine):
            await asyncio.sleep(0.05)


def _one(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(_LISTENERS).scalar_one())


async def heard(event: asyncio.Event) -> None:
    async with asyncio.timeout(20):
        await event.wait()
    event.clear()


def test_what_is_told_is_heard_by_name(server: Engine) -> None:
    async def go() -> None:
        async with both(server) as (teller, stored, queued):
            await heard(stored)  # at once: what was told while nobody listened
            await heard(queued)
            for _ in range(50):
                teller.tell(STORED)
            await heard(stored)
            assert not queued.is_set()
            teller.tell(QUEUED)
            await heard(queued)

    asyncio.run(go())


def test_after_the_database_was_away_it_listens_again(server: Engine) -> None:
    async def go() -> None:
        async with both(server) as (teller, stored, _):
            await heard(stored)
            await listens(server)
            with server.begin() as connection:
                assert connection.execute(_CUT).scalar_one()
            await heard(stored)  # again at once, whatever was missed meanwhile
            await listens(server)
            teller.tell(STORED)
            await heard(stored)

    asyncio.run(go())


def test_a_database_that_is_away_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine, tries = open_database("postgresql://127.0.0.1/away"), 0

    async def away(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise psycopg.OperationalError("the server is away")

    monkeypatch.setattr(WakeUps, "_listen", away)
    monkeypatch.setattr("bot.wakeups._AGAIN_SECONDS", 0)

    async def go() -> None:
        threads = DatabaseThread(engine)
        task = asyncio.create_task(WakeUps(engine, threads).hear({STORED: lambda: None}))
        async with asyncio.timeout(10):
            while tries < 3:
                await asyncio.sleep(0)
        task.cancel()
        threads.close()

    asyncio.run(go())
    assert caplog.messages == ["wake-ups: OperationalError; polling meanwhile"]


def test_on_sqlite_nothing_is_told_and_all_poll(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.db'}")

    async def go() -> None:
        async with both(engine) as (teller, stored, _):
            teller.tell(STORED)
            await asyncio.sleep(0)
            assert not stored.is_set()

    asyncio.run(go())
    engine.dispose()
