"""Files of rows: CSV as any spreadsheet writes it, and XLSX; read and written."""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from flows.folding import clean
from storage.content.cells import guarded
from storage.content.fields import Field

MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
_LISTED_ROWS = 1000
_QUOTED = 60  # letters of a value that a mistake shows
_HALF_UTF8 = re.compile(rb"[\xc3\xe2][\x80-\xbf]")  # no text in Windows-1252 has these


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right: where it is, what is there, what would be right."""

    file: str
    row: int
    column: str
    value: str
    right: str

    def __str__(self) -> str:
        row = f"row {self.row}" if self.row else ""
        where = ", ".join(clean(part) for part in (self.file, row, self.column) if part)
        value = self.value if len(self.value) <= _QUOTED else f"{self.value[:_QUOTED]}…"
        return f"{where}: {value!r}: {self.right}" if value else f"{where}: {self.right}"


class ContentError(Exception):
    """The files hold mistakes; nothing was imported."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its file (and sheet), its number as the spreadsheet shows it, text by column."""

    file: str
    number: int
    cells: dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """The rows of a .csv or .xlsx file that are not empty. Raises ContentError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _unreadable(path, "at most 20 MB")
        match path.suffix.lower():
            case ".csv":
                return csv_rows(path)
            case ".xlsx":
                return _read_xlsx(path)
    except OSError as error:
        raise _unreadable(path, f"a file that can be read ({error.strerror})") from error
    raise _unreadable(path, "a .csv or .xlsx file")


def csv_rows(path: Path) -> list[Row]:
    """The same of a file that is CSV, whatever its name ends in."""
    return list(_numbered(path.name, _read_csv(path)))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """UTF-8 with a mark, so that every spreadsheet opens it right; no cell is a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([guarded(cell) for cell in row] for row in rows)


def write_xlsx(path: Path, sheets: dict[str, tuple[Sequence[Field], list[list[str]]]]) -> None:
    """A sheet for each topic: its help above each column as a note, choices as drop-downs."""
    from openpyxl import Workbook  # imported only where needed: it costs 0.2 s

    book = Workbook()
    del book[book.sheetnames[0]]
    for name, (fields, rows) in sheets.items():
        _fill(book.create_sheet(name), fields, rows)
    book.save(path)


def _unreadable(path: Path, right: str) -> ContentError:
    return ContentError([Mistake(path.name, 0, "", "", right)])


def _read_csv(path: Path) -> Iterator[list[str]]:
    """Excel in Italy writes ``;`` between cells; what is pasted from a sheet has tabs."""
    text = _decoded(path)
    if not text.strip():
        raise _unreadable(path, "the names of the columns, then a row for each offer")
    head = text.strip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        yield from reader
    except csv.Error as error:
        mistake = Mistake(path.name, reader.line_num, "", "", f"a table in CSV ({error})")
        raise ContentError([mistake]) from error


def _decoded(path: Path) -> str:
    """UTF-8, UTF-16 with its mark, or Windows-1252: what spreadsheets in Italy save."""
    content = path.read_bytes()
    try:
        if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return content.decode("utf-16")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            if _HALF_UTF8.search(content):
                raise
            return content.decode("cp1252")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        right = "text saved as UTF-8 (in Excel: CSV UTF-8)"
        mistake = Mistake(path.name, row, "", repr(content[error.start : error.end]), right)
        raise ContentError([mistake]) from error


def _numbered(file: str, rows: Iterable[Sequence[str]]) -> Iterator[Row]:
    columns: list[str] = []
    for number, cells in enumerate(rows, start=1):
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _columns(file, number, cells)
            continue
        if any(cell.strip() for cell in cells[len(columns) :]):
            right = "as many cells as columns: put a text that holds the separator in quotes"
            raise ContentError([Mistake(file, number, "", cells[-1], right)])
        pairs = zip(columns, cells, strict=False)
        yield Row(file, number, {name: cell for name, cell in pairs if name})


def _columns(file: str, number: int, cells: Sequence[str]) -> list[str]:
    columns = [clean(cell).lower() for cell in cells]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        mistakes = [Mistake(file, number, name, "", "each column only once") for name in twice]
        raise ContentError(mistakes)
    return columns


def _read_xlsx(path: Path) -> list[Row]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    found: list[Row] = []
    try:
        _refuse_bomb(path)
        book = load_workbook(path, read_only=True)
        for sheet in book.worksheets:
            texts = ([_text(value) for value in row] for row in sheet.iter_rows(values_only=True))
            found += _numbered(f"{path.name}, {sheet.title}", texts)
        book.close()
    except ContentError:
        raise
    except (BadZipFile, InvalidFileException, KeyError, ValueError, SyntaxError) as error:
        raise _unreadable(path, "a spreadsheet saved as .xlsx") from error
    return found


def _refuse_bomb(path: Path) -> None:
    """A file of 20 MB may unpack to more than the machine's memory."""
    with ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
            raise _unreadable(path, "at most 200 MB when unpacked")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def _fill(sheet: Any, fields: Sequence[Field], rows: list[list[str]]) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    sheet.append([field.name for field in fields])
    for row in rows:
        sheet.append(row)
    for place, field in enumerate(fields, start=1):
        letter = get_column_letter(place)
        head = sheet.cell(1, place)
        head.font = Font(bold=field.needed)
        needed = "; must be filled in" if field.needed else ""
        head.comment = Comment(f"{field.help}{needed}", "Sportello")
        column = sheet.column_dimensions[letter]
        column.width = 40 if field.kind == "words" else 16
        column.number_format = "@"  # what is typed below stays as typed: 0141 keeps its 0
        choices = field.choices or (("yes", "no") if field.kind == "yes_no" else ())
        if choices and field.kind != "list":
            allowed = DataValidation("list", formula1=f'"{",".join(choices)}"', allow_blank=True)
            sheet.add_data_validation(allowed)
            allowed.add(f"{letter}2:{letter}{_LISTED_ROWS}")
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            cell.data_type = "s"  # text, whatever it begins with: never a formula
            cell.number_format = "@"
    sheet.freeze_panes = "C2"
