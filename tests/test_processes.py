"""The roles as processes of their own on one database, and the clean stop."""

import asyncio
from pathlib import Path

import pytest

from storage.database import open_database
from tests.loopback.telegram import LoopbackTelegram
from tests.server import Server
from tests.storm import PEOPLE, TOKEN, UPDATES, Found, judge, known, settings, talk, until_quiet


def test_each_role_in_its_own_processes(database: str, tmp_path: Path) -> None:
    found, log = asyncio.run(_apart(database, tmp_path))
    assert found == Found(lost=0, unanswered=0, repeated=0, unflagged=0, disordered=0)
    assert "locked" not in log
    assert "ERROR" not in log


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_sigterm_under_load_stops_cleanly(mode: str, database: str, tmp_path: Path) -> None:
    found, code, seconds = asyncio.run(_stopped(mode, database, tmp_path))
    assert found == Found(lost=0, unanswered=0, repeated=0, unflagged=0, disordered=0)
    assert code == 0
    assert seconds < 10


async def _apart(database: str, folder: Path) -> tuple[Found, str]:
    """One web, two workers, two senders, one scheduler."""
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    chosen = settings(database, telegram, "webhook")
    log = folder / "server.log"
    servers = [Server(log, chosen) for _ in range(6)]
    servers[0].cli("init")
    for server, role in zip(
        servers, ("web", "worker", "worker", "sender", "sender", "scheduler"), strict=True
    ):
        await asyncio.to_thread(server.start, role)
    engine = open_database(database)
    try:
        await known(telegram, "webhook")
        people = range(6001, 6001 + PEOPLE)
        await asyncio.wait_for(asyncio.gather(*(talk(telegram, c, "webhook") for c in people)), 60)
        await until_quiet(engine, telegram)
        return judge(engine, telegram, UPDATES), log.read_text()
    finally:
        engine.dispose()
        for server in servers:
            server.stop()
        await telegram.stop()


async def _stopped(mode: str, database: str, folder: Path) -> tuple[Found, int, float]:
    """SIGTERM in the middle; then another process finishes what waits."""
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    server = Server(folder / "server.log", settings(database, telegram, mode))
    server.cli("init")
    await asyncio.to_thread(server.start)
    engine = open_database(database)
    try:
        await known(telegram, mode)
        people = range(7001, 7001 + PEOPLE)
        talking = [asyncio.create_task(talk(telegram, chat, mode)) for chat in people]
        await asyncio.sleep(0.7)
        code, seconds = await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await asyncio.wait_for(asyncio.gather(*talking), 60)
        await until_quiet(engine, telegram)
        return judge(engine, telegram, UPDATES), code, seconds
    finally:
        engine.dispose()
        server.stop()
        await telegram.stop()
