"""Making a backup: nothing stands under its name before it was opened and compared."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from storage.audit import By, record
from storage.backup import encrypted, postgresql, sqlite
from storage.backup.encrypted import BackupError
from storage.backup.snapshot import Manifest, check, describe, snapshot, split
from storage.database import is_sqlite, open_database
from storage.locks import Lock
from storage.only_one import OnlyOne, only_one
from storage.schema import is_current
from storage.sealing import sealing_of

SUFFIX = ".backup"
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was opened again and holds what the database held."""

    path: Path
    manifest: Manifest
    size: int
    removed: tuple[Path, ...]


def make(engine: Engine, url: str, folder: Path, passphrase: str, keep: int, by: By) -> Made:
    """One moment of the database as an encrypted file in ``folder``, tried by restoring it.

    The newest ``keep`` of this database stay. Raises BackupError, with nothing left behind.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = name_of(engine, url)
    path = folder / f"{name}-{by.now.astimezone(UTC):%Y-%m-%d-%H%M%S}Z{SUFFIX}"
    with alone(engine, url):
        for left in folder.glob(f"{name}-*{SUFFIX}{_PART}"):
            left.unlink()
        part = path.with_name(path.name + _PART)
        try:
            manifest = _write(engine, url, part, passphrase, by.now)
            with opened(engine, url, part, passphrase):
                pass
            publish(part, path)
        finally:
            part.unlink(missing_ok=True)
        removed = _rotate(folder, name, keep)
        made = Made(path, manifest, path.stat().st_size, removed)
        _write_down(engine, by, made)
    return made


def _write_down(engine: Engine, by: By, made: Made) -> None:
    """In the history, unless the database is of another release: before an upgrade it is."""
    if is_current(engine):
        rows = sum(made.manifest.rows.values())
        after = {"file": made.path.name, "bytes": made.size, "rows": rows}
        with engine.begin() as connection:
            record(connection, by, "backup", [("database", None, after)])


def name_of(engine: Engine, url: str) -> str:
    """How the backups of a database begin."""
    return sqlite.file_of(url).stem if is_sqlite(engine) else postgresql.name_of(url)


@contextmanager
def alone(engine: Engine, url: str) -> Iterator[None]:
    """One backup or restore at a time; what a killed one left beside the database goes away."""
    if not is_sqlite(engine):
        postgresql.reach(url)
    with _lock(engine, url) as lock:
        if not lock.held():
            raise BackupError("another backup or restore is under way.")
        if is_sqlite(engine):
            sqlite.clean(sqlite.file_of(url))
        else:
            postgresql.clean(url)
        yield


@contextmanager
def _lock(engine: Engine, url: str) -> Iterator[OnlyOne]:
    """PostgreSQL's is not held in our own database: a restore renames that."""
    where, key = engine, int(Lock.BACKUP)
    if not is_sqlite(engine):
        where, key = postgresql.maintenance(url), postgresql.lock_key(Lock.BACKUP, url)
    lock = only_one(where, key)
    try:
        yield lock
    finally:
        lock.release()
        if where is not engine:
            where.dispose()


@contextmanager
def opened(
    engine: Engine, url: str, path: Path, passphrase: str
) -> Iterator[tuple[Manifest, Engine, str]]:
    """A backup, restored into a scratch database and compared: manifest, engine, its file or name.

    Raises BackupError when it is not whole, or of the other kind of database.
    """
    with path.open("rb") as file:
        manifest, content = split(encrypted.read(file, passphrase))
        if manifest.kind != engine.dialect.name:
            raise BackupError(
                f"this is a backup of {manifest.kind}, and DATABASE_URL names a database of "
                f"{engine.dialect.name}: restore it to {manifest.kind}, then see `db copy`."
            )
        with _loaded(engine, url, content) as (copy, where):
            with copy.connect().execution_options(reading=True) as connection:
                check(connection, manifest)
            yield manifest, copy, where


@contextmanager
def _loaded(engine: Engine, url: str, content: Iterator[bytes]) -> Iterator[tuple[Engine, str]]:
    keys = sealing_of(engine.dialect).keys
    if is_sqlite(engine):
        with sqlite.scratch(sqlite.file_of(url)) as folder:
            file, copy = sqlite.load(content, folder, keys)
            try:
                yield copy, str(file)
            finally:
                copy.dispose()
        return
    with postgresql.scratch(url) as other:
        postgresql.load(content, other)
        copy = open_database(other, keys)
        try:
            yield copy, postgresql.name_of(other)
        finally:
            copy.dispose()


def _write(engine: Engine, url: str, part: Path, passphrase: str, now: datetime) -> Manifest:
    with snapshot(engine) as connection:
        manifest = describe(connection, now)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            encrypted.write(file, passphrase, _content(engine, url, connection, manifest))
            file.flush()
            os.fsync(file.fileno())
    return manifest


def _content(
    engine: Engine, url: str, connection: Connection, manifest: Manifest
) -> Iterator[bytes]:
    yield manifest.to_bytes()
    if not is_sqlite(engine):
        yield from postgresql.dump(connection, url)
        return
    with sqlite.scratch(sqlite.file_of(url)) as folder:
        yield from sqlite.dump(connection, folder)


def publish(part: Path, path: Path) -> None:
    """Give a finished file its name, for good."""
    if path.exists():
        raise BackupError(f"{path} is there already.")
    part.replace(path)
    sqlite.sync_folder(path.parent)


def _rotate(folder: Path, name: str, keep: int) -> tuple[Path, ...]:
    """Delete all but the newest; their names sort by time."""
    day = "[0-9]" * 4 + "-[0-9][0-9]-[0-9][0-9]-" + "[0-9]" * 6 + "Z"
    old = tuple(sorted(folder.glob(f"{name}-{day}{SUFFIX}"))[:-keep])
    for path in old:
        path.unlink()
    return old
