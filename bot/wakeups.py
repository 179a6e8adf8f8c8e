"""Telling other processes that there is something to do, by PostgreSQL's LISTEN and NOTIFY.

A hint, never the only way: whoever missed it polls. It is sent after the commit of what it speaks
of, on its own: NOTIFY inside of a transaction makes commits wait for each other (PostgreSQL 15,
src/backend/commands/async.c, PreCommit_Notify).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

import psycopg
from psycopg import sql
from sqlalchemy import Engine, text

from bot.database_thread import DatabaseThread
from storage.database import is_sqlite

log = logging.getLogger(__name__)

STORED, QUEUED = "sportello_stored", "sportello_queued"
"""A message waits for its turn; a message waits to be sent."""

_AGAIN_SECONDS = 1.0
_NOTIFY = text("SELECT pg_notify(:name, '')")


class WakeUps:
    """Between the processes of one PostgreSQL; on SQLite nothing is told, all poll."""

    def __init__(self, engine: Engine, database: DatabaseThread) -> None:
        self._engine = None if is_sqlite(engine) else engine
        self._database = database
        self._names: set[str] = set()
        self._telling: asyncio.Task[None] | None = None
        self._deaf = False

    def tell(self, name: str) -> None:
        """Soon, and once for however many come meanwhile."""
        if self._engine is None:
            return
        self._names.add(name)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all(self._engine), name="wakeups")

    async def hear(self, wake: Mapping[str, Callable[[], None]]) -> None:
        """Call what belongs to each name that is told, until cancelled; at once after a gap."""
        if self._engine is None or not wake:
            return
        url = self._engine.url.set(drivername="postgresql")
        while True:
            try:
                await self._listen(url.render_as_string(hide_password=False), wake)
            except (psycopg.Error, OSError) as error:
                if not self._deaf:  # once, not every second
                    log.warning("wake-ups: %s; polling meanwhile", type(error).__name__)
                self._deaf = True
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen(self, url: str, wake: Mapping[str, Callable[[], None]]) -> None:
        """On a connection of its own. Raises what the driver raises when it is cut."""
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for name in wake:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(name)))
            if self._deaf:
                log.warning("wake-ups: heard again")
            self._deaf = False
            for each in wake.values():
                each()  # what was told while nobody listened
            async for told in connection.notifies():
                wake[told.channel]()

    async def _tell_all(self, engine: Engine) -> None:
        while self._names:
            names, self._names = self._names, set()
            try:
                await self._database.run(_notify, engine, names)
            except Exception as error:
                log.warning("wake-ups: %s; others poll", type(error).__name__)


def _notify(engine: Engine, names: set[str]) -> None:
    apart = engine.execution_options(isolation_level="AUTOCOMMIT")
    with apart.connect() as connection:
        for name in sorted(names):
            connection.execute(_NOTIFY, {"name": name})
