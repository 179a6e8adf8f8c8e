"""SQLite's part of a backup: copy by SQLite itself, never by reading a file that is in use."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url

from storage.backup.encrypted import BackupError
from storage.database import open_database
from storage.key_file import Keys

_READ = 1 << 20
_SCRATCH = ".backup-scratch-"


def file_of(url: str) -> Path:
    """The file of a SQLite URL."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise BackupError("DATABASE_URL names no file.")
    return Path(name)


@contextmanager
def scratch(database: Path) -> Iterator[Path]:
    """A folder that goes away, on the database's own disk and closed to others as it is."""
    folder = Path(mkdtemp(prefix=f"{database.name}{_SCRATCH}", dir=database.parent))
    try:
        yield folder
    finally:
        _remove(folder)


def clean(database: Path) -> None:
    """Remove the scratch folders of processes that were killed, and nothing else of that name."""
    for folder in database.parent.glob(f"{database.name}{_SCRATCH}*"):
        _remove(folder)


def _remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def dump(connection: Connection, folder: Path) -> Iterator[bytes]:
    """The moment that ``connection`` sees, as the bytes of a file."""
    copy = folder / "copy.db"
    with closing(sqlite3.connect(copy)) as target:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    with copy.open("rb") as file:
        while part := file.read(_READ):
            yield part
    copy.unlink()


def load(pieces: Iterable[bytes], folder: Path, keys: Keys) -> tuple[Path, Engine]:
    """The file that a backup holds, and an engine on it."""
    path = folder / "restored.db"
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return path, open_database(f"sqlite:///{path}", keys)


def take_over(path: Path) -> None:
    """Bring its log into the file. Raises BackupError when anybody else has it open.

    A database in WAL mode is held by every process that has it open, also while it does nothing:
    SQLite lets only the last one leave the mode. A file that is broken has nothing to bring in.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            raise BackupError("the database is in use: stop the assistant first.") from None
        except sqlite3.DatabaseError:
            return


def swap(new: Path, path: Path, aside: Path | None) -> None:
    """``new`` becomes ``path``; what stood there is ``aside``. At no moment there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new.chmod(0o600)
    if path.exists():
        _as_it_was(new, path)
        if aside:
            aside.hardlink_to(path)
    for left in ("-wal", "-shm"):  # of a broken file: they belong to it, not to the new one
        log = path.with_name(path.name + left)
        if aside and log.exists():
            log.replace(aside.with_name(aside.name + left))
    new.replace(path)
    sync_folder(path.parent)


def _as_it_was(new: Path, path: Path) -> None:
    """The same may read and write it: a restore by root must not lock the assistant out."""
    was = path.stat()
    new.chmod(was.st_mode & 0o777)
    if os.name == "posix" and (was.st_uid, was.st_gid) != (os.getuid(), os.getgid()):
        os.chown(new, was.st_uid, was.st_gid)


def sync_folder(folder: Path) -> None:
    """What was named or renamed in it stays so when the power fails."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
