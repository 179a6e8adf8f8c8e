"""The words of offers in other languages, field by field; stale once the Italian has changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from babel.core import Locale, UnknownLocaleError
from sqlalchemy import Connection, bindparam, insert, select, update

from flows.folding import clean
from storage.audit import By, Change, record
from storage.content.cells import WrongCellError, harmless, read
from storage.content.fields import TRANSLATED, fields_of
from storage.content.records import lock
from storage.content.sheets import ContentError, Mistake, Row, csv_rows
from storage.listings import SOURCE_LANGUAGE, hashed
from storage.models import Listing, ListingText

_LISTING: Any = Listing.__table__  # type: ignore[attr-defined]
_TEXT: Any = ListingText.__table__  # type: ignore[attr-defined]
STATES = ("missing", "stale", "unreviewed", "reviewed")
COLUMNS = ("id", "field", "italian", "text", "old")
"""Of a CSV file; ``old``, the words of a stale translation, is there to be read by people only."""
_NEEDED = ("id", "field", "text")


@dataclass(frozen=True, slots=True)
class Unit:
    """One field of one offer in one language.

    ``state``: missing, stale (the Italian has changed since), unreviewed, or reviewed.
    """

    id: str
    field: str
    italian: str
    text: str
    state: str


def units(
    connection: Connection, language: str, statuses: tuple[str, ...] = ("published",)
) -> Iterator[Unit]:
    """Everything there is to translate into a language, offer by offer."""
    source, own = _TEXT.alias(), _TEXT.alias()
    query = (
        select(
            source.c.listing_id,
            *(source.c[name].label(f"it_{name}") for name in TRANSLATED),
            *(own.c[name] for name in TRANSLATED),
            own.c.made_from,
            own.c.reviewed_by,
        )
        .join(_LISTING, _LISTING.c.id == source.c.listing_id)
        .outerjoin(own, (own.c.listing_id == source.c.listing_id) & (own.c.language == language))
        .where(source.c.language == SOURCE_LANGUAGE, _LISTING.c.status.in_(statuses))
        .order_by(source.c.listing_id)
    )
    for row in connection.execute(query):
        for name in TRANSLATED:
            italian, text = getattr(row, f"it_{name}"), getattr(row, name) or ""
            if italian:
                state = _state(italian, text, name, row)
                yield Unit(row.listing_id, name, italian, text, state)


def languages(connection: Connection) -> list[str]:
    """The languages that have any translation."""
    query = select(_TEXT.c.language).distinct().where(_TEXT.c.language != SOURCE_LANGUAGE)
    return sorted(connection.execute(query).scalars())


def translated(connection: Connection, language: str) -> list[str]:
    """The offers that have words in a language."""
    return list(_texts(connection, language))


def ends_untranslated(connection: Connection, language: str, today: date, days: int) -> int:
    """How many published offers end within ``days`` without a whole, fresh translation."""
    lacking = {u.id for u in units(connection, language) if u.state in ("missing", "stale")}
    query = select(_LISTING.c.id).where(
        _LISTING.c.status == "published",
        _LISTING.c.valid_until.between(today, today + timedelta(days=days)),
    )
    return len(lacking.intersection(connection.execute(query).scalars()))


@cache
def is_language(language: str) -> bool:
    """Whether offers can be translated into it: a code that CLDR knows, and not Italian."""
    try:
        return language != SOURCE_LANGUAGE and Locale.parse(language).language == language
    except (UnknownLocaleError, ValueError):
        return False


def read_file(path: Path) -> list[Row]:
    """The rows of ``xx.csv``, each with its language. Raises ContentError."""
    return [
        Row(row.file, row.number, {**row.cells, "language": path.stem}) for row in read_table(path)
    ]


def read_table(path: Path) -> list[Row]:
    """The rows of a CSV file with `COLUMNS`; without ``italian`` it is as now, ``old`` is for
    people. Raises ContentError.
    """
    rows = csv_rows(path)
    there = {name: None for row in rows for name in row.cells}
    wrong = [(name, f"one of {', '.join(COLUMNS)}") for name in there if name not in COLUMNS]
    wrong += [(name, "a column of this name") for name in _NEEDED if rows and name not in there]
    if wrong:
        raise ContentError([Mistake(path.name, 1, name, "", right) for name, right in wrong])
    return rows


def store(connection: Connection, rows: Iterable[Row], by: By) -> int:
    """Save translations; how many fields changed. Empty text changes nothing.

    Each is noted as made from the Italian that came with it, or else from the Italian as it is
    now, and as not reviewed. Raises ContentError with every mistake, and then nothing is changed.
    """
    lock(connection)
    rows = list(rows)
    italian = _texts(connection, SOURCE_LANGUAGE)
    mistakes = [mistake for row in rows for mistake in _wrong(row, italian)]
    if mistakes:
        raise ContentError(mistakes)
    changed = 0
    for language in sorted({row.cells["language"] for row in rows}):
        mine = [row for row in rows if row.cells["language"] == language]
        changed += _store(connection, language, mine, italian, by)
    return changed


def review(connection: Connection, language: str, ids: Iterable[str], by: By) -> int:
    """Note that somebody who speaks the language has read these offers; how many there are."""
    known = _texts(connection, language)
    found = [id for id in ids if id in known]
    for id in found:
        connection.execute(
            update(_TEXT)
            .where(_TEXT.c.listing_id == id, _TEXT.c.language == language)
            .values(reviewed_by=by.operator)
        )
    changes: list[Change] = [(f"offer:{id}", None, {"language": language}) for id in found]
    record(connection, by, "review", changes)
    return len(found)


def _state(italian: str, text: str, field: str, row: Any) -> str:
    if not text:
        return "missing"
    if row.made_from.get(field) != hashed(italian):
        return "stale"
    return "reviewed" if row.reviewed_by else "unreviewed"


def _texts(connection: Connection, language: str) -> dict[str, dict[str, Any]]:
    rows = connection.execute(select(_TEXT).where(_TEXT.c.language == language))
    return {row.listing_id: dict(row._mapping) for row in rows}


def _wrong(row: Row, italian: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    id, field = row.cells.get("id", ""), row.cells.get("field", "")
    if not is_language(language := row.cells["language"]):
        right = "the code of a language other than Italian, such as fr"
        yield Mistake(row.file, 0, "language", language, right)
    if id not in italian:
        yield Mistake(row.file, row.number, "id", id, "the id of an offer that is there")
    if field not in TRANSLATED:
        yield Mistake(row.file, row.number, "field", field, f"one of {', '.join(TRANSLATED)}")
        return
    try:
        _read(row)
    except WrongCellError as error:
        yield Mistake(row.file, row.number, "text", row.cells.get("text", ""), str(error))


def _read(row: Row) -> str:
    field = fields_of("service")[row.cells["field"]]
    return read(field, row.cells.get("text", ""), date.min) or ""


def _store(
    connection: Connection,
    language: str,
    rows: list[Row],
    italian: dict[str, dict[str, Any]],
    by: By,
) -> int:
    old = _texts(connection, language)
    new: dict[str, dict[str, Any]] = {}
    count = 0
    for row in rows:
        id, field, text = row.cells["id"], row.cells["field"], _read(row)
        current = new.get(id) or old.get(id) or _blank(id, language)
        hash = hashed(harmless(clean(row.cells.get("italian", ""))) or italian[id][field])
        if not text or (current[field], current["made_from"].get(field)) == (text, hash):
            continue
        made_from = {**current["made_from"], field: hash}
        new[id] = {**current, field: text, "made_from": made_from, "reviewed_by": ""}
        count += 1
    if changed := [_keyed(row) for id, row in new.items() if id in old]:
        connection.execute(_UPDATE, changed)
    if added := [row for id, row in new.items() if id not in old]:
        connection.execute(insert(_TEXT), added)
    changes: list[Change] = [(f"offer:{id}", _words(old.get(id)), _words(new[id])) for id in new]
    record(connection, by, f"translate {language}", changes)
    return count


def _blank(id: str, language: str) -> dict[str, Any]:
    words = dict.fromkeys(TRANSLATED, "")
    return {"listing_id": id, "language": language, "made_from": {}, "reviewed_by": "", **words}


def _words(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: row[name] for name in TRANSLATED if row[name]} if row else None


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in (*TRANSLATED, "made_from", "reviewed_by")}
    return {**values, "of": row["listing_id"], "in": row["language"]}


_UPDATE = (
    update(_TEXT)
    .where(_TEXT.c.listing_id == bindparam("of"), _TEXT.c.language == bindparam("in"))
    .values({name: bindparam(name) for name in (*TRANSLATED, "made_from", "reviewed_by")})
)
