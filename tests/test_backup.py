"""Backups: whole or refused, on both databases, also while the assistant works or dies."""

import io
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import col

from storage.audit import By
from storage.backup import encrypted, making, postgresql, restoring, snapshot
from storage.backup.encrypted import BackupError
from storage.backup.making import Made
from storage.database import open_database
from storage.key_file import Keys
from storage.models import Inbox
from storage.schema import is_current, upgrade
from tests.conftest import ROOT, START, Run
from tests.databases import postgresql as new_postgresql

KEY = "correct horse battery staple"
MARK = "Fatoumata Marker"
BY = By("anna", START)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""Where the kind of database makes no difference: PostgreSQL is slow to make and drop one."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in a moment, and many pieces in a small file."""
    monkeypatch.setattr(encrypted, "COST", 1 << 4)
    monkeypatch.setattr(encrypted, "PIECE", 1 << 14)


@dataclass
class Desk:
    """A database with offers and a person's word, and where its backups go."""

    url: str
    engine: Engine
    folder: Path

    def backup(self, keep: int = 14, days: int = 0) -> Made:
        by = By("anna", START + timedelta(days=days))
        return making.make(self.engine, self.url, self.folder, KEY, keep, by)

    def restore(self, path: Path, *, replace: bool = False, key: str = KEY) -> restoring.Restored:
        return restoring.restore(self.engine, self.url, path, key, BY, replace=replace)

    def names(self) -> list[str]:
        with self.engine.begin() as connection:
            query = text("SELECT address FROM inbox WHERE address <> '' ORDER BY id")
            return list(connection.scalars(query))

    def write(self, name: str, number: str, body: str = "") -> None:
        insert = text(
            "INSERT INTO inbox (channel, external_id, address, body, received_at, failures)"
            " VALUES ('telegram', :number, :name, :body, 0, 0)"
        )
        with self.engine.begin() as connection:
            connection.execute(insert, {"number": number, "name": name, "body": body})

    def leftovers(self) -> list[str]:
        """What should not be there: half files, scratch folders and databases."""
        found = [path.name for path in self.folder.glob("*") if path.suffix != ".backup"]
        if self.engine.dialect.name == "sqlite":
            return found + [path.name for path in self.folder.parent.glob("*.backup-*")]
        query = text("SELECT datname FROM pg_database WHERE starts_with(datname, :name)")
        with self.engine.connect() as connection:
            name = f"{postgresql.name_of(self.url)}_scratch"
            return found + list(connection.scalars(query, {"name": name}))


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    engine = open_database(database)
    upgrade(engine)
    desk = Desk(database, engine, tmp_path / "backups")
    desk.write(MARK, "first", os.urandom(40_000).hex())
    yield desk
    if engine.dialect.name == "postgresql":
        name = postgresql.name_of(database)[:40]
        postgresql.drop(database, f"{name}_before_{START:%Y%m%d%H%M%S}")
    engine.dispose()


# ── whole, and there ────────────────────────────────────────────────────────────────────────────


def test_there_and_back(desk: Desk) -> None:
    made = desk.backup()
    assert made.manifest.rows["listing"] == 0 and made.manifest.rows["inbox"] == 1
    data = made.path.read_bytes()
    assert MARK.encode() not in data and b"listing" not in data
    assert made.path.stat().st_mode & 0o077 == 0
    desk.write("came later", "second")
    done = desk.restore(made.path, replace=True)
    assert desk.names() == [MARK] and is_current(desk.engine)
    assert _names_in(done.aside, desk) == [MARK, "came later"]
    with desk.engine.connect() as connection:
        query = text("SELECT action FROM audit ORDER BY id DESC LIMIT 1")
        assert connection.scalar(query) == "restore"
    assert desk.leftovers() == []


def _names_in(aside: str, desk: Desk) -> list[str]:
    url = f"sqlite:///{aside}"
    if desk.engine.dialect.name == "postgresql":
        url = desk.engine.url.set(database=aside).render_as_string(hide_password=False)
    other = Desk(url, open_database(url), desk.folder)
    names = other.names()
    other.engine.dispose()
    return names


def test_into_a_database_that_is_empty(desk: Desk, tmp_path: Path) -> None:
    made = desk.backup()
    with desk.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if desk.engine.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    desk.engine.dispose()
    if desk.engine.dialect.name == "sqlite":
        (tmp_path / "empty.db").unlink()
    assert desk.restore(made.path).aside == ""
    assert desk.names() == [MARK]


@on_sqlite
def test_on_a_new_computer(desk: Desk, tmp_path: Path) -> None:
    """Rehearsed before `init`, restored after it; what others put beside the database stays."""
    made = desk.backup()
    desk.engine.dispose()
    (tmp_path / "empty.db").unlink()
    own = tmp_path / "empty.db.backup-of-ours"
    own.mkdir()
    (own / "copy.db").write_text("precious")
    desk = Desk(desk.url, open_database(desk.url), desk.folder)
    restoring.rehearse(desk.engine, desk.url, made.path, KEY, BY)
    upgrade(desk.engine)
    assert desk.restore(made.path).aside == ""
    assert desk.names() == [MARK] and (own / "copy.db").read_text() == "precious"
    desk.engine.dispose()


@on_sqlite
def test_a_database_that_no_key_opens_can_be_replaced(desk: Desk, tmp_path: Path) -> None:
    """A computer that made itself a key, before the real one was put in its place."""
    made = desk.backup()
    desk.engine.dispose()
    (tmp_path / "empty.db").unlink()
    other = open_database(desk.url, Keys(tmp_path / "other.key"))
    upgrade(other)
    other.dispose()
    desk = Desk(desk.url, open_database(desk.url), desk.folder)
    with pytest.raises(BackupError, match="--replace"):
        desk.restore(made.path)
    assert desk.restore(made.path, replace=True).aside
    assert desk.names() == [MARK]
    desk.engine.dispose()


def test_whether_somebody_uses_it_is_seen_without_its_key(tmp_path: Path) -> None:
    with new_postgresql() as url:
        other = open_database(url, Keys(tmp_path / "other.key"))
        upgrade(other)
        ours = open_database(url, Keys(tmp_path / "ours.key"))
        with other.connect() as connection:
            connection.execute(text("SELECT 1"))
            with pytest.raises(BackupError, match="in use"):
                restoring.refuse_in_use(ours, url)
        other.dispose()
        restoring.refuse_in_use(ours, url)


def test_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    desk = Desk(url, open_database(url), tmp_path / "backups")
    upgrade(desk.engine)
    made = desk.backup()
    path, manifest = desk.folder / "newer.backup", made.manifest
    newer = snapshot.Manifest("sqlite", "9999", manifest.rows, manifest.made_at)
    with path.open("wb") as file:
        encrypted.write(file, KEY, [newer.to_bytes(), (tmp_path / "x.db").read_bytes()])
    with pytest.raises(BackupError, match="of a newer release"):
        desk.restore(path, replace=True)
    desk.engine.dispose()


@on_sqlite
def test_of_an_earlier_release_comes_up_to_this_one(database: str, tmp_path: Path) -> None:
    engine = open_database(database)
    upgrade(engine, "0001")
    desk = Desk(database, engine, tmp_path / "backups")
    desk.write(MARK, "first")
    made = desk.backup()
    upgrade(engine)
    done = desk.restore(made.path, replace=True)
    assert done.manifest.revision == "0001" and is_current(engine)
    with engine.begin() as connection:  # it is sealed since then
        assert list(connection.scalars(select(col(Inbox.address)))) == [MARK]
    engine.dispose()


@on_sqlite
def test_the_newest_stay(desk: Desk) -> None:
    others = desk.folder / "elsewhere-2020-01-01-000000Z.backup"
    desk.folder.mkdir()
    others.write_bytes(b"of another desk")
    made = [desk.backup(keep=2, days=day) for day in range(3)]
    assert [path.name for path in made[2].removed] == [made[0].path.name]
    assert sorted(desk.folder.iterdir()) == sorted([others, made[1].path, made[2].path])


# ── under load ──────────────────────────────────────────────────────────────────────────────────


def _while_written(desk: Desk, work: Callable[[], Any]) -> int:
    """Do ``work`` while somebody else writes without a pause; how many rows were written."""
    done, started, count = Event(), Event(), 0

    def write() -> None:
        nonlocal count
        for number in itertools.takewhile(lambda _: not done.is_set(), range(100_000)):
            desk.write("load", f"load-{number}")
            count += 1
            started.set()

    thread = Thread(target=write)
    thread.start()
    try:
        assert started.wait(20)
        work()
    finally:
        done.set()
        thread.join(20)
    return count


def test_while_everything_goes_on(desk: Desk) -> None:
    made: list[Made] = []
    written = _while_written(desk, lambda: made.append(desk.backup()))
    assert 1 <= made[0].manifest.rows["inbox"] <= written + 1
    assert len(desk.names()) == written + 1


def test_counted_outside_of_the_moment_it_would_be_noticed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = snapshot.describe

    def describe(connection: Any, now: Any) -> Any:
        manifest = counted(connection, now)
        desk.write("between", "between")
        with desk.engine.connect() as later:
            rows = {**manifest.rows, "inbox": later.scalar(text("SELECT count(*) FROM inbox"))}
        return snapshot.Manifest(manifest.kind, manifest.revision, rows, manifest.made_at)

    monkeypatch.setattr(making, "describe", describe)
    with pytest.raises(BackupError, match="other rows than the original, in: inbox"):
        desk.backup()
    assert list(desk.folder.iterdir()) == [] and desk.leftovers() == []


# ── killed ──────────────────────────────────────────────────────────────────────────────────────

_KILLED = """
import os, signal, sys
from pathlib import Path
from datetime import datetime, UTC
from storage.audit import By
from storage.backup import encrypted, making, {module} as module
from storage.database import open_database
encrypted.COST, encrypted.PIECE = 1 << 4, 1 << 14
making._PART = {part!r}
was, calls = module.{name}, []
def dies(*arguments, **named):
    calls.append(1)
    if len(calls) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return was(*arguments, **named)
module.{name} = dies
url, folder = sys.argv[1:]
now = datetime(2026, 11, 23, 9, tzinfo=UTC)
making.make(open_database(url), url, Path(folder), {key!r}, 9, By("anna", now))
"""


def _killed(desk: Desk, module: str, name: str, call: int, part: str = ".part") -> int:
    script = _KILLED.format(module=module, name=name, call=call, key=KEY, part=part)
    done = subprocess.run(
        [sys.executable, "-c", script, desk.url, str(desk.folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize(
    ("database", "module", "name", "call"),
    [
        ("sqlite", "encrypted", "_nonce", 3),
        ("sqlite", "making", "check", 1),
        ("sqlite", "making", "publish", 1),
        ("postgresql", "making", "check", 1),
    ],
    indirect=["database"],
)
def test_killed_it_leaves_nothing_under_its_name(
    desk: Desk, module: str, name: str, call: int
) -> None:
    assert _killed(desk, module, name, call) == -signal.SIGKILL
    assert list(desk.folder.glob("*.backup")) == []
    assert desk.leftovers() != []
    made = desk.backup()
    assert list(desk.folder.iterdir()) == [made.path]
    assert desk.leftovers() == []


@on_sqlite
def test_without_the_other_name_a_half_file_would_stand_there(desk: Desk) -> None:
    assert _killed(desk, "encrypted", "_nonce", 3, part="") == -signal.SIGKILL
    [half] = desk.folder.glob("*.backup")
    with pytest.raises(BackupError):
        desk.restore(half, replace=True)
    assert desk.names() == [MARK]


def test_two_at_once_one_is_told(desk: Desk) -> None:
    with (
        making.alone(desk.engine, desk.url),
        pytest.raises(BackupError, match="another backup or restore"),
    ):
        desk.backup()


# ── refused ─────────────────────────────────────────────────────────────────────────────────────


def test_a_database_in_use_is_refused(desk: Desk) -> None:
    made = desk.backup()
    other = open_database(desk.url)
    with other.connect() as connection:
        connection.execute(text("SELECT 1"))
        connection.rollback()  # connected, and doing nothing
        with pytest.raises(BackupError, match="in use"):
            desk.restore(made.path, replace=True)
    other.dispose()
    desk.restore(made.path, replace=True)


@on_sqlite
def test_a_database_that_is_not_empty_is_refused(desk: Desk) -> None:
    made = desk.backup()
    with pytest.raises(BackupError, match="not empty: --replace"):
        desk.restore(made.path)


def _flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _swap(data: bytes) -> bytes:
    head, size = len(encrypted.MAGIC) + 16, (1 << 14) + 16
    a, b = data[head : head + size], data[head + size : head + 2 * size]
    return data[:head] + b + a + data[head + 2 * size :]


_DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit at the beginning": lambda data: _flip(data, 3),
    "of the salt": lambda data: _flip(data, len(encrypted.MAGIC) + 2),
    "in the middle": lambda data: _flip(data, len(data) // 2),
    "at the end": lambda data: _flip(data, len(data) - 1),
    "cut": lambda data: data[: len(data) - 7],
    "cut between two pieces": lambda data: data[: len(encrypted.MAGIC) + 16 + 2 * ((1 << 14) + 16)],
    "pieces that changed places": _swap,
    "something after the end": lambda data: data + b"x",
    "empty": lambda _: b"",
    "only a beginning": lambda data: data[: len(encrypted.MAGIC) + 16],
}


@on_sqlite
def test_a_damaged_file_is_refused(desk: Desk) -> None:
    made = desk.backup()
    whole = made.path.read_bytes()
    for name, damage in _DAMAGE.items():
        made.path.write_bytes(damage(whole))
        with pytest.raises(BackupError):
            desk.restore(made.path, replace=True)
        assert desk.names() == [MARK], name
    made.path.write_bytes(whole)
    with pytest.raises(BackupError, match="passphrase or key is another"):
        desk.restore(made.path, replace=True, key="another passphrase")
    assert desk.leftovers() == []
    desk.restore(made.path, replace=True)


def test_a_piece_of_another_file_is_refused() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    encrypted.write(first, KEY, [b"a" * 40_000])
    encrypted.write(second, KEY, [b"a" * 40_000])
    head = len(encrypted.MAGIC) + 16
    mixed = io.BytesIO(first.getvalue()[:head] + second.getvalue()[head:])
    with pytest.raises(BackupError):
        list(encrypted.read(mixed, KEY))


@pytest.mark.parametrize("size", [0, 1, (1 << 14) - 1, 1 << 14, (1 << 14) + 1, 3 << 14])
def test_what_was_written_is_read(size: int) -> None:
    file, content = io.BytesIO(), os.urandom(size)
    encrypted.write(file, KEY, [content[:5], b"", content[5:]])
    file.seek(0)
    assert b"".join(encrypted.read(file, KEY)) == content


def test_a_broken_database_can_be_replaced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    desk = Desk(url, open_database(url), tmp_path / "backups")
    upgrade(desk.engine)
    desk.write(MARK, "first")
    made = desk.backup()
    desk.engine.dispose()
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    done = desk.restore(made.path, replace=True)
    assert Path(done.aside).read_bytes().startswith(b"no database")
    assert desk.names() == [MARK]
    desk.engine.dispose()


# ── PostgreSQL's tools ──────────────────────────────────────────────────────────────────────────


def test_the_password_is_not_in_the_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    fake = tmp_path / "pg_restore"
    fake.write_text(f'#!/bin/sh\necho "$@" >{seen}\necho "$PGPASSWORD" >>{seen}\ncat >/dev/null\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    postgresql.load([b"x"], "postgresql+psycopg://desk:hunter2@127.0.0.1:1/x?sslmode=require")
    arguments, password = seen.read_text().splitlines()
    assert "hunter2" not in arguments and password == "hunter2"
    assert "--dbname=postgresql://desk@127.0.0.1:1/x?sslmode=require" in arguments


def test_scratch_databases_of_others_are_left_alone() -> None:
    """Their long names begin alike."""
    mine, theirs = (f"postgresql://127.0.0.1/{'n' * 45}{last}" for last in "ab")
    assert not postgresql._scratch(mine).startswith(postgresql._scratch(theirs))
    assert len(postgresql._scratch(mine)) + 8 <= 63, "PostgreSQL cuts names off (NAMEDATALEN)"


def test_a_server_that_is_not_reached_is_no_other_backup() -> None:
    url = "postgresql+psycopg://desk@127.0.0.1:1/x"
    with (
        pytest.raises(BackupError, match=r'"postgres", cannot be reached'),
        making.alone(open_database(url), url),
    ):
        pass


def test_without_pg_dump_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_restore is not installed: .* postgresql-client"):
        postgresql.load([], "postgresql://desk@127.0.0.1:1/x")


# ── the commands ────────────────────────────────────────────────────────────────────────────────


def test_the_commands(run: Run, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    upgrade(engine)
    engine.dispose()
    key = tmp_path / "key"
    key.write_text("short\n")
    assert "at least 12 letters" in run("backup", "--key-file", str(key), code=2)
    key.write_text(f"{KEY}\n")
    shown = run("backup", "--key-file", str(key))
    [path] = (tmp_path / "data" / "backups").glob("*.backup")
    assert str(path.relative_to(tmp_path)) in shown and "it is whole" in shown
    shown = run("restore", str(path), "--rehearse", typed=f"{KEY}\n")
    assert "can be restored. Nothing was changed." in shown
    assert "not empty: --replace" in run("restore", str(path), typed=f"{KEY}\n", code=1)
    shown = run("restore", str(path), "--replace", typed=f"{KEY}\n")
    assert "The former one is" in shown and "not from the backup: " in shown
    sealing = next(tmp_path.rglob("sealing.key"))
    aside = sealing.replace(sealing.with_name("elsewhere"))
    lost = run("restore", str(path), "--replace", typed=f"{KEY}\n", code=1)
    assert "Nothing was changed: the key is missing" in lost
    aside.replace(sealing)
    wrong = run("restore", str(path), "--replace", typed="another passphrase\n", code=1)
    assert "Nothing was changed: the passphrase or key is another one" in wrong
    actions = [row["action"] for row in run.json("audit", "--subject", "database", "--json")]
    assert actions == ["restore"]


def test_an_empty_database_is_no_backup(run: Run, tmp_path: Path) -> None:
    shown = run("backup", typed=f"{KEY}\n{KEY}\n", code=1)
    assert "No backup was made: the database is empty" in shown
    assert list((tmp_path / "data" / "backups").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    run("init", "--quiet")
    (tmp_path / "file").write_text("x")
    shown = run("backup", "--to", "file/x", typed=f"{KEY}\n{KEY}\n", code=1)
    assert "No backup was made: file" in shown
