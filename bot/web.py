"""The HTTP server: its routes, its health, its limits."""

import asyncio
import logging
from collections.abc import Iterable, Mapping

from aiohttp import web
from sqlalchemy import Engine, text

from bot.body import MOST_BYTES
from bot.channel import Channel
from bot.database_thread import DatabaseThread
from storage.database import reading

log = logging.getLogger(__name__)

_CHECK_SECONDS = 30.0


def make_app(
    routes: Iterable[web.RouteDef],
    engine: Engine,
    database: DatabaseThread,
    channels: Mapping[str, Channel],
) -> web.Application:
    """The application. A body over 1 MiB is answered 413."""
    app = web.Application(client_max_size=MOST_BYTES)
    health = _Health(engine, database, channels)
    app.add_routes([web.get("/healthz", health.lives), web.get("/readyz", health.ready), *routes])
    return app


class _Health:
    """``/healthz``: the process lives; ``/readyz``: database and channels answer."""

    def __init__(
        self, engine: Engine, database: DatabaseThread, channels: Mapping[str, Channel]
    ) -> None:
        self._engine, self._database, self._channels = engine, database, channels
        self._checked: tuple[float, dict[str, str]] = (float("-inf"), {})

    async def lives(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ok"})

    async def ready(self, _: web.Request) -> web.StreamResponse:
        found = {"database": await self._database_answers(), **await self._channels_answer()}
        ok = not any(found.values())
        status = {name: problem or "ok" for name, problem in found.items()}
        return web.json_response(status, status=200 if ok else 503)

    async def _database_answers(self) -> str:
        try:
            async with asyncio.timeout(5):
                await self._database.run(self._ask)
        except Exception as error:
            return type(error).__name__
        return ""

    def _ask(self) -> None:
        with reading(self._engine).begin() as connection:
            connection.execute(text("SELECT count(*) FROM job_run"))

    async def _channels_answer(self) -> dict[str, str]:
        """Providers are asked at most every 30 s, however often we are."""
        now = asyncio.get_running_loop().time()
        if now - self._checked[0] > _CHECK_SECONDS:
            people = {n: c for n, c in self._channels.items() if n != "operators"}
            found = await asyncio.gather(*(c.check() for c in people.values()))
            self._checked = (now, dict(zip(people, found, strict=True)))
        return self._checked[1]
