"""PostgreSQL's part of a backup: pg_dump, pg_restore, and databases made for a check."""

import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from shutil import which
from typing import IO
from zlib import crc32

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from storage.backup.encrypted import BackupError
from storage.database import open_database

_READ = 1 << 20
_WAIT_SECONDS = 30
_GOING_TRIES, _GOING_SECONDS = 30, 0.1  # a connection that was closed is seen for a moment


def name_of(url: str) -> str:
    """The database's name."""
    return make_url(url).database or ""


def dump(connection: Connection, url: str) -> Iterator[bytes]:
    """The moment that ``connection`` sees, in pg_dump's custom format."""
    moment = connection.scalar(text("SELECT pg_export_snapshot()"))
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}"]
    command = [_program("pg_dump"), *options]
    with _run(command, make_url(url), stdout=subprocess.PIPE) as process:
        assert process.stdout
        while part := process.stdout.read(_READ):
            yield part
        _expect_success(process, "pg_dump")


def load(pieces: Iterable[bytes], url: str) -> None:
    """Fill the empty database ``url`` with what pg_dump wrote."""
    command = [_program("pg_restore"), "--exit-on-error", "--no-owner", "--no-privileges"]
    with _run(command, make_url(url), stdin=subprocess.PIPE) as process:
        assert process.stdin
        try:
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
        except BrokenPipeError:
            pass  # its exit code says why
        _expect_success(process, "pg_restore")


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """The URL of a new empty database beside ours; dropped afterwards, unless it was renamed."""
    name = f"{_scratch(url)}{secrets.token_hex(4)}"
    with administering(url) as connection:
        try:
            connection.execute(text(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0"))
        except DBAPIError:
            user = make_url(url).username or "the user"
            raise BackupError(
                f"{user} may not create the database in which a backup is tried: "
                f"as PostgreSQL's administrator, ALTER ROLE {user} CREATEDB."
            ) from None
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        drop(url, name)


def clean(url: str) -> None:
    """Drop the scratch databases of processes that were killed."""
    query = text("SELECT datname FROM pg_database WHERE starts_with(datname, :name)")
    with administering(url) as connection:
        found = connection.scalars(query, {"name": _scratch(url)}).all()
    for name in found:
        drop(url, name)


def drop(url: str, name: str) -> None:
    """Delete a database of this server, if it is there."""
    with administering(url) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))


def others(url: str) -> int:
    """How many connections there are to this database; PostgreSQL's own workers are nobody.

    Asked from beside it: it may be one whose key is lost. Whoever has just gone is waited for.
    Raises BackupError when PostgreSQL's own database is not reached.
    """
    reach(url)
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = :name AND backend_type = 'client backend'"
    )
    with administering(url) as connection:
        for _ in range(_GOING_TRIES):
            if not (count := connection.scalar(query, {"name": name_of(url)}) or 0):
                break
            time.sleep(_GOING_SECONDS)
        return count


def swap(new: str, url: str, aside: str) -> None:
    """The database ``new`` becomes that of ``url``, which becomes ``aside``; both or none.

    PostgreSQL renames no database that somebody is connected to.
    """
    rename, ours = "ALTER DATABASE {} RENAME TO {}", name_of(url)
    engine = maintenance(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(rename.format(_quoted(ours), _quoted(aside))))
            connection.execute(text(rename.format(_quoted(new), _quoted(ours))))
    except DBAPIError:
        raise BackupError("the database is in use: stop the assistant first.") from None
    finally:
        engine.dispose()


def maintenance(url: str) -> Engine:
    """PostgreSQL's own database, from which others are made, renamed and dropped."""
    parsed = make_url(url).set(database="postgres")
    return open_database(parsed.render_as_string(hide_password=False))


def lock_key(number: int, url: str) -> int:
    """Locks of that database are the server's: each database of ours has a number of its own."""
    return number << 32 | crc32(name_of(url).encode())


def reach(url: str) -> None:
    """Raises BackupError when this user is not let into PostgreSQL's own database."""
    try:
        with administering(url):
            pass
    except DBAPIError:
        raise BackupError(
            'PostgreSQL\'s own database, "postgres", cannot be reached: is the server there, and '
            "may this user connect to it?"
        ) from None


@contextmanager
def administering(url: str) -> Iterator[Connection]:
    """For what PostgreSQL does in no transaction."""
    engine = maintenance(url)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    finally:
        engine.dispose()


def _scratch(url: str) -> str:
    """How names of scratch databases begin: no other database's, however alike their names are."""
    name = name_of(url)
    return f"{name[:24]}_{crc32(name.encode()):08x}_scratch_"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace(":", "\\:") + '"'


def _program(name: str) -> str:
    found = which(name)
    if not found:
        raise BackupError(
            f"{name} is not installed: it comes with PostgreSQL's client "
            "(Debian and Ubuntu: apt-get install postgresql-client), in the server's version."
        )
    return found


def _run(
    command: list[str], url: URL, *, stdin: int | None = None, stdout: int | None = None
) -> "subprocess.Popen[bytes]":
    """The password goes by the environment, which other users cannot read, never by ``ps``."""
    bare = url.set(drivername="postgresql")._replace(password=None)
    own = {"PGPASSWORD": str(url.password)} if url.password else {}
    return subprocess.Popen(  # noqa: S603 (no shell; the URL is the operator's own)
        [*command, f"--dbname={bare.render_as_string()}"],
        env={**os.environ, **own},
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.DEVNULL,
        stderr=subprocess.PIPE if stdout else subprocess.DEVNULL,
    )


def _expect_success(process: "subprocess.Popen[bytes]", name: str) -> None:
    """What pg_dump complains of is told; pg_restore's may hold a row, and goes nowhere."""
    complaint = _last_line(process.stderr)
    code = process.wait(_WAIT_SECONDS)
    if code:
        raise BackupError(f"{name} failed (exit code {code}). {complaint}".strip())


def _last_line(stream: IO[bytes] | None) -> str:
    lines = (stream.read() if stream else b"").decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""
