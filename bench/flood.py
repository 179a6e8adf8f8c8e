"""One chat sends 5,000 messages; how long does somebody else wait? `python -m bench.flood`."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.catalogs import load_languages
from bot.channel import Received
from bot.clock import now
from bot.database_thread import DatabaseThread
from bot.flood import Flood
from bot.receiver import Receiver
from bot.worker import Worker
from flows.all_flows import all_flows
from flows.engine import Engine
from flows.messages import Inbound
from storage.database import open_database
from storage.gazetteer import load_gazetteer
from storage.schema import upgrade
from storage.understanding import load_understanding

FLOOD, AT_ONCE, OTHERS = 5_000, 100, 100


async def measure(flows: Engine, most: int, flood: int) -> tuple[float, float, float, float]:
    """Median and worst milliseconds of the other's turns, the flood's seconds, our CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'flood.db'}")
        upgrade(engine)
        worker = Worker(engine, flows, ZoneInfo("Europe/Rome"), now)
        database = DatabaseThread(engine)
        judged = Flood(most, flows.matters, now).judged
        receiver = Receiver(worker, database, lambda: None, judged)
        began, cpu = time.perf_counter(), time.process_time()
        flooding = asyncio.create_task(_flood(receiver, flood))
        waited: list[float] = []
        while len(waited) < OTHERS or not flooding.done():
            waited.append(await _turn(receiver, len(waited)))
        await flooding
        took = time.perf_counter() - began, time.process_time() - cpu
        database.close()
        engine.dispose()
        return (statistics.median(waited), max(waited), *took)


async def _flood(receiver: Receiver, messages: int) -> None:
    """As many at once as Telegram opens connections."""
    for first in range(0, messages, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, messages))
        await asyncio.gather(*(receiver.receive(_said("flood", n)) for n in numbers))


async def _turn(receiver: Receiver, number: int) -> float:
    await asyncio.sleep(0.005)
    began = time.perf_counter()
    await receiver.receive(_said(f"other{number // 20}", number))
    return (time.perf_counter() - began) * 1000


def _said(address: str, number: int) -> Received:
    return Received("telegram", f"{address}:{number}", address, Inbound(f"ciao {number}"))


def main() -> None:
    """Print a line for each."""
    languages = load_languages("it")
    load_gazetteer()
    flows = Engine(all_flows(languages), languages, load_understanding().understand)
    asyncio.run(measure(flows, 0, 0))
    print("                          others: median    worst    flood took      CPU")
    for name, most, flood in (
        ("nobody floods", 40, 0),
        ("5,000 of one chat", 40, FLOOD),
        ("the same, without limit", 0, FLOOD),
    ):
        median, worst, took, cpu = asyncio.run(measure(flows, most, flood))
        print(f"{name:24} {median:10.1f} ms {worst:7.1f} ms {took:10.1f} s {cpu:7.1f} s")


if __name__ == "__main__":
    main()
