"""``make bench-scale``: how throughput grows on PostgreSQL with processes, cores and machines.

People write over a loopback Telegram and wait for the reply. Machines are noisy: compare the ratios
of one run, and look at the load beside them. As root on Linux some arrangements hold processes to a
share of the CPU, so that more of them than this machine has cores can be compared.
"""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine, text

from bench.__main__ import cpu_seconds, free_port, ours
from bench.crowd import SLOWEST, Crowd, Heard
from bench.machines import Machine, Processes, may_hold
from bench.people import BotApi
from storage.database import open_database, reading
from tests.battery.relay import Relay
from tests.databases import postgresql

BACKENDS = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
WAITING = text("SELECT count(*) FROM inbox WHERE handled_at IS NULL")
CALM, THINKING = 20, 1.0  # people of the calm hour, and seconds from a reply to their next message


@dataclass
class Load:
    """How many people write at once, for how many seconds, and how far PostgreSQL is, in ms."""

    people: int
    seconds: float
    away: float


@dataclass
class Figures:
    """What one arrangement did; ``cpu`` is by role, in seconds per 1,000 turns."""

    busy: Heard
    calm: Heard
    cpu: dict[str, float]
    backlog: float
    load: float


def quantile(values: Sequence[float], q: float) -> float:
    """In milliseconds."""
    return sorted(values)[min(len(values) - 1, int(q * len(values)))] * 1000


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


@asynccontextmanager
async def wire(url: str, milliseconds: float) -> AsyncIterator[str]:
    """The same database, so far away there and back."""
    if not milliseconds or url.startswith("sqlite"):
        yield url
        return
    port = urlsplit(url).port or 5432
    relay = Relay(port, milliseconds / 2000)
    await relay.start()
    try:
        yield url.replace(f":{port}/", f":{relay.port}/")
    finally:
        await relay.stop()


async def measure(kind: str, machines: Sequence[Machine], load: Load) -> Figures:
    """One arrangement, from an empty database."""
    api = BotApi()
    api_port, ports = await api.start(), [free_port() for _ in machines]
    with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
        command, environment = await asyncio.to_thread(ours, Path(name), api_port, ports[0], url)
        engine = open_database(url)
        async with wire(url, load.away) as far:
            environment["DATABASE_URL"] = far
            processes = Processes(command, environment, machines, ports, Path(name))
            listening = [port for machine, port in zip(machines, ports, strict=True) if machine.web]
            try:
                await processes.running()
                return await _figures(Crowd(api, listening), processes, engine, load)
            finally:
                await asyncio.to_thread(processes.end)
                engine.dispose()


async def _figures(crowd: Crowd, processes: Processes, engine: Engine, load: Load) -> Figures:
    await crowd.talk(load.people, load.seconds / 5)
    calm = await crowd.talk(CALM, load.seconds / 2, THINKING)
    before, of_database = processes.cpu(), backends(engine)
    busy = await crowd.talk(load.people, load.seconds)
    waiting = os.getloadavg()[0]
    cpu = {role: used - before[role] for role, used in processes.cpu().items()}
    cpu["PostgreSQL"] = backends(engine) - of_database
    each = {role: used / len(busy.waits) * 1000 for role, used in cpu.items()}
    backlog = await _backlog(crowd, processes, engine, load.people) if "worker" in cpu else 0.0
    return Figures(busy, calm, each, backlog, waiting)


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


def compare(kind: str, arrangements: dict[str, list[Machine]], load: Load) -> None:
    """Measure and show each, beside the first."""
    first: Figures | None = None
    for name, machines in arrangements.items():
        found = asyncio.run(measure(kind, machines, load))
        first = first or found
        show(f"{kind}, {name}", found, first)


def main() -> None:
    """Print each arrangement as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--people", type=int, default=200, help="who write at once")
    parser.add_argument("--seconds", type=float, default=10, help="of each busy time")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--share", type=float, default=0.15, help="cores of a worker that is held")
    parser.add_argument("--machines", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--cores", type=float, default=0.25, help="of each of these machines")
    parser.add_argument("--away", type=float, default=0, help="ms to PostgreSQL and back")
    parser.add_argument("--databases", nargs="*", default=["postgresql", "sqlite"])
    chosen = parser.parse_args()
    load = Load(chosen.people, chosen.seconds, chosen.away)
    print(f"{os.cpu_count()} cores; busy: {load.people} people at once, calm: {CALM} who think")
    free = {
        f"1 web, {number} worker, 1 sender": [Machine(("web", *["worker"] * number, "sender"))]
        for number in chosen.workers
    }
    held = {
        f"1 web, 1 sender, {number} worker with {chosen.share} core each": [
            Machine(("web", "sender")),
            *[Machine(("worker",), chosen.share)] * number,
        ]
        for number in chosen.workers
    }
    machines = {
        f"{number} machine with {chosen.cores} core each, all roles in one process": [
            Machine(("all",), chosen.cores)
        ]
        * number
        for number in chosen.machines
    }
    compare("postgresql", free, load)
    if may_hold():
        compare("postgresql", held, load)
        compare("postgresql", machines, load)
    else:
        print("processes cannot be held to a share of the CPU here (needs root and cgroups)")
    for kind in chosen.databases:
        compare(kind, {"all roles in one process": [Machine(("all",))]}, load)


if __name__ == "__main__":
    main()
