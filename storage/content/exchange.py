"""Translations to and from translators' tools: PO, XLIFF 2 and CSV.

Each text travels with the Italian it is to be made from: when the Italian has changed meanwhile,
the translation that comes back is stale, not wrong. The old words of a stale translation travel as
a hint, never as its translation: a file that comes back untouched changes nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from storage.content.sheets import ContentError, Mistake, Row, write_csv
from storage.content.translations import COLUMNS, Unit, is_language, read_table

FORMATS = {".po": "po", ".xlf": "xliff", ".xliff": "xliff", ".csv": "csv"}


def write_units(path: Path, units: Iterable[Unit], language: str, format: str = "") -> None:
    """A file in ``format`` (by the name's ending when empty). Raises ContentError."""
    _refuse_no_language(path, language)
    match _format(path, format):
        case "po":
            _write_po(path, units, language)
        case "xliff":
            _write_xliff(path, units, language)
        case _:
            rows = ([u.id, u.field, u.italian, _fresh(u), _old(u)] for u in units)
            write_csv(path, COLUMNS, rows)


def read_units(path: Path, language: str, format: str = "") -> list[Row]:
    """The texts that were filled in, as `translations.store` takes them. Raises ContentError."""
    _refuse_no_language(path, language)
    try:
        match _format(path, format):
            case "po":
                rows = _read_po(path, language)
            case "xliff":
                rows = _read_xliff(path, language)
            case _:
                rows = iter(read_table(path))
        return [
            Row(row.file, row.number, {**row.cells, "language": language})
            for row in rows
            if row.cells.get("text", "").strip()
        ]
    except OSError as error:
        raise _unreadable(path, f"a file that can be read ({error.strerror})") from error


def _format(path: Path, format: str) -> str:
    chosen = format or FORMATS.get(path.suffix.lower(), "")
    if chosen not in FORMATS.values():
        raise _unreadable(path, "a name ending in .po, .xlf or .csv, or --format po, xliff or csv")
    return chosen


def _unreadable(path: Path, right: str) -> ContentError:
    return ContentError([Mistake(path.name, 0, "", "", right)])


def _refuse_no_language(path: Path, language: str) -> None:
    if not is_language(language):
        right = "the code of a language other than Italian, such as fr"
        raise ContentError([Mistake(path.name, 0, "language", language, right)])


def _refuse_another(path: Path, said: str, language: str) -> None:
    """A file for French never becomes Spanish; one that names no language is believed."""
    if said and said.replace("_", "-").split("-")[0].lower() != language:
        right = f"a file for {language}, or --to {said}"
        raise ContentError([Mistake(path.name, 0, "language", said, right)])


def _fresh(unit: Unit) -> str:
    return "" if unit.state == "stale" else unit.text


def _old(unit: Unit) -> str:
    return unit.text if unit.state == "stale" else ""


def _write_po(path: Path, units: Iterable[Unit], language: str) -> None:
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    catalog = Catalog(locale=language, project="Sportello", charset="utf-8")
    for unit in units:
        text = unit.text
        message = catalog.add(unit.italian, text, context=f"{unit.id}.{unit.field}")
        if text and unit.state == "stale":
            message.flags.add("fuzzy")
    with path.open("wb") as file:
        write_po(file, catalog, width=0)


def _read_po(path: Path, language: str) -> Iterator[Row]:
    """A text that is still marked fuzzy is not taken: nobody has looked at it."""
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            catalog = read_po(file, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, LookupError) as error:
        raise _unreadable(path, f"a PO file ({error})") from error
    _refuse_another(path, catalog.locale_identifier or "", language)
    for message in catalog:
        if message.id and not message.fuzzy:
            context = str(message.context or "")
            yield _row(path, message.lineno or 0, context, str(message.id), str(message.string))


def _write_xliff(path: Path, units: Iterable[Unit], language: str) -> None:
    from translate.storage.xliff2 import Xliff2File

    store: Any = Xliff2File(sourcelanguage="it", targetlanguage=language)
    for unit in units:
        written = store.addsourceunit(unit.italian)
        written.setid(f"{unit.id}.{unit.field}")
        if unit.state == "stale":
            _hint(written.xmlelement, unit.text)
        elif unit.text:
            written.target = unit.text
    path.write_bytes(bytes(store))


def _hint(segment: Any, text: str) -> None:
    """The old words as the unit's note: XLIFF 2 has notes before the segment, not in it."""
    space = segment.tag.removesuffix("segment")
    notes, note = (segment.makeelement(f"{space}{name}") for name in ("notes", "note"))
    note.text = text
    notes.append(note)
    segment.getparent().insert(0, notes)


def _read_xliff(path: Path, language: str) -> Iterator[Row]:
    from translate.storage.xliff2 import Xliff2File

    reader: Any = Xliff2File
    try:
        store = reader.parsestring(path.read_bytes())
    except (SyntaxError, ValueError, AssertionError) as error:  # lxml's are SyntaxErrors
        raise _unreadable(path, f"an XLIFF 2 file ({error})") from error
    _refuse_another(path, store.gettargetlanguage() or "", language)
    for number, unit in enumerate(store.units, start=1):
        yield _row(path, number, unit.getid(), str(unit.source or ""), str(unit.target or ""))


def _row(path: Path, number: int, name: str, italian: str, text: str) -> Row:
    id, _, field = name.rpartition(".")
    cells = {"id": id, "field": field, "italian": italian, "text": text}
    return Row(path.name, number, cells)
