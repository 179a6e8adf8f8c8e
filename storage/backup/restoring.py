"""Going back to a backup: tried first, then put in place in one step, the old one kept aside."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from storage import erased
from storage.audit import By, record
from storage.backup import postgresql, sqlite
from storage.backup.encrypted import BackupError
from storage.backup.making import alone, opened
from storage.backup.snapshot import Manifest, count_rows, revision_of
from storage.database import is_sqlite, reading
from storage.key_file import SealingError
from storage.schema import MADE_WITH_THE_TABLES, is_current, upgrade


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place; ``aside`` is where the former database is, or empty.

    ``again`` are the people whom the backup still held although they had been erased since.
    """

    manifest: Manifest
    aside: str
    again: list[int]


def rehearse(engine: Engine, url: str, path: Path, passphrase: str, by: By) -> Manifest:
    """Everything but putting it in place. Raises BackupError."""
    with alone(engine, url):
        with opened(engine, url, path, passphrase) as (manifest, copy, _):
            upgrade(copy)
        if is_current(engine):  # else it has no history: on a new computer
            with engine.begin() as connection:
                after = {"file": path.name, "rows": sum(manifest.rows.values())}
                record(connection, by, "rehearse restore", [("database", None, after)])
    return manifest


def restore(
    engine: Engine,
    url: str,
    path: Path,
    passphrase: str,
    by: By,
    *,
    replace: bool,
    forgotten: Path | None = None,
) -> Restored:
    """The database becomes what it was at that moment, in this release's schema.

    Whom the list ``forgotten`` (`storage.erased`) names, or the former database, is erased again.

    Raises BackupError, with nothing changed: while somebody uses the database, when it is not empty
    and ``replace`` was not said, and when the backup is not whole.
    """
    with alone(engine, url):
        refuse_in_use(engine, url)
        empty = _is_empty(engine, url)
        if not (empty or replace):
            raise BackupError("the database is not empty: --replace puts it aside.")
        with opened(engine, url, path, passphrase) as (manifest, copy, where):
            upgrade(copy)
            again = _forget_again(engine, copy, forgotten or erased.file_of(url), by)
            after = {"file": path.name, "made_at": manifest.made_at, "erased": len(again)}
            with copy.begin() as connection:
                record(connection, by, "restore", [("database", None, after)])
            copy.dispose()
            engine.dispose()
            aside = _swap(url, where, by.now, empty=empty, sqlite_=is_sqlite(engine))
    if empty and aside and not is_sqlite(engine):
        with suppress(DBAPIError):  # it is in place already; the empty one may stay
            postgresql.drop(url, aside)
            aside = ""
    return Restored(manifest, aside, again)


def _forget_again(engine: Engine, copy: Engine, file: Path, by: By) -> list[int]:
    """The former database knows of the last minute what the list does not know yet."""
    with suppress(DBAPIError, SealingError), reading(engine).begin() as connection:
        erased.mirror(connection, file)
    with copy.begin() as connection:
        return erased.reapply(connection, file, by.now)


def refuse_in_use(engine: Engine, url: str) -> None:
    """Raises BackupError when anybody else has the database open."""
    if is_sqlite(engine):
        engine.dispose()
        sqlite.take_over(sqlite.file_of(url))
        return
    engine.dispose()
    if count := postgresql.others(url):
        raise BackupError(f"the database is in use ({count} connections): stop the assistant.")


def _is_empty(engine: Engine, url: str) -> bool:
    """Whether no table of ours has a row. What cannot be read is not empty."""
    if is_sqlite(engine) and not sqlite.file_of(url).exists():
        return True
    try:
        with reading(engine).begin() as connection:
            if revision_of(connection) is None:
                return not count_rows(connection)
            rows = count_rows(connection)
            return not sum(n for t, n in rows.items() if t not in MADE_WITH_THE_TABLES)
    except SealingError:
        return False
    except DBAPIError:
        if not is_sqlite(engine):
            raise
        return False
    finally:
        engine.dispose()


def _swap(url: str, where: str, now: datetime, *, empty: bool, sqlite_: bool) -> str:
    if sqlite_:
        file = sqlite.file_of(url)
        aside = file.with_name(f"{file.name}.before-{now.astimezone(UTC):%Y-%m-%d-%H%M%S}Z")
        sqlite.take_over(file)
        sqlite.swap(Path(where), file, None if empty else aside)
        return "" if empty else str(aside)
    name = f"{postgresql.name_of(url)[:40]}_before_{now.astimezone(UTC):%Y%m%d%H%M%S}"
    postgresql.swap(where, url, name)
    return name
