"""Senders that are killed while they send a broadcast, and the reckoning afterwards.

``python -m tests.sending_storm --people 10000 --kills 50`` is the long one.
"""

import argparse
import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select, text
from sqlmodel import col

from bot.sender import LANES
from storage.database import open_database, reading
from storage.models import Outbox
from tests.loopback.telegram import LoopbackTelegram
from tests.server import Server
from tests.storm import TOKEN, settings

_WORDS = '{"text": "ciao", "language": "it"}'
_OPEN = text("SELECT count(*) FROM outbox WHERE closed_at IS NULL")
_STATUSES = select(col(Outbox.address), col(Outbox.status))


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Of one message to each person: how many never came although they count as sent, came twice,
    are ``unknown`` (listed), came in the end, are still open.
    """

    lost: int
    twice: int
    unknown: int
    reached: int
    open: int

    def is_right(self, kills: int) -> bool:
        """Everyone once; in doubt at most one for each lane and kill."""
        return self.lost == self.twice == self.open == 0 and self.unknown <= kills * LANES


def queue(engine: Engine, people: int) -> None:
    """A broadcast to people 1 to ``people``."""
    now = datetime.now(UTC)
    row: dict[str, Any] = {"channel": "telegram", "origin": "broadcast", "priority": 2}
    rows = [
        Outbox(**row, address=str(i), body=_WORDS, due_at=now, created_at=now)
        for i in range(1, people + 1)
    ]
    with engine.begin() as connection:
        connection.execute(insert(Outbox), [r.model_dump(exclude={"id"}) for r in rows])


async def storm(
    database: str, folder: Path, people: int, kills: int, module: str = "tests.brisk"
) -> Reckoning:
    """Kill the sender again and again, each time after a share of the messages; then let it end."""
    telegram = LoopbackTelegram(TOKEN)
    telegram.bot.chats, telegram.answers_after = set(range(1, people + 1)), 0.05
    await telegram.start()
    quiet = {"QUIET_FROM": "00:00", "QUIET_UNTIL": "00:00"}
    server = Server(folder / "s.log", settings(database, telegram, "polling") | quiet, module)
    server.cli("init")
    engine = open_database(database)
    queue(engine, people)
    await asyncio.to_thread(server.start, "sender")
    try:
        for kill in range(1, kills + 1):
            share = people * kill // (kills + 1)
            await _until(partial(_seen, telegram, share))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start, "sender")
        await _until(lambda: _count(engine) == 0)
        return _reckoned(engine, telegram)
    finally:
        server.stop()
        engine.dispose()
        await telegram.stop()


async def _until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not wanted():
            await asyncio.sleep(0.02)


def _seen(telegram: LoopbackTelegram, messages: int) -> bool:
    return len(telegram.messages) >= messages


def _count(engine: Engine) -> int:
    with reading(engine).begin() as connection:
        return int(connection.execute(_OPEN).scalar_one())


def _reckoned(engine: Engine, telegram: LoopbackTelegram) -> Reckoning:
    seen = Counter(str(message.chat_id) for message in telegram.messages)
    with reading(engine).begin() as connection:
        status = {str(address): str(state) for address, state in connection.execute(_STATUSES)}
    return Reckoning(
        lost=sum(state == "sent" and not seen[address] for address, state in status.items()),
        twice=sum(times > 1 for times in seen.values()),
        unknown=sum(state == "unknown" for state in status.values()),
        reached=len(seen),
        open=_count(engine),
    )


def main() -> None:
    """Print the reckoning."""
    parser = argparse.ArgumentParser(prog="python -m tests.sending_storm", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        url = given.database or f"sqlite:///{name}/storm.db"
        found = asyncio.run(storm(url, Path(name), given.people, given.kills))
    print(found, "right" if found.is_right(given.kills) else "WRONG")


if __name__ == "__main__":
    main()
