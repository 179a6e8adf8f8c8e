"""``kill -9`` under load, by polling: no message and no reply lost, none repeated without a flag.

Over the webhook: `tests.battery.kills`.
"""

import asyncio
from pathlib import Path

from storage.database import open_database
from tests.loopback.telegram import LoopbackTelegram
from tests.server import Server
from tests.storm import PEOPLE, TOKEN, UPDATES, Found, judge, known, settings, talk, until_quiet

KILLS = 3
_MODE = "polling"


def test_kill_9_under_load(database: str, tmp_path: Path) -> None:
    found = asyncio.run(_storm(database, tmp_path, "tests.brisk"))
    assert (found.lost, found.unanswered, found.unflagged, found.disordered) == (0, 0, 0, 0), found
    assert found.repeated <= KILLS * 32, "at most one for each lane and kill"


def test_without_the_protection_messages_are_lost(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crash.db'}"
    assert asyncio.run(_storm(url, tmp_path, "tests.unprotected")).lost > 0


async def _storm(database: str, folder: Path, module: str) -> Found:
    telegram = LoopbackTelegram(TOKEN)
    await telegram.start()
    server = Server(folder / "server.log", settings(database, telegram, _MODE), module)
    server.cli("init")
    await asyncio.to_thread(server.start)
    engine = open_database(database)
    try:
        await known(telegram, _MODE)
        people = range(5001, 5001 + PEOPLE)
        talking = [asyncio.create_task(talk(telegram, chat, _MODE)) for chat in people]
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
