"""The audit log: added to, never changed; and whoever changes it behind our back is found."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from storage.append_only import KEPT_DAYS, lift
from storage.audit import By, entries, head, holds, record, verify
from storage.database import open_database
from storage.schema import upgrade
from tests.conftest import START, Run
from tests.test_storage_database import KINDS, bare, emptied, migrated

BY = By("anna", START)


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("audit")) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Both databases in turn, with three entries."""
    with emptied(url) as engine:
        with engine.begin() as connection:
            record(connection, BY, "one", [("offer:a", None, {"title": "Città", "cents": 1.5})])
            record(connection, BY, "two", [("offer:b", {"x": [1]}, None), ("offer:c", None, None)])
        yield engine


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET operator = 'bruno'",
        "UPDATE audit SET chain = 'x' WHERE subject = 'offer:b'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE subject = 'offer:a'",
    ],
)
def test_the_database_refuses_to_change_it(engine: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    with engine.begin() as connection:
        assert len(entries(connection)) == 3


def test_postgresql_does_not_truncate_it(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE audit"))


def test_what_is_old_enough_may_go_and_the_rest_still_verifies(engine: Engine) -> None:
    old = By("anna", START - timedelta(days=KEPT_DAYS + 30))
    with emptied(str(engine.url.render_as_string(hide_password=False))) as engine:
        with engine.begin() as connection:
            record(connection, old, "old", [("offer:a", None, None)])
            record(connection, BY, "new", [("offer:b", None, None), ("offer:c", None, None)])
        with engine.begin() as connection:
            gone = connection.execute(text("DELETE FROM audit WHERE action = 'old'"))
            assert gone.rowcount == 1
            found = verify(connection)
    assert (found.entries, found.broken) == (2, None)


def test_the_chain_holds(engine: Engine) -> None:
    with engine.begin() as connection:
        found = verify(connection)
        assert (found.entries, found.broken) == (3, None)
        assert found.head == head(connection) and holds(connection, found.head)
        assert not holds(connection, "elsewhere")


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        ("UPDATE audit SET operator = 'bruno' WHERE subject = 'offer:b'", 1),
        ("UPDATE audit SET before = NULL WHERE subject = 'offer:b'", 1),
        ("UPDATE audit SET at = at + 1 WHERE subject = 'offer:c'", 2),
        ("DELETE FROM audit WHERE subject = 'offer:b'", 2),
        ("UPDATE audit SET chain = 'x' WHERE subject = 'offer:a'", 0),
    ],
)
def test_who_lifts_the_triggers_is_found(engine: Engine, statement: str, at: int) -> None:
    with engine.begin() as connection:
        ids = sorted(entry["id"] for entry in entries(connection))
        lift(connection)
        connection.execute(text(statement))
        first = ids[0] == 1 or at  # an oldest entry that is not number 1 has nothing before it
        expected = ids[at] if first else ids[1]
        assert verify(connection).broken == expected
        connection.rollback()


def test_a_cut_end_is_found_by_who_noted_the_head(engine: Engine) -> None:
    with engine.begin() as connection:
        noted = head(connection)
        lift(connection)
        connection.execute(text("DELETE FROM audit WHERE subject = 'offer:c'"))
        assert verify(connection).broken is None
        assert not holds(connection, noted)
        connection.rollback()


def test_many_at_once_make_one_chain(engine: Engine) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with engine.begin() as connection:
                record(connection, BY, "race", [(f"offer:{number}.{turn}", None, None)])

    threads = [Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with engine.begin() as connection:
        found = verify(connection)
    assert (found.entries, found.broken) == (33, None)


def test_entries_of_an_earlier_release_are_chained_by_the_migration(tmp_path: Path) -> None:
    for kind in KINDS:
        folder = tmp_path / str(kind)
        folder.mkdir()
        with bare(kind, folder) as url:
            engine = open_database(url)
            upgrade(engine, "0013")
            with engine.begin() as connection:
                _write_as_before(connection)
            upgrade(engine)
            with engine.begin() as connection:
                record(connection, BY, "after", [("offer:z", None, None)])
                found = verify(connection)
            engine.dispose()
        assert (found.entries, found.broken) == (3, None)


def _write_as_before(connection: Connection) -> None:
    insert = text(
        "INSERT INTO audit (at, operator, action, subject, before, after)"
        " VALUES (1700000000000, 'anna', 'edit', 'offer:a', :before, :after)"
    )
    for after in ("null", None):
        connection.execute(insert, {"before": '{"b": 1, "a": "è"}', "after": after})


def test_the_command_says_whether_it_holds(run: Run, tmp_path: Path) -> None:
    run("init", "--quiet")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        record(connection, BY, "one", [("offer:a", None, None)])
        record(connection, BY, "two", [("offer:b", None, None)])
        noted = head(connection)
    assert noted in run("audit", "--verify")
    run("audit", "--head", noted)
    assert "are gone" in run("audit", "--head", "0" * 64, code=2)
    with engine.begin() as connection:
        lift(connection)
        connection.execute(text("UPDATE audit SET operator = 'x' WHERE id = 2"))
    engine.dispose()
    assert "Entry 2 " in run("audit", "--verify", code=2)
