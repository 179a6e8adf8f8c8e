"""``make bench-sending``: a broadcast through sender processes, against providers with limits.

The providers stand in this process; each sender is a process of its own.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, insert, text, update
from sqlmodel import col

from bench.__main__ import cpu_seconds, resident_mib
from bench.broadcasts import fill
from bench.people import BotApi
from flows.messages import Outbound
from storage.database import reading
from storage.models import Address, Outbox
from tests.loopback.pace import Pace
from tests.loopback.telegram import LoopbackTelegram
from tests.loopback.twilio import LoopbackTwilio

TOKEN, SID, AUTH = "1:bench", f"AC{1:032x}", "bench-auth"
_WORDS = json.dumps(Outbound("Ciao, c'è un corso nuovo a Montechiaro.", "it").to_json())


@dataclass
class Run:
    """What was measured: messages a second, refusals, CPU of all senders as a share of one core,
    MiB resident at first and at last, and how long replies took meanwhile.
    """

    rate: float
    refused: int
    cpu: float
    before: float
    after: float
    replies: list[float]


def queue(engine: Engine, channel: str, first: int, count: int, priority: int) -> None:
    """So many rows, to people from ``first`` on."""
    now = datetime.now(UTC)
    origin = "broadcast" if priority else "reply"
    row: dict[str, Any] = {"channel": channel, "body": _WORDS, "origin": origin}
    with engine.begin() as connection:
        for start in range(first, first + count, 5_000):
            ids = range(start, min(start + 5_000, first + count))
            rows = [
                Outbox(
                    **row,
                    priority=priority,
                    contact_id=i,
                    address=address(channel, i),
                    due_at=now,
                    created_at=now,
                )
                for i in ids
            ]
            connection.execute(insert(Outbox), [r.model_dump(exclude={"id"}) for r in rows])


def address(channel: str, number: int) -> str:
    """Somebody's address there."""
    return str(number) if channel == "telegram" else f"+3933{number:08d}"


def senders(url: str, api: str, rate: int, count: int) -> list["subprocess.Popen[bytes]"]:
    """So many sender processes; none sleeps at night."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE_URL": api,
        "TELEGRAM_MESSAGES_PER_SECOND": str(rate),
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": AUTH,
        "TWILIO_WHATSAPP_FROM": "+390141000011",
        "TWILIO_API_BASE_URL": api,
        "WHATSAPP_MESSAGES_PER_SECOND": str(rate),
        "PUBLIC_URL": "http://127.0.0.1:9",
        "QUIET_FROM": "00:00",
        "QUIET_UNTIL": "00:00",
        "SIMULATOR": "0",
    }
    command = [sys.executable, "-m", "bot", "--role", "sender"]
    return [
        subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(count)
    ]


async def measured(
    engine: Engine,
    channel: str,
    processes: list["subprocess.Popen[bytes]"],
    seen: Callable[[], int],
    refused: Callable[[], int],
    seconds: float,
) -> Run:
    """After the start, for so many seconds; a reply each two seconds is timed."""
    while seen() < 30:
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)
    before = [resident_mib(p.pid) for p in processes]
    cpu, sent = sum(cpu_seconds(p.pid) for p in processes), seen()
    began = time.perf_counter()
    replies: list[float] = []
    while time.perf_counter() - began < seconds:
        replies.append(await _reply(engine, channel, len(replies)))
        await asyncio.sleep(2)
    took = time.perf_counter() - began
    used = sum(cpu_seconds(p.pid) for p in processes) - cpu
    after = [resident_mib(p.pid) for p in processes]
    rate = (seen() - sent) / took
    return Run(rate, refused(), used / took * 100, max(before), max(after), replies)


async def _reply(engine: Engine, channel: str, number: int) -> float:
    """Seconds until a reply, queued by another process, is written down as sent."""
    began = time.perf_counter()
    await asyncio.to_thread(queue, engine, channel, number + 1, 1, 0)
    query = text("SELECT count(*) FROM outbox WHERE origin = 'reply' AND closed_at IS NULL")
    while True:
        with reading(engine).begin() as connection:
            if not connection.execute(query).scalar_one():
                return time.perf_counter() - began
        await asyncio.sleep(0.02)


async def one(
    folder: Path, channel: str, rate: int, count: int, waiting: int, seconds: float, database: str
) -> Run:
    """A broadcast on one channel with ``count`` senders; people 1 to 1,000 only get replies."""
    url = database or f"sqlite:///{folder / f'{channel}_{rate}_{count}_{waiting}.db'}"
    engine = await asyncio.to_thread(fill, url, waiting + 1_000, datetime.now(UTC))
    if channel == "whatsapp":
        with engine.begin() as connection:
            there = text("'+3933' || substr('00000000' || address, -8)")
            values = {"channel": "whatsapp", "address": there}
            connection.execute(update(Address).where(col(Address.id) > 0).values(**values))
    await asyncio.to_thread(queue, engine, channel, 1_001, waiting, 2)
    api, seen, refused, stop = await provider(channel, rate, waiting + 1_000)
    processes = senders(url, api, rate, count)
    try:
        return await measured(engine, channel, processes, seen, refused, seconds)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            await asyncio.to_thread(process.wait)
        await stop()
        engine.dispose()


async def provider(channel: str, rate: int, people: int):  # type: ignore[no-untyped-def]
    """Its address, how many messages it took, how many it refused, and how to stop it."""
    if not rate:
        api = BotApi()
        port = await api.start()

        async def nothing() -> None:
            """It ends with us."""

        return f"http://127.0.0.1:{port}", lambda: api.messages, lambda: 0, nothing
    server: LoopbackTelegram | LoopbackTwilio
    if channel == "telegram":
        server = LoopbackTelegram(TOKEN)
        server.bot.pace = pace = Pace(rate)
        server.bot.chats = set(range(1, people + 1))
    else:
        server = LoopbackTwilio(SID, AUTH)
        server.pace, server.calls_back = (pace := Pace(rate)), False
        now = server.now()
        server.heard = {address(channel, i): now for i in range(1, people + 1)}
    await server.start()
    return server.url, lambda: len(server.messages), lambda: pace.refused, server.stop


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.sending", description=__doc__)
    parser.add_argument("--waiting", type=int, default=100_000, help="people of the broadcast")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database, for one run")
    parser.add_argument("--only", default="", help="such as telegram:30:4 (0: no limit)")
    given = parser.parse_args()
    runs = [("telegram", 30, 1), ("telegram", 30, 4), ("whatsapp", 80, 1), ("telegram", 0, 1)]
    if given.only:
        channel, rate, count = given.only.split(":")
        runs = [(channel, int(rate), int(count))]
    table = Table(
        "channel", "allowed/s", "senders", "sent/s", "of it", "refused", "CPU, % of a core",
        "MiB", "reply ms, median", "worst", title=f"A broadcast to {given.waiting:,}",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        for channel, rate, count in runs:
            work = one(
                Path(name), channel, rate, count, given.waiting, given.seconds, given.database
            )
            run = asyncio.run(work)
            waits = sorted(run.replies)
            table.add_row(
                channel, str(rate or "no limit"), str(count), f"{run.rate:,.1f}",
                f"{run.rate / rate:.1%}" if rate else "", str(run.refused), f"{run.cpu:.1f}",
                f"{run.before:.0f} → {run.after:.0f}", f"{waits[len(waits) // 2] * 1000:.0f}",
                f"{waits[-1] * 1000:.0f}",
            )  # fmt: skip
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
