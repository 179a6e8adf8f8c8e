"""``kill -9`` during a broadcast: everyone is reached once, and what is in doubt is listed.

The long one, 50 kills during 10,000 sends: ``python -m tests.sending_storm``.
"""

import asyncio
from pathlib import Path

from tests.sending_storm import storm

PEOPLE, KILLS = 240, 2


def test_a_broadcast_reaches_everyone_once(database: str, tmp_path: Path) -> None:
    found = asyncio.run(storm(database, tmp_path, PEOPLE, KILLS))
    assert found.is_right(KILLS), found
    assert found.reached >= PEOPLE - found.unknown


def test_without_the_protection_people_are_written_to_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crash.db'}"
    found = asyncio.run(storm(url, tmp_path, PEOPLE, KILLS, "tests.forgetful"))
    assert found.twice > 0 and not found.is_right(KILLS)
