"""Statistics of a year with very many events: ``python -m bench.statistics --events 10000000``."""

import argparse
import json
import random
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, insert, text

from flows.intake import intake
from storage.columns import to_ms
from storage.database import open_database, reading
from storage.models import Contact, Conversation
from storage.schema import upgrade
from storage.stats import reports, rollups
from storage.stats.scope import Scope

YEAR = Scope(date(2026, 1, 1), date(2026, 12, 31), ZoneInfo("Europe/Rome"))
LANGUAGES = ("it", "fr", "ar", "en", "ur", "bn", "ro", "sq", "uk")
_ASKED = ("job", "housing", "childcare")
_INSERT = """
INSERT INTO event (contact_id, kind, flow, step, key, language, channel, at)
SELECT abs(random()) % :people + 1, what.kind, what.flow, what.step, what.key, 'fr', 'telegram',
       :first + value * :apart
FROM (WITH RECURSIVE n(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n LIMIT :count)
      SELECT value, abs(random()) % (SELECT count(*) FROM what) AS which FROM n) AS some
JOIN what ON what.number = some.which
"""
_INDEXES = {
    "event_what": "kind, flow, step, key, contact_id, at",
    "event_who": "contact_id, channel, at",
}


def whats() -> list[tuple[str, str, str, str]]:
    """What people do, each as often as it stands here: mostly the intake's questions."""
    steps = [step.name for step in intake.steps]
    some = [(kind, "intake", step, "") for kind in ("asked", "answered") for step in steps] * 10
    unit = len(some) // 80
    some += [("question", "answer", name, "005106") for name in _ASKED] * (unit * 10 // 3)
    some += [("nothing_fits", "answer", "job", "005106")] * (unit * 2)
    some += [("asked", "browse", "offer", ""), ("started", "browse", "", "job")] * (unit * 4)
    return some


def fill(database: str, count: int, people: int) -> Engine:
    """A SQLite file with so many people, and events in the order of their time."""
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
    first, length = to_ms(YEAR.starts), to_ms(YEAR.ends) - to_ms(YEAR.starts)
    values = {"people": people, "count": count, "first": first, "apart": length // (count + 1)}
    with engine.begin() as connection:
        for name in _INDEXES:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        connection.exec_driver_sql(
            "CREATE TEMP TABLE what (number INTEGER PRIMARY KEY, kind, flow, step, key)"
        )
        connection.exec_driver_sql(
            "INSERT INTO what VALUES (?, ?, ?, ?, ?)",
            [(number, *what) for number, what in enumerate(whats())],
        )
        connection.execute(text(_INSERT), values)
        for name, columns in _INDEXES.items():
            connection.exec_driver_sql(f"CREATE INDEX {name} ON event ({columns})")
    return engine


def rolled_up(engine: Engine) -> float:
    """Seconds to take up all events for the first time."""
    began = perf_counter()
    after = YEAR.ends + timedelta(days=2)
    more = 1
    while more:
        with engine.begin() as connection:
            more = rollups.fold(connection, YEAR.zone, after)
    return perf_counter() - began


def measured(database: str) -> tuple[dict[str, float], float]:
    """Seconds of each report, and the MiB they took in a process that does nothing else."""
    engine, found = open_database(database), {}
    for report in (
        reports.summary,
        reports.funnel_tables,
        reports.needs_tables,
        reports.quality_tables,
        reports.everything,
    ):
        began = perf_counter()
        with reading(engine).begin() as connection:
            report(connection, YEAR, YEAR.last)
        found[report.__name__] = perf_counter() - began
    return found, _most_memory()


def _most_memory() -> float:
    """MiB of this program; what `resource` says is kept from the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _state(language: str, chance: random.Random) -> str:
    profile = {"comune": chance.choice(("005106", "005005")), "age": "18_24", "needs": ["job"]}
    return json.dumps({"language": language, "profile": profile})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=0, help="else one for 100 events")
    parser.add_argument("--raw", action="store_true", help="without roll-ups")
    arguments = parser.parse_args()
    arguments.people = arguments.people or max(1, arguments.events // 100)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        database = f"sqlite:///{path}"
        engine = fill(database, arguments.events, arguments.people)
        built = 0.0 if arguments.raw else rolled_up(engine)
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            seconds, memory = alone.submit(measured, database).result()
        table = Table("what", "", title=f"{arguments.events:,} events, {arguments.people:,} people")
        table.add_row("roll-ups from nothing, s", f"{built:.1f}")
        for name, value in seconds.items():
            table.add_row(f"{name}, s", f"{value:.2f}")
        table.add_row("most memory, MiB", f"{memory:.0f}")
        table.add_row("file, MiB", f"{path.stat().st_size / 2**20:.0f}")
        Console().print(table)
        engine.dispose()


if __name__ == "__main__":
    main()
