"""Operators and schedulers side by side on PostgreSQL: who comes second changes nothing."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from flows.speech import Languages
from storage.database import open_database
from storage.outreach import broadcasts, series, wording
from storage.outreach.report import report
from storage.schema import upgrade
from tests.conftest import START
from tests.databases import postgresql
from tests.outreach import BY, RULES, add_broadcast, send
from tests.retention import swept
from tests.test_storage_outbox import post


@pytest.fixture(scope="module")
def server() -> Iterator[Engine]:
    with postgresql() as url:
        engine = open_database(url)
        upgrade(engine)
        yield engine
        engine.dispose()


def beside(
    engine: Engine, first: Callable[[Connection], Any], second: Callable[[Connection], Any]
) -> Any:
    """What the second returns, who begins before the first's commit and may have to wait for it."""
    found: list[Any] = []

    def work() -> None:
        with engine.begin() as connection:
            found.append(second(connection))

    thread = Thread(target=work)
    with engine.begin() as connection:
        first(connection)
        thread.start()
        thread.join(0.3)
    thread.join(10)
    return found[0]


def row_of(engine: Engine, id: int) -> dict[str, Any]:
    with engine.begin() as connection:
        row = broadcasts.get(connection, id)
    assert row
    return row


@pytest.mark.parametrize(
    ("when", "begins"),
    [({"due_at": START}, START), ({"repeats": "0 10 * * *"}, START + timedelta(days=1))],
)
def test_cancelled_while_it_begins(
    server: Engine, languages: Languages, when: dict[str, Any], begins: datetime
) -> None:
    with server.begin() as connection:
        id = add_broadcast(connection)
        row = broadcasts.get(connection, id) or {}
        letters = wording.letters(connection, row, languages)
        assert broadcasts.schedule(connection, id, letters, BY, **when)
    beside(
        server,
        lambda connection: broadcasts.move(connection, id, "cancelled", BY),
        lambda connection: series.start_due(connection, RULES, begins),
    )
    with server.begin() as connection:
        runs = [row for row in broadcasts.listed(connection) if row["series_id"] == id]
    assert (row_of(server, id)["state"], runs) == ("cancelled", [])


def test_edited_while_it_is_sent(server: Engine, languages: Languages) -> None:
    with server.begin() as connection:
        id = add_broadcast(connection)
    everybody = {"audience": {"seen_days": 9}}
    assert not beside(
        server,
        lambda connection: send(connection, id, languages),
        lambda connection: broadcasts.change(connection, id, everybody, BY),
    )
    assert row_of(server, id)["audience"] == {}


def test_two_schedulers_count_what_they_delete_once(server: Engine) -> None:
    values: dict[str, Any] = {"language": "it", "priority": 2, "status": "sent"}
    with server.begin() as connection:
        id = add_broadcast(connection)
        for number in range(3):
            post(connection, f"p{number}", broadcast_id=id, closed_at=START, **values)
    later = START + timedelta(days=8)

    def tidy(connection: Connection) -> int:
        return swept(connection, later + timedelta(days=7), "messages_sent")

    beside(server, tidy, tidy)
    with server.begin() as connection:
        assert report(connection, id).total == {"sent": 3}
