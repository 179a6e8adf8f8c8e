"""Offers from files: everything is checked first, every mistake named, then all or nothing."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from flows.folding import clean
from storage.audit import By
from storage.content import translations
from storage.content.cells import WrongCellError, read
from storage.content.fields import DETAILS, all_fields, fields_of
from storage.content.records import Record, load, save, wrong_together
from storage.content.sheets import ContentError, Mistake, Row, read_rows

Outcomes = dict[str, str]


def rows_of(path: Path) -> tuple[list[Row], list[Row]]:
    """The rows of offers and those of translations: of one file, or of a folder.

    A folder holds .csv and .xlsx files of offers, and ``translations/xx.csv`` beside them.
    Raises ContentError.
    """
    if not path.is_dir():
        return read_rows(path), []
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in (".csv", ".xlsx"))
    words = sorted((path / "translations").glob("*.csv"))
    if not files:
        raise ContentError([Mistake(path.name, 0, "", "", "a folder with .csv or .xlsx files")])
    return [row for file in files for row in read_rows(file)], [
        row for file in words for row in translations.read_file(file)
    ]


def import_offers(
    connection: Connection,
    rows: Sequence[Row],
    words: Sequence[Row],
    by: By,
    today: date,
    tracked: Iterable[Row] | None = None,
) -> Outcomes:
    """Add and change offers, then their translations; what was done, by id.

    An offer that no row names stays as it is; a column that a file does not have leaves its
    field as it is. Raises ContentError with every mistake, and then nothing is changed.
    ``tracked`` are the same rows, handed out by whoever shows how far we are.
    """
    rows = [_with_clean_id(row) for row in rows]
    mistakes = list(_unknown_columns(rows))
    old = load(connection, {row.cells.get("id", "") for row in rows})
    checking = map(_with_clean_id, tracked) if tracked else rows
    records = list(_checked(checking, old, today, mistakes))
    if mistakes:
        raise ContentError(mistakes)
    done = save(connection, records, by, "import", today)
    translations.store(connection, words, by)
    return done


def _checked(
    rows: Iterable[Row], old: dict[str, Record], today: date, mistakes: list[Mistake]
) -> Iterator[Record]:
    seen = set()
    for row in rows:
        id = row.cells.get("id", "")
        if id and id in seen:
            mistakes.append(Mistake(row.file, row.number, "id", id, "each id only once"))
        seen.add(id)
        yield _record(row, old.get(id, {}), today, mistakes)


def _with_clean_id(row: Row) -> Row:
    """The id is what rows are known by: without blanks and hidden letters everywhere."""
    return Row(row.file, row.number, {**row.cells, "id": clean(row.cells.get("id", ""))})


def _unknown_columns(rows: Sequence[Row]) -> Iterable[Mistake]:
    known = all_fields()
    columns = {(row.file, name) for row in rows for name in row.cells if name not in known}
    for file, name in sorted(columns):
        near = difflib.get_close_matches(name, known, 1)
        right = f"{near[0]}?" if near else "a column that `content template` has"
        yield Mistake(file, 1, name, "", f"no such column; {right}")


def _record(row: Row, old: Record, today: date, mistakes: list[Mistake]) -> Record:
    """The offer of a row, as far as it can be read; what cannot goes to ``mistakes``."""
    topic = row.cells.get("topic", "").strip().lower() or old.get("topic", "")
    if topic not in DETAILS:
        right = f"one of {', '.join(DETAILS)}"
        mistakes.append(Mistake(row.file, row.number, "topic", topic, right))
        return {"id": row.cells.get("id", "")}
    fields, known, unreadable = fields_of(topic), all_fields(), set()
    record = {name: value for name, value in old.items() if name not in row.cells}
    record["topic"] = topic
    for name, text in row.cells.items():
        if name not in known:
            continue
        try:
            value = read(fields.get(name, known[name]), text, today)
        except WrongCellError as error:
            mistakes.append(Mistake(row.file, row.number, name, text, str(error)))
            unreadable.add(name)
        else:
            record |= {} if value is None else {name: value}
    for name, right in wrong_together(record, today):
        if name not in unreadable:
            text = row.cells.get(name, "")
            mistakes.append(Mistake(row.file, row.number, name, text, right))
    return record
