"""`/metrics` for Prometheus: how much waits, how fast, what fails. Each process has its own.

Labels come from closed sets, so no name, number or text can become one.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.channel import Failed, Problem
from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.whatsapp.statuses import KNOWN_CODES
from storage.database import reading
from storage.numbers import Numbers, read_numbers

CHANNELS = frozenset({"telegram", "whatsapp", "simulator", "operators", "terminal"})
STATUSES = frozenset({"queued", "held", "sending", "sent", "delivered", "failed", "unknown"})
PRIORITIES = {0: "reply", 1: "reminder", 2: "unasked"}
JOBS = frozenset({"digest", "ask_providers", "broadcast"})
CODES = frozenset({*map(str, KNOWN_CODES), *(str(status.value) for status in HTTPStatus)})
OTHER = "other"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ASK_SECONDS = 5.0


def label(value: str, known: frozenset[str]) -> str:
    """``value`` if it is one of the known, else `OTHER`."""
    return value if value in known else OTHER


class Metrics:
    """The numbers of one process, and of the database it works on; a `bot.meter.Meter`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._delivered = self._histogram(
            "sportello_delivery_seconds", "From a message's arrival until it was durable."
        )
        self._turned = self._histogram("sportello_turn_seconds", "What a turn took.")
        self._sent = self._counter("sportello_sends_total", "Messages the provider took.")
        self._failed = self._counter(
            "sportello_send_failures_total", "Sends that failed.", "problem", "code"
        )
        self._ticks = self._counter("sportello_ticks_total", "Ticks of the scheduler.", of="")
        self._ticked = self._gauge("sportello_last_tick_seconds", "When it last ticked (Unix).")
        self._up = self._gauge("sportello_database_up", "1: the database answers.")
        self._waiting = self._gauge("sportello_inbox_waiting", "Messages whose turn waits.")
        self._oldest = self._gauge("sportello_inbox_oldest_seconds", "For how long the first has.")
        self._unknown = self._gauge("sportello_outbox_unknown", "Sends whose outcome is unknown.")
        of = ("channel", "priority", "status")
        self._open = self._gauge("sportello_outbox", "Messages that are not settled.", *of)
        self._age = self._gauge(
            "sportello_outbox_oldest_seconds", "For how long the first is due.", *of
        )
        self._jobs = self._gauge("sportello_job_last_seconds", "When it was last done.", "job")

    def _histogram(self, name: str, says: str) -> Histogram:
        return Histogram(name, says, ["channel"], registry=self.registry, buckets=_SECONDS)

    def _counter(self, name: str, says: str, *more: str, of: str = "channel") -> Counter:
        return Counter(name, says, [*([of] if of else []), *more], registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(name, says, labels, registry=self.registry)

    def delivered(self, channel: str, seconds: float) -> None:
        """See `Meter`."""
        self._delivered.labels(label(channel, CHANNELS)).observe(seconds)

    def turned(self, channel: str, seconds: float) -> None:
        """See `Meter`."""
        self._turned.labels(label(channel, CHANNELS)).observe(seconds)

    def sent(self, channel: str) -> None:
        """See `Meter`."""
        self._sent.labels(label(channel, CHANNELS)).inc()

    def failed(self, channel: str, failed: Failed) -> None:
        """See `Meter`. Of the code only its number, and only a known one."""
        code = label(failed.code.partition(" ")[0], CODES)
        self._failed.labels(label(channel, CHANNELS), Problem(failed.problem).value, code).inc()

    def ticked(self, at: float) -> None:
        """See `Meter`."""
        self._ticks.inc()
        self._ticked.set(at)

    def show(self, numbers: Numbers | None) -> bytes:
        """In Prometheus' text format; None: the database does not answer."""
        self._up.set(0 if numbers is None else 1)
        for gauge in (self._open, self._age, self._jobs):
            gauge.clear()
        if numbers is not None:
            self._set(numbers)
        return generate_latest(self.registry)

    def _set(self, numbers: Numbers) -> None:
        self._waiting.set(numbers.inbox_waiting)
        self._oldest.set(numbers.inbox_oldest_seconds)
        self._unknown.set(numbers.unknown)
        for (channel, priority, status), (count, age) in numbers.open.items():
            kind = PRIORITIES.get(priority, OTHER)
            labels = (label(channel, CHANNELS), kind, label(status, STATUSES))
            self._open.labels(*labels).inc(count)
            self._age.labels(*labels).set(age)
        for job, at in sorted(numbers.jobs.items(), key=lambda item: item[1]):
            self._jobs.labels(label(job.partition(" ")[0], JOBS)).set(at)  # the last one stays


def metrics_app(
    metrics: Metrics, engine: Engine, database: DatabaseThread, now: Now
) -> web.Application:
    """A server of its own: ``/metrics`` is on no address that the public web server passes on."""

    def look() -> Numbers:
        with reading(engine).begin() as connection:
            return read_numbers(connection, now())

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=metrics.show(await _within(database, look)),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    app = web.Application()
    app.add_routes([web.get("/metrics", answer)])
    return app


async def _within(database: DatabaseThread, look: Callable[[], Numbers]) -> Numbers | None:
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return await database.run(look)
    except (TimeoutError, SQLAlchemyError):
        return None
