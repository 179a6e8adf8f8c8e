"""The list of who was erased, by number, in a file beside the database: for old backups.

A backup still holds whoever was erased since. The list has a number and a time for each, which tell
nothing without the database, and is kept apart from it: it is there when the database is not.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url
from sqlmodel import col

from storage.columns import from_ms, to_ms
from storage.erasure import erase
from storage.models import Contact, Erasure

Line = tuple[int, datetime]


def file_of(url: str) -> Path:
    """Where the list of a database is, unless a setting says otherwise."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Path(f"{parsed.database}.erased")
    return Path("data") / f"{parsed.database}.erased"


def mirror(connection: Connection, file: Path, since: datetime | None = None) -> int:
    """Append whom the list lacks, of all or of who was erased ``since`` then; how many.

    Raises OSError when the file cannot be written.
    """
    query = select(col(Erasure.contact), col(Erasure.at)).order_by(col(Erasure.id))
    if since:
        query = query.where(col(Erasure.at) >= since)
    rows = [(row[0], row[1]) for row in connection.execute(query)]
    known = set(read(file)) if rows else set()
    missing = [row for row in rows if row not in known]
    if missing:
        _append(file, missing)
    return len(missing)


def read(file: Path) -> list[Line]:
    """The list; empty without a file. A line that a crash cut off counts as not there."""
    try:
        text = file.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return []
    return [line for row in text.splitlines() if (line := _parse(row))]


def reapply(connection: Connection, file: Path, now: datetime) -> list[int]:
    """Erase again whom the list names and this database (an older one) still has; their numbers.

    Who was made after that erasure is somebody else: an older database gives numbers out again.
    """
    again = []
    for contact, at in read(file):
        same = select(col(Contact.id)).where(
            col(Contact.id) == contact, col(Contact.created_at) <= at
        )
        if connection.execute(same).first() and erase(connection, contact, now):
            again.append(contact)
    return again


def _append(file: Path, lines: list[Line]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "rb+") as target:
        if target.seek(0, os.SEEK_END):
            target.seek(-1, os.SEEK_END)
            if target.read(1) != b"\n":  # a crash cut the last line off
                target.write(b"\n")
        for contact, at in lines:
            target.write(f"{contact} {to_ms(at)} {at.astimezone(UTC):%Y-%m-%d}\n".encode())
        target.flush()
        os.fsync(target.fileno())


def _parse(row: str) -> Line | None:
    """``57 1795744800000 2026-11-27``: the day is for people who read it."""
    words = row.split(" ")
    if len(words) == 3 and words[0].isdecimal() and words[1].isdecimal() and len(words[2]) == 10:
        return int(words[0]), from_ms(int(words[1]))
    return None
