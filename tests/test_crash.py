"""``kill -9`` under load: no message lost, no reply lost, none repeated without being flagged."""

import asyncio
from pathlib import Path

import pytest

from storage.database import open_database
from tests.loopback.telegram import LoopbackTelegram
from tests.server import Server
from tests.storm import PEOPLE, TOKEN, UPDATES, Found, judge, known, settings, talk, until_quiet

KILLS = 3


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_kill_9_under_load(mode: str, database: str, tmp_path: Path) -> None:
    found = asyncio.run(_storm(mode, database, tmp_path, "tests.brisk"))
    assert (found.lost, found.unanswered, found.unflagged, found.disordered) == (0, 0, 0, 0), found
    assert found.repeated <= KILLS * 32, "at most one for each lane and kill"


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_without_the_protection_messages_are_lost(mode: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crash.db'}"
    assert asyncio.run(_storm(mode, url, tmp_path, "tests.unprotected")).lost > 0


async def _storm(mode: str, database: str, folder: Path, module: str) -> Found:
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    server = Server(folder / "server.log", settings(database, telegram, mode), module)
    server.cli("init")
    await asyncio.to_thread(server.start)
    engine = open_database(database)
    try:
        await known(telegram, mode)
        people = range(5001, 5001 + PEOPLE)
        talking = [asyncio.create_task(talk(telegram, chat, mode)) for chat in people]
        for _ in range(KILLS):
            await asyncio.sleep(0.5)
            await server.restart_killed()
        await asyncio.wait_for(asyncio.gather(*talking), 60)
        await until_quiet(engine, telegram)
        return judge(engine, telegram, UPDATES)
    finally:
        engine.dispose()
        server.stop()
        await telegram.stop()
