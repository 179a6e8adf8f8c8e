"""The world of a trial: a loopback Telegram, the program beside it, and people who write."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from storage.database import open_database, reading
from storage.models import Outbox
from tests.agenda_invariants import everything_holds
from tests.battery.figures import Figure, Place, at_least, at_most, none
from tests.loopback.telegram import LoopbackTelegram
from tests.loopback.telegram_refusal import Params
from tests.server import Server
from tests.storm import SAID, TOKEN, judge, known, settings, until_quiet, waiting

BOOKS = ("ciao", "italiano", "no", "3", "no", "appuntamento", "3", "1", "1", "1", "1")
_TALKERS, _BOOKERS, _READERS = 1_000, 100_000, 500_000
_LANES = 32
_MAILED = select(col(Outbox.address), col(Outbox.status)).where(col(Outbox.origin) == "broadcast")
_BOOKED = text("SELECT count(*) FROM appointment")


class World:
    """Everything around one trial. ``told`` counts the updates the webhook has acknowledged.

    ``roles`` lists the processes to start, each with its roles; an empty one has all.
    """

    def __init__(
        self,
        place: Place,
        *,
        module: str = "tests.brisk",
        mode: str = "webhook",
        roles: Sequence[Sequence[str]] = ((),),
        **chosen: str,
    ) -> None:
        self.place, self.mode = place, mode
        self._module, self._roles, self._chosen = module, roles, chosen
        self.telegram = LoopbackTelegram(TOKEN)
        self.telegram.most_attempts = 100
        self.servers: list[Server] = []
        self.told = 0
        self.waits: list[float] = []
        self._numbers: Counter[int] = Counter()

    async def __aenter__(self) -> Self:
        await self.telegram.start()
        here = settings(self.place.database, self.telegram, self.mode)
        here |= {"QUIET_FROM": "00:00", "QUIET_UNTIL": "00:00", "DEMO": "1", **self._chosen}
        log = self.place.folder / "server.log"
        self.servers = [Server(log, here, self._module) for _ in self._roles]
        await asyncio.to_thread(self.server.cli, "init")
        self.engine: Engine = open_database(self.place.database)
        for server, roles in zip(self.servers, self._roles, strict=True):
            await asyncio.to_thread(partial(server.start, *roles))
        await known(self.telegram, self.mode)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _: object, __: TracebackType | None
    ) -> None:
        for server in self.servers:
            await asyncio.to_thread(server.stop)
        self.engine.dispose()
        await self.telegram.stop()

    @property
    def server(self) -> Server:
        """The first process."""
        return self.servers[0]

    @property
    def log(self) -> str:
        """What the processes have logged."""
        return self.server.log.read_text()

    # what happens

    async def says(self, chat: int, words: str) -> None:
        """One message, until it was acknowledged."""
        await self.delivers(self.telegram.said(chat, words))

    async def delivers(self, update: Params) -> None:
        """One update, until it was acknowledged; how long that took is kept."""
        began = time.monotonic()
        if self.mode == "webhook":
            await self.telegram.deliver(update)
        else:
            self.telegram.push(update)
        self.waits.append(time.monotonic() - began)
        self.told += 1

    async def person(self, words: Sequence[str] = SAID, *, booking: bool = False) -> None:
        """Somebody new says all of ``words``."""
        first = _BOOKERS if booking else _TALKERS
        self._numbers[first] += 1
        chat = first + self._numbers[first]
        for word in words:
            await self.says(chat, word)
            await asyncio.sleep(0.05 + chat % 7 / 100)

    async def mixed_load(self, ended: asyncio.Event, people: int = 8) -> None:
        """People talk and book, one after the other, until ``ended``."""

        async def lane(*, booking: bool) -> None:
            while not ended.is_set():
                await self.person(BOOKS if booking else SAID, booking=booking)

        lanes = [lane(booking=number % 3 == 0) for number in range(people)]
        await asyncio.gather(*lanes)

    def broadcast(self, people: int) -> None:
        """Queue one message to each of so many others."""
        now = datetime.now(UTC)
        row: dict[str, Any] = {"channel": "telegram", "origin": "broadcast", "priority": 2}
        body = '{"text": "ciao", "language": "it"}'
        readers = range(_READERS + 1, _READERS + 1 + people)
        self.telegram.bot.chats.update(readers)
        rows = [
            Outbox(**row, address=str(i), body=body, due_at=now, created_at=now).model_dump(
                exclude={"id"}
            )
            for i in readers
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(Outbox), rows)

    # the reckoning

    def count(self, query: Any) -> int:
        """The number a query gives; -1 while the database cannot answer."""
        try:
            with reading(self.engine).begin() as connection:
                return int(connection.execute(query).scalar_one())
        except DBAPIError:
            return -1

    async def until(self, wanted: Callable[[], bool], seconds: float = 60) -> bool:
        """Whether ``wanted`` came true in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if await asyncio.to_thread(wanted):
                return True
            await asyncio.sleep(0.1)
        return False

    async def until_quiet(self, seconds: float = 60) -> None:
        """Until nothing waits and nothing has come for a while; for ``seconds`` at most."""
        await until_quiet(self.engine, self.telegram, seconds)

    def reckon(
        self, kills: int = 0, but_for: Sequence[str] = (), out_of_order: int = 0
    ) -> list[Figure]:
        """What must hold after any trial; ``but_for`` replies that ended so (`storm.judge`).

        ``kills``: how often sends in flight were hidden; ``out_of_order``: replies that may be.
        """
        found = judge(
            self.engine, self.telegram, self.told, but_for=("broadcast", "reminder", *but_for)
        )
        hidden = self.count(text("SELECT coalesce(sum(hidden), 0) FROM outbox"))
        return [
            at_least("messages of people", self.told, 20),
            none("messages lost", found.lost),
            self.stuck(),
            none("replies lost", found.unanswered),
            at_most("replies in another order", found.disordered, out_of_order),
            at_most("replies twice (≤ sends that were hidden)", found.repeated, hidden),
            none("replies twice, not flagged", found.unflagged),
            *self._mail(kills),
            *self._agenda(),
        ]

    def stuck(self) -> Figure:
        """What still waits, although nothing has come for a while."""
        return none("left stuck", waiting(self.engine))

    def errors(self) -> Figure:
        """What the processes themselves call an error."""
        return none("errors in the log", self.log.count(" ERROR "))

    def _mail(self, kills: int) -> list[Figure]:
        with reading(self.engine).begin() as connection:
            status = {str(who): str(state) for who, state in connection.execute(_MAILED)}
        if not status:
            return []
        seen = Counter(str(m.chat_id) for m in self.telegram.messages if m.chat_id > _READERS)
        unknown = sum(state == "unknown" for state in status.values())
        lost = sum(state == "sent" and not seen[who] for who, state in status.items())
        return [
            at_least("broadcast: reached", len(seen), 1),
            none("broadcast: said to be sent, never seen", lost),
            none("broadcast: twice", sum(times > 1 for times in seen.values())),
            at_most("broadcast: unknown (≤ lanes x kills)", unknown, kills * _LANES),
        ]

    def _agenda(self) -> list[Figure]:
        if not (booked := self.count(_BOOKED)):
            return []
        broken = 0
        try:
            with self.engine.begin() as connection:
                everything_holds(connection, datetime.now(UTC))
        except AssertionError:
            broken = 1
        return [at_least("appointments booked", booked, 1), none("agenda: broken promises", broken)]

    def median_wait(self) -> float:
        """Seconds until a message was acknowledged."""
        return statistics.median(self.waits)
