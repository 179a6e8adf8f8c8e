"""A database of each release is upgraded with people in the middle of a conversation."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from storage.database import open_database
from tests.battery.figures import Figure, Place, at_least, exactly, none
from tests.battery.world import World
from tests.released import RELEASES, fill_tables, make_tables

_TESTS = Path(__file__).parents[1]
_FIRST = 600_000
_STATEMENTS = (
    "INSERT INTO contact (id, alerts, agreed, created_at) VALUES (:id, :alerts, '', :at)",
    "INSERT INTO address (id, contact_id, channel, address, state, heard_at)"
    " VALUES (:id, :id, 'telegram', :address, 'ok', :at)",
    "INSERT INTO conversation (contact_id, language, state, updated_at)"
    " VALUES (:id, :language, :state, :at)",
)
_WAITING = text("SELECT count(*) FROM inbox WHERE handled_at IS NULL")


async def run(place: Place) -> list[Figure]:
    """Everybody answers "menu" to the question they were asked under the old release, then "1"."""
    release = RELEASES[0]
    engine = open_database(place.database)
    people = _fill(engine, release)
    engine.dispose()
    async with World(place) as world:  # its `init` upgrades
        for chat in people:
            await world.says(chat, "menu")
            await world.says(chat, "1")
        await world.until_quiet(60)
        answered = {m.chat_id for m in world.telegram.messages}
        return [
            at_least("people in the middle of a conversation", len(people), 20),
            exactly("answered after the upgrade", len(answered.intersection(people)), len(people)),
            none("messages that wait", world.count(_WAITING)),
            world.errors(),
        ]


def _fill(engine: Engine, release: Path) -> list[int]:
    """The release's dump, and a person for each of its stored conversations."""
    make_tables(engine, release)
    files = sorted((_TESTS / "conversations").glob(f"{release.stem}_*.json"))
    stored = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    with engine.begin() as connection:
        fill_tables(connection, release)
        for number, row in enumerate(stored):
            _add(connection, _FIRST + number, row)
        if engine.dialect.name == "postgresql":
            _count_on(connection)
    return [_FIRST + number for number in range(len(stored))]


def _add(connection: Any, id: int, row: dict[str, Any]) -> None:
    """As the first release stored a person."""
    at = int(datetime.now(UTC).timestamp() * 1000)
    state = row["conversation"]
    values = {"id": id, "at": at, "alerts": row["contact"]["alerts"], "address": str(id)}
    values |= {"language": state["language"], "state": json.dumps(state)}
    for statement in _STATEMENTS:
        connection.execute(text(statement), values)


def _count_on(connection: Any) -> None:
    """The next number of each table comes after those that the dump brought."""
    owned = "SELECT table_name FROM information_schema.columns WHERE column_default LIKE 'nextval%'"
    for table in connection.execute(text(owned)).scalars().all():
        after = f'(SELECT coalesce(max(id), 0) + 1 FROM "{table}")'
        sequence = f"pg_get_serial_sequence('{table}', 'id')"
        connection.execute(text(f"SELECT setval({sequence}, {after}, false)"))
