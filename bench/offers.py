"""Many offers: how long an import takes, and a browse step among 100,000."""

import csv
import itertools
import statistics
import time
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.catalogs import load_languages
from bot.channel import Received
from bot.worker import Delivery, Worker
from flows.all_flows import all_flows
from flows.desk import TOPICS
from flows.engine import Engine
from flows.messages import Inbound
from storage.audit import By
from storage.content.fields import fields_of
from storage.content.importing import import_offers, rows_of
from storage.database import open_database
from storage.gazetteer import load_gazetteer
from storage.schema import upgrade

_NEEDED = {
    "title": "Lavoro di prova",
    "summary": "Una frase semplice.",
    "organisation": "Azienda di prova",
    "phone": "0141 000 000",
    "valid_until": "+30d",
    "checked_on": "+0d",
    "checked_by": "bench",
    "status": "published",
}
_KINDS = {"sector": "cleaning", "rent": "300"}


def fill(database: str, folder: Path, count: int) -> float:
    """Import ``count`` offers from a CSV file; the seconds it took."""
    path = folder / f"offers_{count}.csv"
    comuni = [place.name for place in load_gazetteer()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*_NEEDED, "id", "topic", "comune", "kind", *_KINDS])
        writer.writeheader()
        for number in range(count):
            topic = TOPICS[number % len(TOPICS)]
            own = {name: value for name, value in _KINDS.items() if name in fields_of(topic)}
            if kind := fields_of(topic).get("kind"):
                own["kind"] = kind.choices[0]
            row = {
                "id": f"o{count}_{number}",
                "topic": topic,
                "comune": comuni[number // 7 % len(comuni)],
            }
            writer.writerow(_NEEDED | row | own)
    engine = open_database(database)
    upgrade(engine)
    began = time.perf_counter()
    with engine.begin() as connection:
        by = By("bench", datetime.now(UTC))
        import_offers(connection, *rows_of(path), by, date.today())
    seconds = time.perf_counter() - began
    engine.dispose()
    return seconds


def browse_steps(database: str, times: int = 60) -> float:
    """Milliseconds of the median browse step: topic, page, card; a commit each."""
    languages = load_languages("it")
    engine = open_database(database)
    worker = Worker(engine, Engine(all_flows(languages), languages), ZoneInfo("Europe/Rome"), _now)
    numbers = itertools.count()

    def take(inbound: Inbound) -> float:
        received = Received("telegram", f"b{next(numbers)}", "bench", inbound)
        began = time.perf_counter()
        worker.take([Delivery(received)])
        return (time.perf_counter() - began) * 1000

    for text in ("ciao", "italiano", "sì", "4", "no", "Ada", "Monale"):
        take(Inbound(text))
    spent = []
    for turn in range(times):
        topic = TOPICS[turn % len(TOPICS)]
        spent += [
            take(Inbound(tap=f"go:browse-{topic}")),
            take(Inbound("altro")),
            take(Inbound("1")),
        ]
    engine.dispose()
    return statistics.median(spent)


def _now() -> datetime:
    return datetime.now(UTC)
