"""An offer as operators edit it: a flat record of field → value, read and saved with its history.

A record holds what `storage.content.fields` names, with the Italian words; a field without a
value is left out.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from storage.audit import By, Change, entry
from storage.audit import record as write_down
from storage.content.fields import COMMON, NOT_BEFORE, TRANSLATED, fields_of
from storage.listings import SOURCE_LANGUAGE
from storage.locks import Lock, one_at_a_time
from storage.models import Listing, ListingText

Record = dict[str, Any]

_LISTING: Any = Listing.__table__  # type: ignore[attr-defined]
_TEXT: Any = ListingText.__table__  # type: ignore[attr-defined]
_COLUMNS = tuple(field.name for field in COMMON if field.name not in TRANSLATED)
_DAYS = tuple(field.name for field in COMMON if field.kind == "day")
_BATCH = 500


def lock(connection: Connection) -> None:
    """One change of offers at a time, until this transaction ends (SQLite has one writer)."""
    one_at_a_time(connection, Lock.CONTENT)


def load(connection: Connection, ids: Iterable[str] | None = None) -> dict[str, Record]:
    """The offers with these ids, or all, by id."""
    texts = [_TEXT.c[name] for name in TRANSLATED]
    query = (
        select(_LISTING, *texts)
        .join(_TEXT, (_TEXT.c.listing_id == _LISTING.c.id) & (_TEXT.c.language == SOURCE_LANGUAGE))
        .order_by(_LISTING.c.topic, _LISTING.c.id)
    )
    if ids is None:
        return {row.id: _record(row) for row in connection.execute(query)}
    wanted = list(ids)
    found: dict[str, Record] = {}
    for at in range(0, len(wanted), _BATCH):
        some = query.where(_LISTING.c.id.in_(wanted[at : at + _BATCH]))
        found |= {row.id: _record(row) for row in connection.execute(some)}
    return found


def wrong_together(record: Record, today: date) -> list[tuple[str, str]]:
    """What does not go together: pairs of a field and what would be right."""
    fields = fields_of(record["topic"])
    found = [
        (name, "this must not be empty")
        for name, field in fields.items()
        if field.needed and record.get(name) is None
    ]
    found += [
        (name, f"nothing: {record['topic']} has no such field")
        for name in record
        if name not in fields
    ]
    for first, second in NOT_BEFORE:
        low, high = record.get(first), record.get(second)
        if low is not None and high is not None and high < low:
            found.append((second, f"not less than {first} ({low})"))
    if record.get("checked_on", "") > today.isoformat():
        found.append(("checked_on", "not a day to come"))
    return found


def save(
    connection: Connection, records: Iterable[Record], by: By, action: str, today: date
) -> dict[str, str]:
    """Add or change offers, and write it down; ``added``, ``changed`` or ``unchanged`` by id.

    The records must be right (`wrong_together`). Nothing else of an offer is touched: a field
    that the record leaves out is emptied, translations stay and may become stale.
    """
    lock(connection)
    new = {record["id"]: record for record in records}
    old = load(connection, new)
    for id, record in new.items():
        record.setdefault("valid_from", old.get(id, {}).get("valid_from", today.isoformat()))
    added = [record for id, record in new.items() if id not in old]
    changed = [record for id, record in new.items() if id in old and record != old[id]]
    if added:
        connection.execute(insert(_LISTING), [_columns(record) for record in added])
        connection.execute(insert(_TEXT), [_texts(record) for record in added])
    if changed:
        connection.execute(_UPDATE, [_keyed(_columns(record), "id") for record in changed])
        connection.execute(_UPDATE_TEXT, [_keyed(_texts(r), "listing_id") for r in changed])
    changes: list[Change] = [
        (f"offer:{record['id']}", old.get(record["id"]), record) for record in added + changed
    ]
    write_down(connection, by, action, changes)
    done = {record["id"]: "added" for record in added}
    done |= {record["id"]: "changed" for record in changed}
    return {id: done.get(id, "unchanged") for id in new}


def as_it_was(connection: Connection, id: str, change: int) -> Record | None:
    """The offer after that change of its history, or None when there is no such change."""
    found = entry(connection, change)
    if found is None or found["subject"] != f"offer:{id}":
        return None
    record: Record | None = found["after"]
    return record


def _record(row: Any) -> Record:
    values = row._mapping
    record = {name: values[name] for name in (*_COLUMNS, *TRANSLATED)}
    record |= {name: record[name].isoformat() for name in _DAYS}
    record |= values["details"]
    return {name: value for name, value in record.items() if value not in (None, "")}


def _columns(record: Record) -> dict[str, Any]:
    own = {name: record.get(name) for name in _COLUMNS}
    own |= {name: date.fromisoformat(record[name]) for name in _DAYS}
    own |= {name: "" for name, value in own.items() if value is None and name != "places"}
    known = {*_COLUMNS, *TRANSLATED}
    own["details"] = {name: value for name, value in record.items() if name not in known}
    return own


def _texts(record: Record) -> dict[str, Any]:
    words = {name: record.get(name, "") for name in TRANSLATED}
    return {
        "listing_id": record["id"],
        "language": SOURCE_LANGUAGE,
        "made_from": {},
        "reviewed_by": "",
        **words,
    }


def _keyed(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {**{name: value for name, value in values.items() if name != key}, "of": values[key]}


# Whoever changes an offer has looked at it: an open question to its provider is void.
_UPDATE = (
    update(_LISTING)
    .where(_LISTING.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in (*_COLUMNS, "details") if name != "id"})
    .values(asked_at=None)
)
_UPDATE_TEXT = (
    update(_TEXT)
    .where(_TEXT.c.listing_id == bindparam("of"), _TEXT.c.language == SOURCE_LANGUAGE)
    .values({name: bindparam(name) for name in TRANSLATED})
)
