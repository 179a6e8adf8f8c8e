"""Who changed what, and when. There is no way to change it from here.

Each entry holds a hash of itself and of the one before it (``chain``): who changes, deletes or
slips in an entry behind our back breaks the chain, and `verify` says where.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlmodel import col

from storage.columns import to_ms
from storage.locks import Lock, one_at_a_time
from storage.models import Audit

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class By:
    """The operator who does something, and when."""

    operator: str
    now: datetime


Change = tuple[str, dict[str, Any] | None, dict[str, Any] | None]
"""What it is about, and how it was before and after: JSON types without personal data."""


def record(connection: Connection, by: By, action: str, changes: list[Change]) -> None:
    """Write down the changes of one action, last in its transaction: one at a time may do it."""
    if not changes:
        return
    one_at_a_time(connection, Lock.AUDIT)
    chain = head(connection)
    rows = []
    for subject, before, after in changes:
        row: dict[str, Any] = {
            "at": by.now,
            "operator": by.operator,
            "action": action,
            "subject": subject,
            "before": before,
            "after": after,
        }
        chain = chained(chain, row)
        rows.append(row | {"chain": chain})
    connection.execute(insert(Audit), rows)


def chained(previous: str, row: Mapping[Any, Any]) -> str:
    """The hash of an entry that follows the one whose hash is ``previous``."""
    at = row["at"] if isinstance(row["at"], int) else to_ms(row["at"])
    what = [row[name] for name in ("operator", "action", "subject", "before", "after")]
    text = json.dumps([previous, at, *what], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def head(connection: Connection) -> str:
    """The hash of the last entry; empty before the first."""
    query = select(col(Audit.chain)).order_by(col(Audit.id).desc()).limit(1)
    return connection.execute(query).scalar() or ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found. ``broken``: the first entry that does not follow the one before it."""

    entries: int
    first: int
    head: str
    broken: int | None


def verify(connection: Connection) -> Verified:
    """Follow the chain from the oldest entry that is still kept."""
    count, first, chain = 0, 0, ""
    query = select(Audit.__table__).order_by(col(Audit.id))  # type: ignore[attr-defined]
    with connection.execute(query, execution_options={"yield_per": _AT_ONCE}) as rows:
        for row in rows:
            begins_later = not count and row.id > 1  # older ones were deleted in time
            if not begins_later and row.chain != chained(chain, row._mapping):
                return Verified(count, first, chain, row.id)
            count, first, chain = count + 1, first or row.id, row.chain
    return Verified(count, first, chain, None)


def holds(connection: Connection, chain: str) -> bool:
    """Whether an entry with this hash is there: one that was noted elsewhere, earlier."""
    query = select(col(Audit.id)).where(col(Audit.chain) == chain)
    return connection.execute(query.limit(1)).first() is not None


def entries(
    connection: Connection, subject: str = "", limit: int | None = 100, after: int = 0
) -> list[dict[str, Any]]:
    """The last changes, newest first; of one ``subject``, or those ``after`` a change's number."""
    query = select(Audit.__table__).order_by(col(Audit.id).desc()).limit(limit)  # type: ignore[attr-defined]
    if subject:
        query = query.where(col(Audit.subject) == subject)
    if after:
        query = query.where(col(Audit.id) > after)
    return [dict(row._mapping) for row in connection.execute(query)]


def newest(connection: Connection) -> int:
    """The number of the last change; 0 before the first."""
    return connection.execute(select(func.max(Audit.id))).scalar() or 0


def entry(connection: Connection, id: int) -> dict[str, Any] | None:
    """One change, or None."""
    row = connection.execute(select(Audit.__table__).where(col(Audit.id) == id)).first()  # type: ignore[attr-defined]
    return dict(row._mapping) if row else None
