"""Statistics of a year with very many events: ``python -m bench.statistics --events 10000000``."""

import argparse
import json
import random
import resource
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, insert

from flows.intake import intake
from storage.columns import to_ms
from storage.database import open_database, reading
from storage.models import Contact, Conversation
from storage.schema import upgrade
from storage.stats import reports
from storage.stats.scope import Scope

YEAR = Scope(date(2026, 1, 1), date(2026, 12, 31), ZoneInfo("Europe/Rome"))
LANGUAGES = ("it", "fr", "ar", "en", "ur", "bn", "ro", "sq", "uk")
_BATCH = 10_000
_INSERT = (
    "INSERT INTO event (contact_id, kind, flow, step, key, language, channel, at) "
    "VALUES (?, ?, ?, ?, ?, 'fr', 'telegram', ?)"
)


def events(chance: random.Random, count: int, people: int) -> Iterator[tuple[str | int, ...]]:
    """Mostly the intake's questions and answers; what people ask; what they look at."""
    steps = [step.name for step in intake.steps]
    first, length = to_ms(YEAR.starts), to_ms(YEAR.ends) - to_ms(YEAR.starts)
    for _ in range(count):
        asked = chance.choice(("asked", "answered"))
        what = chance.choices(
            (
                (asked, "intake", chance.choice(steps), ""),
                ("question", "answer", chance.choice(("job", "housing", "childcare")), "005106"),
                ("nothing_fits", "answer", "job", "005106"),
                ("asked", "browse", "offer", ""),
                ("started", "browse", "", "job"),
            ),
            (80, 10, 2, 4, 4),
        )[0]
        yield (chance.randint(1, people), *what, first + chance.randrange(length))


def fill(database: str, count: int, people: int) -> Engine:
    """A SQLite file with so many people and events."""
    engine, chance = open_database(database), random.Random(1)
    upgrade(engine)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with engine.begin() as connection:
        rows = [{"id": id, "created_at": now} for id in range(1, people + 1)]
        connection.execute(insert(Contact).values(alerts="off", agreed=""), rows)
        talks = [(id, chance.choice(LANGUAGES)) for id in range(1, people + 1)]
        states = [
            {"contact_id": id, "language": code, "state": _state(code, chance), "updated_at": now}
            for id, code in talks
        ]
        connection.execute(insert(Conversation), states)
    made = events(chance, count, people)
    while some := list(islice(made, _BATCH)):
        with engine.begin() as connection:
            connection.exec_driver_sql(_INSERT, some)
    return engine


def measured(engine: Engine) -> dict[str, float]:
    """Seconds of each report."""
    found = {}
    for report in (
        reports.summary,
        reports.funnel_tables,
        reports.needs_tables,
        reports.quality_tables,
    ):
        began = perf_counter()
        with reading(engine).begin() as connection:
            report(connection, YEAR, YEAR.last)
        found[report.__name__] = perf_counter() - began
    return found


def _state(language: str, chance: random.Random) -> str:
    profile = {"comune": chance.choice(("005106", "005005")), "age": "18_24", "needs": ["job"]}
    return json.dumps({"language": language, "profile": profile})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        engine = fill(f"sqlite:///{path}", arguments.events, arguments.people)
        table = Table("what", "", title=f"{arguments.events:,} events, {arguments.people:,} people")
        for name, seconds in measured(engine).items():
            table.add_row(f"{name}, s", f"{seconds:.2f}")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table.add_row("most memory, MiB", f"{memory:.0f}")
        table.add_row("file, MiB", f"{path.stat().st_size / 2**20:.0f}")
        Console().print(table)
        engine.dispose()


if __name__ == "__main__":
    main()
