"""One moment of a database, and what a copy of that moment must show."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, func, inspect, select, table, text

from storage.backup.encrypted import BackupError
from storage.database import is_sqlite, reading
from storage.schema import is_known

_LENGTH = 4
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup: of which database, of which schema, how many rows of what."""

    kind: str
    revision: str
    rows: dict[str, int]
    made_at: str

    def to_bytes(self) -> bytes:
        """As it stands at the beginning of a backup."""
        body = json.dumps(asdict(self)).encode()
        return len(body).to_bytes(_LENGTH, "big") + body


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment and holds no writer up."""
    if is_sqlite(engine):
        with reading(engine).begin() as connection:
            yield connection
        return
    steady = engine.execution_options(isolation_level="REPEATABLE READ")
    with steady.begin() as connection:
        yield connection


def describe(connection: Connection, now: datetime) -> Manifest:
    """What this moment holds. Raises BackupError when it is no database of ours."""
    revision = revision_of(connection)
    if revision is None:
        raise BackupError("the database is empty: run `python admin_cli.py init` first.")
    kind = connection.dialect.name
    return Manifest(kind, revision, count_rows(connection), now.isoformat(timespec="seconds"))


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None when there is no schema of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = sorted(inspect(connection).get_table_names())
    count = select(func.count())
    return {name: connection.scalar(count.select_from(table(name))) or 0 for name in names}


def check(connection: Connection, manifest: Manifest) -> None:
    """Raises BackupError unless this database is whole and as the manifest says."""
    if not is_known(manifest.revision):
        raise BackupError("it is of a newer release than this one: restore it with that release.")
    if connection.dialect.name == "sqlite":
        if connection.scalar(text("PRAGMA integrity_check")) != "ok":
            raise BackupError("SQLite finds the copy damaged.")
        if connection.execute(text("PRAGMA foreign_key_check")).first():
            raise BackupError("rows of the copy point nowhere.")
    if revision_of(connection) != manifest.revision:
        raise BackupError("the copy has another schema than the original.")
    found = count_rows(connection)
    if found != manifest.rows:
        odd = sorted(n for n in {*found, *manifest.rows} if found.get(n) != manifest.rows.get(n))
        raise BackupError(f"the copy has other rows than the original, in: {', '.join(odd)}.")


def split(pieces: Iterator[bytes]) -> tuple[Manifest, Iterator[bytes]]:
    """The manifest at the beginning of a backup, and the rest of it."""
    held = b""
    while len(held) < _LENGTH:
        held += _next(pieces)
    size = int.from_bytes(held[:_LENGTH], "big")
    while size <= _LONGEST and len(held) < _LENGTH + size:
        held += _next(pieces)
    manifest = Manifest(**json.loads(held[_LENGTH : _LENGTH + size]))
    return manifest, _first_then(held[_LENGTH + size :], pieces)


def _next(pieces: Iterator[bytes]) -> bytes:
    for piece in pieces:
        if piece:
            return piece
    raise BackupError("the file holds nothing.")


def _first_then(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces
