"""Looking for what is old does not read what is not: the scheduler asks every few minutes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from storage.database import open_database
from storage.retention.schedule import RULES
from storage.retention.sweeping import sweep
from storage.schema import upgrade

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@contextmanager
def plans(connection: Connection) -> Iterator[list[str]]:
    """How SQLite finds the rows of each query from here on."""
    found: list[str] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(str(row[-1]) for row in cursor.fetchall())

    event.listen(connection, "before_cursor_execute", explain)
    yield found
    event.remove(connection, "before_cursor_execute", explain)


@pytest.mark.parametrize("protected", [True, False], ids=["as it is", "without the index"])
@pytest.mark.parametrize(
    ("key", "table", "index"),
    [("messages_sent", "outbox", "outbox_closed"), ("deliveries", "inbox", "inbox_handled")],
)
def test_what_is_not_due_is_not_read(
    tmp_path: Path, key: str, table: str, index: str, protected: bool
) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'old.db'}")
    upgrade(engine)
    rule = next(rule for rule in RULES if rule.key == key)
    with engine.begin() as connection:
        if not protected:
            connection.execute(text(f"DROP INDEX {index}"))
        with plans(connection) as found:
            assert sweep(connection, rule, NOW) == 0
    engine.dispose()
    assert found
    assert any(plan.startswith(f"SCAN {table}") for plan in found) != protected
