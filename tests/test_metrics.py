"""`/metrics`: the numbers are right, and no label is anybody's name."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from bot.channel import Failed, Letter, Problem, Received, Sent
from bot.database_thread import DatabaseThread
from bot.listening import NotReadyError, listen
from bot.metrics import CHANNELS, CODES, JOBS, OTHER, PRIORITIES, STATUSES, Metrics, metrics_app
from bot.runtime import Parts, Runtime
from bot.scheduler import Scheduler
from bot.sender import Sender
from bot.worker import Delivery, Worker
from flows.messages import Inbound
from storage.database import open_database
from storage.numbers import Numbers, read_numbers
from storage.schema import upgrade
from tests.conftest import ALONE, START, Clock

MARK = "Fatoumata-77"


class Provider:
    """Refuses everything, with a code that nobody knows and somebody's name in it."""

    name = "telegram"

    async def send(self, letter: Letter) -> Sent | Failed:
        if letter.attempt > 1:
            return Sent("m1")
        return Failed(Problem.BUSY, f"429 {MARK}", retry_after=1)

    async def check(self) -> str:
        return ""

    async def close(self) -> None: ...


def read(shown: bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Samples by name."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(shown.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def numbers_of(parts: Parts, metrics: Metrics) -> dict[str, list[tuple[dict[str, str], float]]]:
    with parts.engine.connect().execution_options(reading=True) as connection:
        return read(metrics.show(read_numbers(connection, parts.now())))


def test_what_a_conversation_comes_to(parts: Parts) -> None:
    metrics = Metrics()
    zone, now = parts.settings.zone, parts.now
    worker = Worker(parts.engine, parts.flows, zone, now, meter=metrics)
    worker.take([Delivery(Received("telegram", "u1", MARK, Inbound(MARK)))])
    Worker(parts.engine, parts.flows, zone, now, takes_turns=False).take(
        [Delivery(Received("telegram", "u2", "other", Inbound("ciao")))]
    )
    parts.now.pass_time(seconds=30)  # type: ignore[attr-defined]
    found = numbers_of(parts, metrics)
    assert found["sportello_inbox_waiting"] == [({}, 1)]
    assert found["sportello_inbox_oldest_seconds"] == [({}, 30)]
    queued = {"channel": "telegram", "priority": "reply", "status": "queued"}
    assert found["sportello_outbox"] == [(queued, 1)]
    assert found["sportello_outbox_oldest_seconds"] == [(queued, 30)]
    assert found["sportello_turn_seconds_count"] == [({"channel": "telegram"}, 1)]
    assert found["sportello_database_up"] == [({}, 1)]
    asyncio.run(_sent(parts, metrics))
    found = numbers_of(parts, metrics)
    busy = {"channel": "telegram", "problem": "busy", "code": "429"}
    assert found["sportello_send_failures_total"] == [(busy, 1)]
    assert found["sportello_sends_total"] == [({"channel": "telegram"}, 1)]
    assert "sportello_outbox" not in found


async def _sent(parts: Parts, metrics: Metrics) -> None:
    thread, rules = DatabaseThread(parts.engine), parts.settings.rules
    by_name = {"telegram": Provider()}
    sender = Sender(parts.engine, thread, by_name, parts.now, rules, meter=metrics)
    for _ in range(2):
        await sender._round()
        await asyncio.gather(*sender._flying)
        await sender._round()
        parts.now.pass_time(minutes=2)  # type: ignore[attr-defined]
    thread.close()


def test_a_kind_of_job_has_its_last_time() -> None:
    jobs = {"broadcast 2 09:00": 20.0, "broadcast 1 10:00": 30.0, "digest": 10.0, "new": 5.0}
    found = read(Metrics().show(Numbers(0, 0.0, {}, 0, jobs)))
    assert sorted((labels["job"], at) for labels, at in found["sportello_job_last_seconds"]) == [
        ("broadcast", 30.0),
        ("digest", 10.0),
        ("other", 5.0),
    ]


def test_no_label_is_anything_but_one_of_a_closed_set(parts: Parts) -> None:
    """Whatever stands in the rows."""
    metrics = Metrics()
    for seconds in (0.1, 9.0):
        metrics.delivered(MARK, seconds)
        metrics.turned(MARK, seconds)
    metrics.sent(MARK)
    metrics.failed(MARK, Failed(Problem.REJECTED, MARK))
    with parts.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (channel, address, body, origin, priority, edits, about,"
                " language, due_at, status, attempts, hidden, created_at)"
                f" VALUES ('{MARK}', '{MARK}', '{MARK}', '{MARK}', 77, '', '{MARK}', '{MARK}', 0,"
                f" '{MARK}', 0, 0, 0)"
            )
        )
        connection.execute(text(f"INSERT INTO job_run VALUES ('{MARK}', '2026-11-23', 0)"))
    found = numbers_of(parts, metrics)
    allowed: dict[str, frozenset[str]] = {
        "channel": CHANNELS | {OTHER},
        "status": STATUSES | {OTHER},
        "priority": frozenset({*PRIORITIES.values(), OTHER}),
        "problem": frozenset(problem.value for problem in Problem),
        "code": CODES | {OTHER},
        "job": JOBS | {OTHER},
    }
    ours = {name: samples for name, samples in found.items() if name.startswith("sportello_")}
    for samples in ours.values():
        for labels, _ in samples:
            for name, value in labels.items():
                assert name == "le" or value in allowed[name], (name, value)
    assert MARK.encode() not in metrics.show(None)


@pytest.fixture
def anywhere(database: str) -> Iterator[Engine]:
    engine = open_database(database)
    upgrade(engine)
    yield engine
    engine.dispose()


def test_of_both_databases_and_of_one_that_is_away(anywhere: Engine) -> None:
    clock = Clock(START)

    async def asked(*, works: bool) -> tuple[int, bytes]:
        metrics, thread = Metrics(), DatabaseThread(anywhere)
        await Scheduler(thread, clock, START.tzinfo, [], ALONE, metrics).tick()  # type: ignore[arg-type]
        if not works:
            thread.close()  # as good as a database that is away
        app = metrics_app(metrics, anywhere, thread, clock)
        async with TestClient(TestServer(app)) as client:
            answer = await client.get("/metrics")
            body = await answer.read()
            other = await client.get("/healthz")
            assert other.status == 404
        if works:
            thread.close()
        return answer.status, body

    status, body = asyncio.run(asked(works=True))
    found = read(body)
    assert status == 200 and found["sportello_database_up"] == [({}, 1)]
    assert found["sportello_last_tick_seconds"] == [({}, START.timestamp())]
    with anywhere.begin() as connection:
        later = START + timedelta(days=1)
        connection.execute(
            text("INSERT INTO job_run (job, day, at) VALUES ('digest', '2026-11-23', :at)"),
            {"at": round(later.timestamp() * 1000)},
        )
        connection.execute(text("DROP TABLE IF EXISTS tag"))
    with anywhere.connect().execution_options(reading=True) as connection:
        assert read_numbers(connection, START).jobs == {"digest": later.timestamp()}
        connection.rollback()
    with anywhere.begin() as connection:
        connection.execute(text("ALTER TABLE job_run RENAME TO gone"))
    status, body = asyncio.run(asked(works=True))
    assert status == 200 and read(body)["sportello_database_up"] == [({}, 0)]


def test_it_is_off_until_it_has_a_port_and_not_on_the_public_one(parts: Parts) -> None:
    parts.settings.http_port = 0
    assert Runtime(parts, [])._metrics is None

    async def served() -> tuple[int, set[str]]:
        parts.settings.metrics_port = 1  # any: the port is chosen below
        runtime = Runtime(parts, ["web"])
        assert runtime._metrics
        parts.settings.metrics_port = 0
        await runtime._serve()
        await runtime._serve_metrics(runtime._metrics)
        public, own = runtime._servers
        paths = {r.canonical for r in public.app.router.resources()}
        count = len(own.app.router.resources())
        for server in runtime._servers:
            await server.cleanup()
        await runtime._close()
        return count, paths

    count, paths = asyncio.run(served())
    assert count == 1 and "/metrics" not in paths


def test_a_port_that_is_taken_is_one_line(parts: Parts) -> None:
    async def twice() -> None:
        thread = DatabaseThread(parts.engine)
        app, other = (metrics_app(Metrics(), parts.engine, thread, parts.now) for _ in range(2))
        first = await listen(app, "127.0.0.1", 0, "METRICS")
        port = first.addresses[0][1]
        try:
            with pytest.raises(NotReadyError, match=f"METRICS_PORT: 127.0.0.1:{port} is in use"):
                await listen(other, "127.0.0.1", port, "METRICS")
        finally:
            await first.cleanup()

    asyncio.run(twice())
