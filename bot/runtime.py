"""Where objects are made and put together; nothing connects or reads settings before this."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy import Engine

from bot import clock, notice
from bot.answering import Answering
from bot.blame import where
from bot.catalogs import load_languages
from bot.channels import Channels, make_channels
from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.flood import Flood
from bot.listening import NotReadyError, listen
from bot.meter import UNMEASURED
from bot.receipts import Receipts
from bot.receiver import Receiver
from bot.scheduler import Scheduler
from bot.sender import Sender
from bot.settings import Settings
from bot.wakeups import QUEUED, STORED, WakeUps
from bot.web import make_app
from bot.worker import Worker
from bot.works import make_works
from flows.all_flows import all_flows
from flows.engine import Engine as FlowEngine
from flows.speech import Languages
from storage import pacing
from storage.database import open_database
from storage.gazetteer import load_gazetteer
from storage.locks import Lock
from storage.only_one import only_one
from storage.schema import is_current
from storage.understanding import load_understanding

if TYPE_CHECKING:
    from bot.metrics import Metrics

log = logging.getLogger(__name__)

ROLES = ("web", "worker", "sender", "scheduler")
_WORKER_POLL_SECONDS = 0.25
_FINISH_SECONDS = 6.0  # of those that `bot.stopping` gives the whole stop
_CLOSE_SECONDS = 1.0


class BrokenError(Exception):
    """A loop broke or did not finish; the log says which in one line."""


@dataclass
class Parts:
    """What every role is made of."""

    settings: Settings
    engine: Engine
    languages: Languages
    flows: FlowEngine
    now: Now = field(default=clock.now)


def make_parts(settings: Settings) -> Parts:
    """Database, languages and flows. Raises UncompiledCatalogError."""
    languages = load_languages(settings.default_language)
    engine = open_database(settings.database_url.get_secret_value(), settings.keys)
    load_gazetteer()
    flows = FlowEngine(all_flows(languages), languages, load_understanding().understand)
    return Parts(settings, engine, languages, flows)


class Runtime:
    """The roles of one process, from start to clean stop."""

    def __init__(
        self, parts: Parts, roles: Iterable[str], stop_begins: Callable[[], None] = lambda: None
    ) -> None:
        self._parts, self._roles, self._stop_begins = parts, set(roles), stop_begins
        self._stopping = asyncio.Event()
        self._broken = False
        self._news = asyncio.Event()
        settings, engine, now = parts.settings, parts.engine, parts.now
        self._metrics = _make_metrics(settings)
        meter = self._metrics or UNMEASURED
        self._database = DatabaseThread(engine)
        answering = Answering(parts.languages, settings.operators_chat_id)
        self._worker = Worker(
            engine,
            parts.flows,
            settings.zone,
            now,
            takes_turns="worker" in self._roles,
            paced=settings.rates,
            answering=answering,
            meter=meter,
            notice=notice.link_of(settings),
        )
        flood = Flood(settings.messages_per_minute, parts.flows.matters, now)
        self._receiver = Receiver(
            self._worker, self._database, self._committed, flood.judged, meter
        )
        receipts = Receipts(engine, self._database, now)
        self._channels: Channels = make_channels(
            parts, self._database, self._receiver.receive, receipts.report
        )
        lease = timedelta(seconds=settings.send_lease_seconds)
        by_name, rules = self._channels.by_name, settings.rules
        self._sender = Sender(
            engine, self._database, by_name, now, rules, lease, settings.rates, meter
        )
        works = make_works(engine, parts.languages, settings, answering)
        self._wakeups = WakeUps(engine, self._database)
        alone = only_one(engine, Lock.SCHEDULER)
        self._scheduler = Scheduler(
            self._database, now, settings.zone, works, alone, meter, self._queued
        )
        self._servers: list[web.AppRunner] = []
        self._helpers: list[asyncio.Task[None]] = []
        self._hearing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Start the roles, wait for SIGTERM or SIGINT, stop cleanly.

        Raises NotReadyError, and BrokenError when a loop broke or did not finish.
        """
        if not await self._database.run(is_current, self._parts.engine):
            raise NotReadyError("the database is not ready: run `python admin_cli.py init`")
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop_soon)
        tasks = await self._start()
        log.info("running: %s", ", ".join(role for role in ROLES if role in self._roles))
        if "web" in self._roles and "simulator" in self._channels.by_name:
            where = self._parts.settings
            log.info("the chat page: http://%s:%d", where.http_host, where.http_port)
        for task in (*tasks, *self._helpers):
            task.add_done_callback(self._ended)
        await self._stopping.wait()
        await self._stop(tasks)
        if self._broken:
            raise BrokenError

    def _stop_soon(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._stop_begins()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A loop that broke stops the program: somebody starts it again."""
        error = None if task.cancelled() else task.exception()
        may_end = task in self._helpers and not task.cancelled()
        if error:
            self._break(f"{task.get_name()} broke: {where(error)}")
        elif not (may_end or self._stopping.is_set()):
            self._break(f"{task.get_name()} ended")

    def _break(self, why: str) -> None:
        log.error("stopping: %s", why)
        self._broken = True
        self._stop_soon()

    def _committed(self) -> None:
        """Wake who has something to do; whoever is missed polls."""
        if self._worker.queued:
            self._worker.queued = False
            self._queued()
        if self._worker.left_waiting:
            self._worker.left_waiting = False
            self._news.set()
            if "worker" not in self._roles:
                self._wakeups.tell(STORED)

    def _queued(self) -> None:
        """There may be something to send: for our sender, or for those of other processes."""
        self._sender.wake()
        if "sender" not in self._roles:
            self._wakeups.tell(QUEUED)

    def _grant(self) -> None:
        rates = self._parts.settings.rates
        with self._parts.engine.begin() as connection:
            for channel in self._channels.by_name:
                pacing.grant(connection, channel, rates.get(channel, 0))

    async def _start(self) -> list[asyncio.Task[None]]:
        tasks = []
        await self._database.run(self._grant)
        for prepare in self._channels.preparing:
            await prepare()
        if self._metrics:  # first what may be refused: who does not stay claims nothing
            await self._serve_metrics(self._metrics)
        if "web" in self._roles:
            await self._serve()
            self._helpers = [
                asyncio.create_task(run(self._stopping), name=run.__name__)
                for run in self._channels.loops
            ]
        if "sender" in self._roles:
            tasks.append(asyncio.create_task(self._sender.run(self._stopping), name="sender"))
        if "worker" in self._roles:
            tasks.append(asyncio.create_task(self._work(), name="worker"))
        if "scheduler" in self._roles:
            self._scheduler.start()
        hears = {STORED: ("worker", self._news.set), QUEUED: ("sender", self._sender.wake)}
        ours = {name: wake for name, (role, wake) in hears.items() if role in self._roles}
        self._hearing = asyncio.create_task(self._wakeups.hear(ours), name="wakeups")
        return tasks

    async def _serve(self) -> None:
        settings = self._parts.settings
        shown = notice.routes(settings, self._parts.languages)
        routes = [*self._channels.routes, *shown]
        app = make_app(routes, self._parts.engine, self._database, self._channels.by_name)
        self._servers.append(await listen(app, settings.http_host, settings.http_port, "HTTP"))

    async def _serve_metrics(self, metrics: "Metrics") -> None:
        from bot.metrics import metrics_app

        settings, now = self._parts.settings, self._parts.now
        app = metrics_app(metrics, self._parts.engine, self._database, now)
        where = (settings.metrics_host, settings.metrics_port)
        self._servers.append(await listen(app, *where, "METRICS"))

    async def _work(self) -> None:
        """Turns of stored messages: of other processes, and of people who wrote several at once."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_WORKER_POLL_SECONDS):
                    await self._news.wait()
            self._news.clear()
            try:
                waiting = await self._database.run(self._worker.who_waits)
                if any(await self._database.share(self._worker.take_turns_of, waiting)):
                    self._queued()
                    self._news.set()
            except Exception as error:
                log.error("worker: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        if "scheduler" in self._roles:
            self._scheduler.stop()
        if self._hearing:
            self._hearing.cancel()
        for closing in self._channels.closing:
            closing.set()
        running = [*tasks, *self._helpers]
        for server in self._servers:
            running.append(asyncio.create_task(server.cleanup(), name="server"))
        late = (await asyncio.wait(running, timeout=_FINISH_SECONDS))[1] if running else set()
        for task in late:
            task.cancel()
        if unfinished := [task.get_name() for task in tasks if task in late]:
            self._break(f"{' and '.join(unfinished)} did not finish")
        await self._close()

    async def _close(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                for channel in self._channels.by_name.values():
                    await channel.close()
        self._database.close()
        self._scheduler.release()
        self._parts.engine.dispose()


def _make_metrics(settings: Settings) -> "Metrics | None":
    """Only where somebody looks: METRICS_PORT."""
    if not settings.metrics_port:
        return None
    from bot.metrics import Metrics

    return Metrics()
