"""``python -m tests.battery``: faults against the real processes; a table of what was found.

``--short`` is what the tests run; names of trials run these only, ``--on sqlite`` one database.
Ends with 1 when a figure is not allowed.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.battery.figures import Figure, Place
from tests.battery.trials import TRIALS, Trial
from tests.databases import postgresql

DATABASES = ("sqlite", "postgresql")


@contextmanager
def empty(dialect: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if dialect == "sqlite":
        yield f"sqlite:///{folder / 'trial.db'}"
    else:
        with postgresql() as url:
            yield url


def try_out(trial: Trial, dialect: str, *, short: bool) -> tuple[list[Figure], float]:
    """What a trial finds, and the seconds it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, empty(dialect, Path(name)) as url:
        found = asyncio.run(trial.run(Place(url, Path(name), short)))
    return found, time.monotonic() - began


def main() -> int:
    """0 when everything found is allowed."""
    parser = argparse.ArgumentParser(prog="python -m tests.battery", description=__doc__)
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=", ".join(TRIALS))
    parser.add_argument("--short", action="store_true", help="a few minutes in all")
    parser.add_argument("--on", choices=DATABASES, help="one database only")
    given = parser.parse_args()
    console, wrong = Console(), 0
    for name in given.trials or TRIALS:
        trial = TRIALS[name]
        for dialect in trial.databases:
            if given.on in (None, dialect):
                found, seconds = try_out(trial, dialect, short=given.short)
                console.print(_table(f"{trial.title} · {dialect} · {seconds:.0f} s", found))
                wrong += sum(not figure.right for figure in found)
    load = os.getloadavg()[0]
    console.print(f"{wrong or 'no'} figures that are not allowed (load {load:.1f})")
    return 1 if wrong else 0


def _table(title: str, found: list[Figure]) -> Table:
    table = Table(title=title, title_justify="left", min_width=70)
    table.add_column("")
    table.add_column("found", justify="right")
    table.add_column("allowed", justify="right")
    table.add_column("")
    for figure in found:
        mark = "" if figure.right else "[bold red]WRONG"
        table.add_row(figure.what, f"{figure.found:g}", figure.allowed, mark)
    return table


if __name__ == "__main__":
    sys.exit(main())
