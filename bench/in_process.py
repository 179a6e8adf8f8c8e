"""Turns without a network: what the worker and the database take."""

import itertools
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.script import ANSWERS
from bot.catalogs import load_languages
from bot.channel import Received
from bot.telegram.render import is_one_call
from bot.worker import Delivery, Worker
from flows.all_flows import all_flows
from flows.engine import Engine
from flows.messages import Inbound
from storage.database import open_database
from storage.schema import upgrade


def measure(folder: Path, people: int, together: int) -> tuple[float, float]:
    """Durable turns per second, and CPU seconds per 1,000 turns, ``together`` in one commit."""
    languages = load_languages("it")
    engine = open_database(f"sqlite:///{folder / f'in_process_{together}.db'}")
    upgrade(engine)
    flows = Engine(all_flows(languages), languages)
    worker = Worker(engine, flows, ZoneInfo("Europe/Rome"), lambda: datetime.now(UTC))
    numbers = itertools.count()
    began, used = time.perf_counter(), time.process_time()
    for text in ANSWERS:
        for first in range(0, people, together):
            batch = range(first, min(people, first + together))
            worker.take([_delivery(next(numbers), chat, text) for chat in batch])
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    turns = people * len(ANSWERS)
    engine.dispose()
    return turns / seconds, cpu / turns * 1000


def _delivery(number: int, chat: int, text: str) -> Delivery:
    said = Inbound(text, hint="it")
    return Delivery(Received("telegram", str(number), str(chat), said), fits_here=is_one_call)
