"""Fresh databases for the storage tests, and what every database of ours must do.

`migrated` and `emptied` are what the other modules build their fixtures from.
"""

import multiprocessing
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import SQLModel, col

from storage import database as database_module
from storage.append_only import lift, protect
from storage.columns import from_ms, to_ms
from storage.database import is_sqlite, open_database, reading
from storage.models import Contact
from storage.prepared import cursor_of
from storage.schema import upgrade
from storage.turns import Turns
from tests.conftest import START
from tests.databases import postgresql

KINDS = ("sqlite", "postgresql")


@contextmanager
def bare(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new database without tables; it is dropped afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / f'{secrets.token_hex(4)}.db'}"
        return
    with postgresql() as url:
        yield url


@contextmanager
def migrated(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new database with this release's tables."""
    with bare(kind, folder) as url:
        engine = open_database(url)
        upgrade(engine)
        engine.dispose()
        yield url


@contextmanager
def emptied(url: str) -> Iterator[Engine]:
    """An engine on a database whose tables are empty."""
    engine = open_database(url)
    with engine.begin() as connection:
        lift(connection)
        for table in reversed(SQLModel.metadata.sorted_tables):
            if table.name != "key_in_use":
                connection.execute(table.delete())
        protect(connection)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("database")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


def add_contact(connection: Connection, id: int, alerts: str = "off") -> None:
    """A contact without an address."""
    row = Contact.__table__.insert().values(  # type: ignore[attr-defined]
        id=id, alerts=alerts, agreed="", created_at=START
    )
    connection.execute(row)


# ── connections ─────────────────────────────────────────────────────────────────────────────────


def test_sqlite_is_set_to_lose_nothing(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'made' / 'deep' / 'x.db'}")
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "trusted_schema": 0,
        "busy_timeout": 15000,
    }
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted}
    engine.dispose()
    assert found == wanted


@pytest.mark.parametrize("url", ["postgresql://root@127.0.0.1/x", "postgresql+psycopg://root@h/x"])
def test_postgresql_goes_through_psycopg(url: str) -> None:
    engine = open_database(url)
    assert engine.driver == "psycopg" and not is_sqlite(engine)


def test_a_cluster_without_a_locale_gives_text_too() -> None:
    """initdb makes such a one (SQL_ASCII) where no LANG is set, as in many containers."""
    with postgresql("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'") as url:
        engine = open_database(url)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 'già, 谢谢'")) == "già, 谢谢"
        engine.dispose()


def test_a_writer_holds_the_lock_from_the_start(tmp_path: Path) -> None:
    with migrated("sqlite", tmp_path) as url:
        engine = open_database(url)
        with engine.begin():
            other = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
            other.close()
        engine.dispose()


def test_a_reader_never_waits_for_a_writer(database: Engine) -> None:
    with database.begin() as writing:
        add_contact(writing, 1)
        with reading(database).begin() as connection:
            assert connection.execute(select(col(Contact.id))).all() == []
    with reading(database).begin() as connection:
        assert connection.execute(select(col(Contact.id))).scalars().all() == [1]


def test_an_error_rolls_everything_back(database: Engine) -> None:
    with pytest.raises(IntegrityError), database.begin() as connection:
        add_contact(connection, 1)
        add_contact(connection, 1)
    with database.begin() as connection:
        assert connection.execute(select(col(Contact.id))).all() == []


def test_foreign_keys_are_kept(database: Engine) -> None:
    statement = text(
        "INSERT INTO address (contact_id, channel, address, state, heard_at)"
        " VALUES (99, 'telegram', 'a', 'ok', 0)"
    )
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(statement)


def test_moments_come_back_aware_and_to_the_millisecond(database: Engine) -> None:
    moment = START.replace(microsecond=123_000)
    with database.begin() as connection:
        add_contact(connection, 1)
        connection.execute(update(Contact).values(created_at=moment))
        assert connection.execute(select(col(Contact.created_at))).scalar_one() == moment
        raw = connection.execute(text("SELECT created_at FROM contact")).scalar_one()
    assert raw == to_ms(moment) and from_ms(raw) == moment


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_ms(START.replace(tzinfo=None))


def test_a_number_is_never_used_twice(database: Engine) -> None:
    insert = Contact.__table__.insert().values(  # type: ignore[attr-defined]
        alerts="off", agreed="", created_at=START
    )
    with database.begin() as connection:
        first = connection.execute(insert).inserted_primary_key
        assert first
        connection.execute(text("DELETE FROM contact"))
        second = connection.execute(insert).inserted_primary_key
    assert second and second[0] > first[0]


# ── two processes ───────────────────────────────────────────────────────────────────────────────

_TURNS = 200


def _take_turns(url: str, barrier: object, results: object, *, protected: bool) -> None:
    """In a child: `_TURNS` turns that each read a conversation and write it back."""
    if not protected:
        database_module._begin = lambda connection: None
        engine = _unprotected(url)
    else:
        engine = open_database(url)
    turns = Turns(engine.dialect)
    lost = 0
    barrier.wait(10)  # type: ignore[attr-defined]
    for _ in range(_TURNS):
        try:
            with engine.begin() as connection:
                cursor = cursor_of(connection)
                person = turns.person(cursor, "telegram", "both", 0)
                assert person and person.state
                turns.save(cursor, person, "it", str(int(person.state) + 1), 0)
        except (OperationalError, sqlite3.OperationalError):
            lost += 1
    results.put(lost)  # type: ignore[attr-defined]


def _unprotected(url: str) -> Engine:
    """The same database with sqlite3's own transactions instead of ``BEGIN IMMEDIATE``."""
    engine = open_database(url)
    event.remove(engine, "connect", database_module._set_pragmas)

    def legacy(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA busy_timeout=15000")

    event.listen(engine, "connect", legacy)
    return engine


def _two_processes(folder: Path, *, protected: bool) -> tuple[int, int]:
    """How many turns were counted in the end, and how many were refused."""
    with migrated("sqlite", folder) as url:
        engine = open_database(url)
        turns = Turns(engine.dialect)
        with engine.begin() as connection:
            cursor = cursor_of(connection)
            turns.save(cursor, turns.enrol(cursor, "telegram", "both", 0), "it", "0", 0)
        context = multiprocessing.get_context("spawn")
        barrier, results = context.Barrier(2), context.Queue()
        children = [
            context.Process(
                target=_take_turns, args=(url, barrier, results), kwargs={"protected": protected}
            )
            for _ in range(2)
        ]
        for child in children:
            child.start()
        refused = sum(results.get(timeout=60) for _ in children)
        for child in children:
            child.join(10)
            assert child.exitcode == 0
        results.close()
        results.join_thread()
        with engine.begin() as connection:
            person = turns.person(cursor_of(connection), "telegram", "both", 0)
        engine.dispose()
    assert person and person.state
    return int(person.state), refused


def test_two_processes_lose_no_update(tmp_path: Path) -> None:
    assert _two_processes(tmp_path, protected=True) == (2 * _TURNS, 0)


def test_without_begin_immediate_updates_are_lost(tmp_path: Path) -> None:
    """The switch: what `storage.database` protects from does happen without it."""
    counted, refused = _two_processes(tmp_path, protected=False)
    assert counted < 2 * _TURNS
    assert refused + counted <= 2 * _TURNS
