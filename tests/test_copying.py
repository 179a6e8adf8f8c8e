"""From one database to the other: every table, every row, and people go on where they were."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Connection, Engine, Table, func, insert, select, text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

from bot.runtime import Parts
from storage.columns import Moment
from storage.copying import CopyError, copy
from storage.database import open_database
from storage.key_file import Keys
from storage.schema import upgrade
from tests.conftest import START, Run
from tests.databases import postgresql
from tests.server import Server
from tests.test_worker import make_worker, said, state

_PLAIN: dict[type, Any] = {
    str: "àЖ\u200dب🧸 'x' %",
    int: 1,
    bool: True,
    dict: {"a": [1, "è"]},
    date: START.date(),
    datetime: START,
    float: 0.5,
    bytes: b"\x00\xff",
}


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Engine]:
    with postgresql() as url:
        engine = open_database(url, Keys(tmp_path / "sealing.key"))
        yield engine
        engine.dispose()


def fill(connection: Connection) -> None:
    """One row in each table that has none, with something in every column."""
    for table in SQLModel.metadata.sorted_tables:
        if not count(connection, table):
            connection.execute(insert(table).values(_row(connection, table)))


def _row(connection: Connection, table: Table) -> dict[str, Any]:
    row = {}
    for column in table.columns:
        keys = list(column.foreign_keys)
        if keys:
            row[column.name] = connection.execute(select(keys[0].column).limit(1)).scalar()
        elif not (column.name == "id" and column.autoincrement is True):
            row[column.name] = _PLAIN[_kind(column.type)]
    return row


def _kind(kind: TypeEngine[Any]) -> type:
    """What is written into such a column."""
    if isinstance(kind, Moment):
        return datetime
    if isinstance(kind, JSON):
        return dict
    return _kind(kind.impl_instance) if isinstance(kind, TypeDecorator) else kind.python_type


def count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_every_table_goes_there_and_back(engine: Engine, target: Engine, tmp_path: Any) -> None:
    with engine.begin() as connection:
        fill(connection)
    copied = copy(engine, target)
    assert copied.keys() == SQLModel.metadata.tables.keys()
    assert min(copied.values()) >= 1
    back = open_database(f"sqlite:///{tmp_path / 'back.db'}", Keys(tmp_path / "sealing.key"))
    assert copy(target, back) == copied
    for table in SQLModel.metadata.sorted_tables:
        query = select(table).order_by(*table.primary_key.columns)
        with engine.begin() as one, back.begin() as other:
            assert one.execute(query).all() == other.execute(query).all(), table.name
    back.dispose()


def test_somebody_goes_on_in_the_middle_of_a_conversation(
    parts: Parts, engine: Engine, target: Engine
) -> None:
    worker = make_worker(parts)
    worker.take([said("u1", "ciao")])
    worker.take([said("u2", "italiano")])
    before = state(engine)
    copy(engine, target)
    assert state(target) == before and before["asked"]["step"] == "keep_answers"
    make_worker(replace(parts, engine=target)).take([said("u3", "sì")])
    assert state(target)["asked"]["step"] == "age"
    assert state(engine) == before


def test_numbers_of_rows_that_were_deleted_are_not_given_again(
    parts: Parts, engine: Engine, target: Engine
) -> None:
    make_worker(parts).take([said("u1", "ciao", address="a"), said("u2", "ciao", address="b")])
    with engine.begin() as connection:
        last = connection.execute(text("SELECT max(id) FROM contact")).scalar_one()
        connection.execute(text("DELETE FROM contact WHERE id = :last"), {"last": last})
    copy(engine, target)
    make_worker(replace(parts, engine=target)).take([said("u3", "ciao", address="c")])
    with target.begin() as connection:
        assert connection.execute(text("SELECT max(id) FROM contact")).scalar_one() == last + 1


def test_a_target_with_rows_is_refused_and_left_alone(engine: Engine, target: Engine) -> None:
    upgrade(target)
    add = "INSERT INTO template (name, sid, language, category, approval, reason) VALUES"
    with target.begin() as connection:
        connection.execute(text(f"{add} ('x', 'y', '', '', '', '')"))
    with pytest.raises(CopyError, match="not empty: its table template"):
        copy(engine, target)
    with target.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM listing")).scalar_one() == 0


def test_what_postgresql_cannot_hold_is_named_and_nothing_is_copied(
    engine: Engine, target: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE listing SET source = 'a' || char(0) WHERE id = 'job_harvest_cortandone'")
        )
    with pytest.raises(CopyError, match="listing, row job_harvest_cortandone: a character"):
        copy(engine, target)
    with target.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM listing_text")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM listing")).scalar_one() == 0


def test_a_row_that_changed_on_its_way_is_found(engine: Engine, target: Engine) -> None:
    upgrade(target)
    with target.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION spoil() RETURNS trigger AS"
                " 'BEGIN NEW.phone = ''0''; RETURN NEW; END' LANGUAGE plpgsql"
            )
        )
        when = "BEFORE INSERT ON listing FOR EACH ROW WHEN (NEW.id = 'job_harvest_cortandone')"
        connection.execute(text(f"CREATE TRIGGER spoil {when} EXECUTE FUNCTION spoil()"))
    with pytest.raises(CopyError, match="listing, row job_harvest_cortandone is not the same"):
        copy(engine, target)


def test_the_command(run: Run, target: Engine, tmp_path: Path) -> None:
    url = target.url.set(drivername="postgresql").render_as_string(hide_password=False)
    assert "run `db upgrade` first" in run("db", "copy", "--to", url, code=2)
    alone = Server(tmp_path / "log", {"DATABASE_URL": f"sqlite:///{tmp_path / 'cli.db'}"})
    alone.cli("init", "--quiet")
    assert "no address of a database" in run("db", "copy", "--to", "mysql://x/y", code=2)
    away = url.replace(f":{target.url.port}/", ":1/")
    assert "Nothing was copied" in run("db", "copy", "--to", away, code=2)
    assert "rows were copied, read back and compared" in alone.cli("db", "copy", "--to", url)
