"""The simulator as a channel: what is sent is remembered, and the page reads it."""

import asyncio
from typing import Any

from sqlalchemy import Engine

from bot.channel import Letter, Sent
from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.simulator.render import draw
from storage import simulator


class SimulatorChannel:
    """Implements `bot.channel.Channel`. An address is ``chat`` or ``chat@whatsapp``."""

    name = "simulator"

    def __init__(self, engine: Engine, database: DatabaseThread, now: Now) -> None:
        self._engine, self._database, self._now = engine, database, now
        self.news = asyncio.Condition()

    async def send(self, letter: Letter) -> Sent:
        """Remember it for the page."""
        last = await self._database.run(self._remember, letter)
        async with self.news:
            self.news.notify_all()
        return Sent(str(last))

    def _remember(self, letter: Letter) -> int:
        outbound, acting_as = letter.outbound, letter.address.partition("@")[2]
        last = 0
        with self._engine.begin() as connection:
            for place, bubble in enumerate(draw(letter, acting_as)):
                body: dict[str, Any] = {
                    "options": [{"label": label, "tap": tap} for label, tap in bubble.options],
                    "language": outbound.language,
                    "direction": outbound.direction,
                }
                if letter.edits and place == 0:
                    body["edits"] = int(letter.edits)
                if letter.file and place == 0:
                    body["file"] = {"name": letter.file.name, "letter": letter.id}
                last = simulator.remember(
                    connection, letter.address, "bot", bubble.text, body, self._now()
                )
        return last

    async def check(self) -> str:
        """It is always there."""
        return ""

    async def close(self) -> None:
        """Nothing to let go of."""
