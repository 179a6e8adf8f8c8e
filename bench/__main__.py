"""``make bench``: durable turns, ours beside ConversationHandler's, in one run.

Machines are noisy: compare the ratios of one run, not the figures of two.
"""

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import broadcasts, in_process, offers
from bench.known_contacts import fill
from bench.people import BotApi, Result, talk
from bench.script import ANSWERS, TAPS

SECRET = "bench-secret"
KNOWN = 1_000  # people each contender knows before the round trips begin
TICKS = os.sysconf("SC_CLK_TCK")

# How to start it, its environment, its port, and each script: its name, its steps, its rounds.
_Contender = tuple[list[str], dict[str, str], int, tuple[tuple[str, Sequence[str], int], ...]]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    return (
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    )


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """The server, ended afterwards."""
    unlimited = {"MESSAGES_PER_MINUTE": "0"}
    process = subprocess.Popen(command, env={**os.environ, **unlimited, **environment})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def seconds_to_listen(process: "subprocess.Popen[bytes]", port: int) -> float:
    """How long it took from now until the server listened. Raises RuntimeError after a minute."""
    began = time.perf_counter()
    while time.perf_counter() - began < 60:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return time.perf_counter() - began
        time.sleep(0.02)
    raise RuntimeError("the server did not start in a minute")


def ours(folder: Path, api_port: int, port: int, database: str) -> tuple[list[str], dict[str, str]]:
    """How Sportello is started for a measurement: all roles in one process, webhook, FULL."""
    environment = {
        "DATABASE_URL": database or f"sqlite:///{folder / 'ours.db'}",
        "HTTP_PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TELEGRAM_BOT_TOKEN": "1:x",
        "TELEGRAM_API_BASE_URL": f"http://127.0.0.1:{api_port}",
        "TELEGRAM_MESSAGES_PER_SECOND": "0",
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "SIMULATOR": "0",
    }
    subprocess.run(
        [sys.executable, "admin_cli.py", "init", "--quiet"],
        env={**os.environ, **environment},
        check=True,
    )
    return [sys.executable, "-m", "bot"], environment


def row(table: Table, name: str, people: int, result: Result, cpu: float) -> float:
    """Add a line; returns turns per second."""
    rate = result.turns / result.seconds
    table.add_row(
        name,
        str(people),
        f"{rate:,.0f}",
        f"{cpu / result.turns * 1000:.2f}",
        f"{result.quantile(0.5):.1f}",
        f"{result.quantile(0.99):.1f}",
    )
    return rate


async def measured(
    api: BotApi, pid: int, port: int, script: Sequence[str], people: int, rounds: int, first: int
) -> tuple[Result, float]:
    """One run, warmed up, and the server's CPU in it."""
    await talk(api, port, SECRET, script, people, 1, first + 10_000_000)
    before = cpu_seconds(pid)
    result = await talk(api, port, SECRET, script, people, rounds, first)
    return result, cpu_seconds(pid) - before


async def round_trips(folder: Path, rounds: int, table: Table) -> dict[str, float]:
    """Webhook POST → reply seen, for 1 and for 50 people; turns per second of each contender."""
    api = BotApi()
    api_port = await api.start()
    url = f"http://127.0.0.1:{api_port}"
    rates: dict[str, float] = {}
    port = free_port()
    command, environment = await asyncio.to_thread(ours, folder, api_port, port, "")
    await asyncio.to_thread(fill, environment["DATABASE_URL"], KNOWN)
    theirs = free_port()
    handler = [sys.executable, "-m", "bench.conversation_handler", url, str(theirs), str(folder)]
    handler.append(str(KNOWN))
    less = max(1, rounds // 12)
    contenders: tuple[_Contender, ...] = (
        (command, environment, port, (("Sportello", ANSWERS, rounds), ("by taps", TAPS, less * 4))),
        (handler, {}, theirs, (("ConversationHandler, flushed", ANSWERS, less),)),
    )
    for start, variables, listens, scripts in contenders:
        with running(start, variables) as process:
            await asyncio.to_thread(seconds_to_listen, process, listens)
            for place, (name, script, share) in enumerate(scripts):
                for people, times in ((1, share * 4), (50, share)):
                    first = 1_000_000 * (people + 1) + 100_000_000 * place
                    result, cpu = await measured(
                        api, process.pid, listens, script, people, times, first
                    )
                    rates[f"{name} {people}"] = row(table, name, people, result, cpu)
    return rates


def growth(folder: Path, known: int) -> tuple[float, float]:
    """Seconds to start, and MiB resident after a start, with so many known contacts."""
    database = f"sqlite:///{folder / f'known_{known}.db'}"
    port = free_port()
    command, environment = ours(folder, 1, port, database)
    fill(database, known)
    with running(command, environment) as process:
        return seconds_to_listen(process, port), resident_mib(process.pid)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="intakes of each of the 50 people")
    parser.add_argument("--known", type=int, nargs="*", default=[1_000, 100_000])
    parser.add_argument("--offers", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--reached", type=int, nargs="*", default=[100_000])
    arguments = parser.parse_args()
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        turns = Table(
            "turns in one commit", "turns/s", "CPU s per 1,000", title="In process (SQLite, FULL)"
        )
        for together in (1, 10, 50):
            rate, cpu = in_process.measure(folder, 300, together)
            turns.add_row(str(together), f"{rate:,.0f}", f"{cpu:.2f}")
        console.print(turns)
        table = Table(
            "server", "people", "turns/s", "CPU s per 1,000", "p50 ms", "p99 ms",
            title=f"Update in → reply seen by the Bot API ({KNOWN:,} people known)",
        )  # fmt: skip
        rates = asyncio.run(round_trips(folder, arguments.rounds, table))
        console.print(table)
        ratio = rates["Sportello 50"] / rates["ConversationHandler, flushed 50"]
        console.print(f"At 50 people Sportello takes {ratio:.1f} times as many durable turns.")
        known = Table("known contacts", "seconds to start", "MiB resident", title="Growth")
        for count in arguments.known:
            seconds, memory = growth(folder, count)
            known.add_row(f"{count:,}", f"{seconds:.2f}", f"{memory:.0f}")
        console.print(known)
        shelf = Table("offers", "seconds to import", "median ms of a browse step", title="Offers")
        for count in arguments.offers:
            database = f"sqlite:///{folder / f'offers_{count}.db'}"
            seconds = offers.fill(database, folder, count)
            shelf.add_row(f"{count:,}", f"{seconds:.1f}", f"{offers.browse_steps(database):.1f}")
        console.print(shelf)
        sent = Table("people", "what", "", title="A broadcast")
        for count in arguments.reached:
            database = f"sqlite:///{folder / f'reached_{count}.db'}"
            for what, figure in broadcasts.measured(database, count).items():
                sent.add_row(f"{count:,}", what, f"{figure:.2f}")
        console.print(sent)


if __name__ == "__main__":
    main()
