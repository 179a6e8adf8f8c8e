"""Trials of the battery, in haste; ``make battery`` runs all of them, and for longer.

SIGTERM under load is in `test_processes`, over the webhook and by polling.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.battery import kills
from tests.battery.__main__ import empty
from tests.battery.clocks import coming_changes
from tests.battery.figures import Place
from tests.battery.trials import TRIALS

CHOSEN = [
    ("kills", "sqlite"),
    ("kills", "postgresql"),
    ("restarted", "postgresql"),
    ("provider", "postgresql"),
    ("full", "sqlite"),
    ("jumps", "sqlite"),
    ("schedulers", "postgresql"),
    ("poison", "postgresql"),
    ("repeated", "sqlite"),
    ("repeated", "postgresql"),
    ("statuses", "sqlite"),
    ("upgrade", "sqlite"),
    ("upgrade", "postgresql"),
]


@pytest.mark.parametrize(("name", "dialect"), CHOSEN)
def test_nothing_found_is_not_allowed(name: str, dialect: str, tmp_path: Path) -> None:
    assert dialect in TRIALS[name].databases
    with empty(dialect, tmp_path) as url:
        found = asyncio.run(TRIALS[name].run(Place(url, tmp_path)))
    assert len(found) > 1
    assert [figure for figure in found if not figure.right] == []


def test_the_nights_are_those_of_the_time_zone() -> None:
    rome = ZoneInfo("Europe/Rome")
    for year in range(2026, 2040):
        nights = coming_changes(datetime(year, 10, 31, 12, tzinfo=UTC))
        assert [night.month for night in nights] == [3, 10] and nights[0].year == year + 1
        for night in nights:
            before, after = ((night + timedelta(hours=h)).astimezone(rome) for h in (0, 2))
            assert before.utcoffset() != after.utcoffset()


def test_without_the_protection_it_sees_what_is_lost(tmp_path: Path) -> None:
    place = Place(f"sqlite:///{tmp_path / 'trial.db'}", tmp_path)
    found = asyncio.run(kills.run(place, "tests.unprotected"))
    lost = next(figure for figure in found if figure.what == "messages lost")
    assert lost.found > 0 and not lost.right
