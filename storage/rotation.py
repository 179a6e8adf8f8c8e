"""Another key: everything is sealed anew with it, in one transaction, or nothing is."""

import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    String,
    Table,
    func,
    literal_column,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from storage.audit import By, record
from storage.columns import SealedType
from storage.database import is_sqlite
from storage.erasure import scrub
from storage.key_file import Keys, SealingError
from storage.models import KeyInUse
from storage.resealing import Ways, rewrite
from storage.sealing import Sealing, key_id, new_key, sealing_of

_PATIENCE = "10s"  # how long others wait behind us on PostgreSQL for who has begun before
_GIVEN = (
    "SEALING_KEYS holds no new key: put one before the others "
    "(`openssl rand -base64 64 | tr -d '\\n'`) for every process, start them again, and repeat this"
)


@dataclass(frozen=True, slots=True)
class Status:
    """A key: ``seals`` what is written now; in ``place`` or missing there; of how many ``values``.

    ``place`` is empty for a key that we do not have.
    """

    key: str
    seals: bool
    place: str
    values: int


def rotate(engine: Engine, by: By, seen: Callable[[str], None] = lambda _: None) -> str:
    """Seal everything with the first key of the file, or a new one where that is in use; its id.

    Other programs may run: they wait until the end, and go on with the new key. Killed in the
    middle, everything is as before; again, it takes the key that was made then. ``seen`` hears the
    tables. Raises SealingError.
    """
    sealing = sealing_of(engine.dialect)
    with engine.begin() as connection:
        _lock(connection)
        key, fresh = _next_key(sealing), Sealing(sealing.keys)
        before, (id, proof) = sealing.sealer, fresh.begin(key)
        for table in SQLModel.metadata.sorted_tables:
            if ways := _ways(table, sealing, fresh):
                rewrite(connection, table.name, [c.name for c in table.primary_key], ways)
                seen(table.name)
        connection.execute(update(KeyInUse).values(key_id=id, proof=proof))
        record(connection, by, "keys rotate", [("keys", {"key": before}, {"key": id})])
    if is_sqlite(engine):
        scrub(engine)
    return id


def status(connection: Connection) -> list[Status]:
    """Every key that there is or should be, the newest first."""
    sealing = sealing_of(connection.dialect)
    here = [key_id(key) for key in sealing.keys.read()]
    counts = _counts(connection)
    known = dict.fromkeys([*here, sealing.sealer, *counts])
    return [
        Status(id, id == sealing.sealer, sealing.keys.place if id in here else "", counts[id])
        for id in known
    ]


def readable_by_others(keys: Keys) -> bool:
    """Whether anybody but the owner may read the file with the keys."""
    return not keys.given and bool(keys.file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _lock(connection: Connection) -> None:
    """Every transaction has read the row (`storage.database.unlock`): wait for those, stop others.

    SQLite has one writer anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    try:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        connection.exec_driver_sql("LOCK TABLE key_in_use IN ACCESS EXCLUSIVE MODE")
    except OperationalError:
        raise SealingError(
            "somebody has been at work in the database for long (a backup, another rotation): "
            "try again when that is done"
        ) from None


def _next_key(sealing: Sealing) -> bytes:
    keys = sealing.keys.read()
    if key_id(keys[0]) != sealing.sealer:
        return keys[0]
    if sealing.keys.given:
        raise SealingError(_GIVEN)
    made = new_key()
    sealing.keys.write([made, *keys])
    return made


def _ways(table: Table, sealing: Sealing, fresh: Sealing) -> Ways:
    return {
        column.name: partial(_again, column.type, sealing, fresh)
        for column in table.columns
        if isinstance(column.type, SealedType)
    }


def _again(how: SealedType, sealing: Sealing, fresh: Sealing, value: str) -> str:
    return how.seal(how.open(value, sealing), fresh)


def _counts(connection: Connection) -> Counter[str]:
    """How many values each key has sealed: its id is in them, after the mark."""
    found: Counter[str] = Counter()
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, SealedType):
                kept: Any = type_coerce(column, String)
                key = func.substr(kept, 4, 8).label("key")
                query = select(key, func.count()).where(kept != "").group_by(literal_column("key"))
                found.update({row[0]: row[1] for row in connection.execute(query)})
    return found
