"""``make bench-scale``: 1, 2 and 4 worker processes on PostgreSQL, each role a process of its own.

People write over a loopback Telegram and wait for the reply. Machines are noisy: compare the ratios
of one run, and look at the load beside them.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, text

from bench.__main__ import SECRET, cpu_seconds, free_port, ours
from bench.people import BotApi, Line
from bench.script import ANSWERS, update
from storage.database import open_database, reading
from tests.databases import postgresql

BACKENDS = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
WAITING = text("SELECT count(*) FROM inbox WHERE handled_at IS NULL")
SLOWEST = 60  # seconds; whoever waits longer for a reply ends the measurement
CALM, THINKING = 20, 1.0  # people of the calm hour, and seconds from a reply to their next message
LANES = 50


@dataclass
class Heard:
    """Seconds of each turn: from the update to the reply, and from its 200 to the reply."""

    waits: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Turns per second."""
        return len(self.waits) / self.seconds


def quantile(values: Sequence[float], q: float) -> float:
    """In milliseconds."""
    return sorted(values)[min(len(values) - 1, int(q * len(values)))] * 1000


@dataclass
class Figures:
    """What one arrangement did; ``cpu`` is by role, in seconds per 1,000 turns."""

    busy: Heard
    calm: Heard
    cpu: dict[str, float]
    backlog: float
    load: float


class Crowd:
    """People on one loopback Telegram; each talk is with somebody new."""

    def __init__(self, api: BotApi, port: int) -> None:
        self._api, self._port = api, port
        self._chats, self._numbers = count(1_000_000), count(1)

    async def talk(self, people: int, seconds: float, pause: float = 0.0) -> Heard:
        """So many go through the intake again and again, for ``seconds``; late replies count."""
        heard, began = Heard(), time.perf_counter()
        people_talk = (self._person(heard, began + seconds, pause) for _ in range(people))
        await asyncio.gather(*people_talk)
        heard.seconds = time.perf_counter() - began
        return heard

    async def write(self, people: int) -> None:
        """So many new people say one word each, and wait for nothing."""
        words = [self._said(next(self._chats), "ciao") for _ in range(people)]

        async def lane(mine: Sequence[bytes]) -> None:
            line = Line(self._port, SECRET)
            for body in mine:
                await line.post(body)
            line.close()

        await asyncio.gather(*(lane(words[place::LANES]) for place in range(LANES)))

    async def _person(self, heard: Heard, end: float, pause: float) -> None:
        line = Line(self._port, SECRET)
        while time.perf_counter() < end:
            chat = next(self._chats)
            for said in ANSWERS:
                if time.perf_counter() < end:
                    await self._turn(line, heard, chat, said)
                    await asyncio.sleep(pause)
        line.close()

    async def _turn(self, line: Line, heard: Heard, chat: int, said: str) -> None:
        seen = asyncio.get_running_loop().create_future()
        self._api.waiting[str(chat)] = seen
        began = time.perf_counter()
        if b'"sendMessage"' in (reply := await line.post(self._said(chat, said))):
            self._api.seen(str(chat), reply)
        stored = time.perf_counter()
        async with asyncio.timeout(SLOWEST):
            await seen
        heard.waits.append(time.perf_counter() - began)
        heard.stored.append(time.perf_counter() - stored)

    def _said(self, chat: int, words: str) -> bytes:
        return json.dumps(update(next(self._numbers), chat, words)).encode()


class Processes:
    """The program's processes, each with its roles ("all": every role)."""

    def __init__(
        self, command: list[str], environment: dict[str, str], roles: Sequence[str], folder: Path
    ) -> None:
        self.logs = [folder / f"{number}.log" for number, _ in enumerate(roles)]
        self.roles = list(roles)
        unlimited = {"MESSAGES_PER_MINUTE": "0"}
        everything = {**os.environ, **unlimited, **environment}
        self.all = [
            subprocess.Popen(
                [*command, *(() if role == "all" else ("--role", role))],
                env=everything,
                stderr=log.open("wb"),
            )
            for role, log in zip(roles, self.logs, strict=True)
        ]

    async def running(self) -> None:
        """Until each says so. Raises RuntimeError after two minutes."""
        for _ in range(1_200):
            if all("running:" in log.read_text() for log in self.logs):
                return
            if any(process.poll() is not None for process in self.all):
                break
            await asyncio.sleep(0.1)
        raise RuntimeError("\n".join(log.read_text()[-500:] for log in self.logs))

    def signal(self, number: int, *roles: str) -> None:
        """To the processes with these roles."""
        for process, role in zip(self.all, self.roles, strict=True):
            if role in roles:
                process.send_signal(number)

    def cpu(self) -> dict[str, float]:
        """Seconds so far, by role."""
        found = dict.fromkeys(self.roles, 0.0)
        for process, role in zip(self.all, self.roles, strict=True):
            found[role] += cpu_seconds(process.pid)
        return found

    def end(self) -> None:
        """SIGTERM, and ten seconds later SIGKILL."""
        for process in self.all:
            process.send_signal(signal.SIGTERM)
        for process in self.all:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def backends(engine: Engine) -> float:
    """CPU seconds so far of PostgreSQL's processes for this database; 0 where they are not seen."""
    if engine.dialect.name != "postgresql":
        return 0.0
    with reading(engine).begin() as connection:
        pids = list(connection.execute(BACKENDS).scalars())
    return sum(cpu_seconds(pid) for pid in pids if Path(f"/proc/{pid}/stat").exists())


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new one."""
    if kind == "postgresql":
        with postgresql() as url:
            yield url
    else:
        yield f"sqlite:///{folder / 'scale.db'}"


async def measure(kind: str, roles: Sequence[str], people: int, seconds: float) -> Figures:
    """One arrangement, from an empty database."""
    api = BotApi()
    api_port, port = await api.start(), free_port()
    with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
        command, environment = await asyncio.to_thread(ours, Path(name), api_port, port, url)
        engine = open_database(url)
        processes = Processes(command, environment, roles, Path(name))
        try:
            await processes.running()
            return await _figures(Crowd(api, port), processes, engine, people, seconds)
        finally:
            await asyncio.to_thread(processes.end)
            engine.dispose()


async def _figures(
    crowd: Crowd, processes: Processes, engine: Engine, people: int, seconds: float
) -> Figures:
    await crowd.talk(people, seconds / 5)
    calm = await crowd.talk(CALM, seconds / 2, THINKING)
    before, of_database = processes.cpu(), backends(engine)
    busy = await crowd.talk(people, seconds)
    load = os.getloadavg()[0]
    cpu = {role: used - before[role] for role, used in processes.cpu().items()}
    cpu["PostgreSQL"] = backends(engine) - of_database
    each = {role: used / len(busy.waits) * 1000 for role, used in cpu.items()}
    backlog = 0.0 if "all" in processes.roles else await _backlog(crowd, processes, engine, people)
    return Figures(busy, calm, each, backlog, load)


async def _backlog(crowd: Crowd, processes: Processes, engine: Engine, people: int) -> float:
    """Turns per second of the workers alone: all have written before the first is answered."""
    processes.signal(signal.SIGSTOP, "worker", "sender")
    many = 5 * people
    await crowd.write(many)
    began = time.perf_counter()
    processes.signal(signal.SIGCONT, "worker")
    try:
        for _ in range(SLOWEST * 20):
            with reading(engine).begin() as connection:
                if not connection.execute(WAITING).scalar_one():
                    break
            await asyncio.sleep(0.05)
        else:
            raise RuntimeError("the workers do not get done")
        return many / (time.perf_counter() - began)
    finally:
        processes.signal(signal.SIGCONT, "worker", "sender")


def show(name: str, found: Figures, first: Figures) -> None:
    """Print what came of it; ratios are to ``first``."""
    busy, calm = found.busy, found.calm
    slow, slow_before = quantile(busy.waits, 0.5), quantile(first.busy.waits, 0.5)
    cpu = ", ".join(f"{role} {used:.2f}" for role, used in found.cpu.items() if used)
    print(f"{name} (load {found.load:.1f})")
    print(f"  busy: {busy.rate:.0f} turns/s (x{busy.rate / first.busy.rate:.2f}),", end=" ")
    print(f"p50 {slow:.0f} ms (x{slow / slow_before:.2f}); CPU s per 1,000 turns: {cpu}")
    if found.backlog:
        ratio = found.backlog / first.backlog
        print(f"  workers alone: {found.backlog:.0f} turns/s (x{ratio:.2f})")
    print(f"  calm: {calm.rate:.0f} turns/s, p50 {quantile(calm.waits, 0.5):.0f} ms;", end=" ")
    late = quantile(calm.stored, 0.99)
    print(f"stored to seen: p50 {quantile(calm.stored, 0.5):.0f} ms, p99 {late:.0f} ms", flush=True)


def main() -> None:
    """Print each arrangement as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--people", type=int, default=200, help="who write at once")
    parser.add_argument("--seconds", type=float, default=10, help="of each busy time")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--senders", type=int, default=1)
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} cores; busy: {chosen.people} people at once, calm: {CALM} who think")
    first: Figures | None = None
    for workers in chosen.workers:
        roles = ["web", *["worker"] * workers, *["sender"] * chosen.senders]
        found = asyncio.run(measure("postgresql", roles, chosen.people, chosen.seconds))
        first = first or found
        show(f"postgresql, 1 web, {workers} worker, {chosen.senders} sender", found, first)
    for kind in ("postgresql", "sqlite"):
        found = asyncio.run(measure(kind, ["all"], chosen.people, chosen.seconds))
        show(f"{kind}, all in one process", found, first or found)


if __name__ == "__main__":
    main()
