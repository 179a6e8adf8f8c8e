"""Who was erased stays erased when an older database comes back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from storage import erased
from storage.backup import encrypted, making, postgresql, restoring
from storage.database import open_database
from storage.erasure import erase
from storage.models import Contact
from storage.schema import upgrade
from tests.conftest import START, Run
from tests.test_backup import BY, KEY
from tests.test_storage_database import add_contact

LATER = START + timedelta(days=1)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_database(database)
    upgrade(engine)
    with engine.begin() as connection:
        for id in (12, 57, 58):
            add_contact(connection, id)
    yield engine
    engine.dispose()


def people(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        return list(connection.scalars(select(col(Contact.id)).order_by(col(Contact.id))))


def test_the_list_has_each_once(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "new" / "list"
    with engine.begin() as connection:
        erase(connection, 57, LATER)
        erase(connection, 99, LATER)  # nobody
        assert erased.mirror(connection, file) == 1
        erase(connection, 12, LATER + timedelta(hours=1))
        assert erased.mirror(connection, file, LATER) == 1
        assert erased.mirror(connection, file) == 0
        assert erased.mirror(connection, file, LATER + timedelta(days=1)) == 0
    assert erased.read(file) == [(57, LATER), (12, LATER + timedelta(hours=1))]
    assert file.read_text().splitlines()[0] == "57 1795510800000 2026-11-24"
    assert file.stat().st_mode & 0o077 == 0


def test_a_line_that_was_cut_off_is_written_again(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("57 17955")
    with engine.begin() as connection:
        erase(connection, 57, LATER)
        assert erased.read(file) == [] and erased.mirror(connection, file) == 1
    assert erased.read(file) == [(57, LATER)]


def test_the_older_database_forgets_them_too(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("57 1795510800000 2026-11-24\n77 1795510800000 2026-11-24\n")
    with engine.begin() as connection:
        assert erased.reapply(connection, file, LATER) == [57]
        assert erased.reapply(connection, file, LATER) == []
        assert erased.reapply(connection, tmp_path / "none", LATER) == []
    assert people(engine) == [12, 58]


def test_who_has_the_number_of_somebody_erased_stays(engine: Engine, tmp_path: Path) -> None:
    """After a restore SQLite gives the same numbers out again."""
    file = tmp_path / "list"
    before = START - timedelta(days=1)
    file.write_text(f"57 {round(before.timestamp() * 1000)} 2026-11-22\n")
    with engine.begin() as connection:
        assert erased.reapply(connection, file, LATER) == []
    assert people(engine) == [12, 57, 58]


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "only in the former database"])
def test_a_restored_backup_does_not_bring_them_back(
    engine: Engine, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    monkeypatch.setattr(encrypted, "COST", 1 << 4)
    file = tmp_path / "list"
    path = making.make(engine, database, tmp_path / "backups", KEY, 3, BY).path
    with engine.begin() as connection:
        erase(connection, 57, LATER)
        if listed:
            erased.mirror(connection, file)
    done = restoring.restore(engine, database, path, KEY, BY, replace=True, forgotten=file)
    assert done.again == [57]
    assert people(engine) == [12, 58]
    if engine.dialect.name == "postgresql":
        postgresql.drop(database, done.aside)


def test_without_the_list_a_backup_brings_them_back(
    engine: Engine, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch: what the list protects from does happen without it."""
    monkeypatch.setattr(encrypted, "COST", 1 << 4)
    monkeypatch.setattr(erased, "reapply", lambda *_: [])
    path = making.make(engine, database, tmp_path / "backups", KEY, 3, BY).path
    with engine.begin() as connection:
        erase(connection, 57, LATER)
    done = restoring.restore(
        engine, database, path, KEY, BY, replace=True, forgotten=tmp_path / "list"
    )
    assert people(engine) == [12, 57, 58]
    if engine.dialect.name == "postgresql":
        postgresql.drop(database, done.aside)


def test_by_the_command(run: Run, database_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database_file}")
    engine = open_database(f"sqlite:///{database_file}")
    with engine.begin() as connection:
        for id in (12, 57):
            add_contact(connection, id)
    run("contacts", "erase", "57", "--yes")
    listed = erased.file_of(f"sqlite:///{database_file}")
    assert [contact for contact, _ in erased.read(listed)] == [57]
    with engine.begin() as connection:
        add_contact(connection, 57)  # as an older database had them
    assert "Erased again: 57." in run("contacts", "erase-again", str(listed))
    assert "Erased again: nobody." in run("contacts", "erase-again", str(listed))
    engine.dispose()
