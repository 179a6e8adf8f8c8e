"""Questions in people's own words: how well by cross-validation, how quickly, how much memory.

``python -m bench.questions`` asks among 10,000 offers; ``--folds 4`` learns four times from three
quarters of the examples and is asked the last quarter (a few minutes).
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from bot.catalogs import load_languages
from bot.channel import Received
from bot.worker import Delivery, Worker
from flows.all_flows import all_flows
from flows.engine import Engine
from flows.messages import Inbound
from flows.understanding.score import evaluate
from flows.understanding.training import train
from flows.understanding.understand import Understanding
from storage.database import open_database
from storage.gazetteer import load_gazetteer
from storage.understanding import load_understanding, read_questions

_OFFERS = 10_000
_FILL = """import sys, pathlib, bench.offers
bench.offers.fill(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]))"""
"""In a process of its own: what an import needs is no memory of the assistant's."""
_SHOWN = ("macro_f1", "wrong_rate", "abstain_rate", "emergency_recall", "language_accuracy")
_ASKED = (
    "cerco lavoro nelle pulizie vicino a monale",
    "bilocale massimo 380 euro",
    "how do i get to asti without a car",
    "mere paas gari nahi hai, koi kaam?",
    "حضانة لطفل عمره ٣ سنوات",
    "où apprendre l'italien le soir",
    "nobody dey to look my pikin",
)


def turns(database: str, times: int = 40) -> list[float]:
    """Milliseconds of each whole turn that answers a question; a commit each."""
    languages = load_languages("it")
    engine = open_database(database)
    known = Engine(all_flows(languages), languages, load_understanding().understand)
    worker = Worker(engine, known, ZoneInfo("Europe/Rome"), _now)
    numbers = itertools.count()

    def take(text: str) -> float:
        received = Received("telegram", f"q{next(numbers)}", "bench", Inbound(text))
        began = time.perf_counter()
        worker.take([Delivery(received)])
        return (time.perf_counter() - began) * 1000

    for text in ("ciao", "italiano", "sì", "4", "no", "Ada", "Monale", "menu"):
        take(text)
    spent = [take(text) for _ in range(times) for text in _ASKED]
    engine.dispose()
    return spent


def folds(count: int) -> Iterator[dict[str, Any]]:
    """The scores of each part of the examples, by a model that did not learn from it."""
    written, places = read_questions(), load_gazetteer()
    for fold in range(count):
        kept = {code: _part(data, fold, count, held=False) for code, data in written.items()}
        held = {code: _part(data, fold, count, held=True) for code, data in written.items()}
        understanding = Understanding(train(kept, places), places)
        yield evaluate(_rows(held), understanding.understand, time.perf_counter)


def resident_mb() -> float:
    """Memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _part(data: Mapping[str, Any], fold: int, count: int, *, held: bool) -> dict[str, Any]:
    """A questions.yaml with the sentences of one part only, or of all the others."""
    said = {
        intent: [text for text in texts if (crc32(text.encode()) % count == fold) == held]
        for intent, texts in data["examples"].items()
    }
    return {**data, "examples": said}


def _rows(parts: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for code, data in parts.items():
        for intent, texts in data["examples"].items():
            yield from ({"text": text, "lang": code, "intent": intent} for text in texts)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.questions", description=__doc__)
    parser.add_argument("--folds", type=int, default=0, help="cross-validate: how many parts")
    arguments = parser.parse_args()
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as name:
        database = f"sqlite:///{name}/offers.db"
        subprocess.run([sys.executable, "-c", _FILL, database, name, str(_OFFERS)], check=True)
        began = time.perf_counter()
        load_understanding()
        loading = time.perf_counter() - began
        worked = time.process_time()
        spent = turns(database)
        worked = 1000 * (time.process_time() - worked) / len(spent)
    table = Table(
        "offers", "loading s", "median ms", "p95 ms", "CPU ms", "MB resident", title="A question"
    )
    p95 = statistics.quantiles(spent, n=20)[-1]
    cells = (f"{loading:.2f}", f"{statistics.median(spent):.1f}", f"{p95:.1f}", f"{worked:.1f}")
    table.add_row(f"{_OFFERS:,}", *cells, f"{resident_mb():.0f}")
    console.print(table)
    crossed = Table("part", *_SHOWN, title="Cross-validation on our own examples")
    for number, scores in enumerate(folds(arguments.folds), start=1):
        crossed.add_row(str(number), *(str(scores[name]) for name in _SHOWN))
    if arguments.folds:
        console.print(crossed)


if __name__ == "__main__":
    main()
