"""Offers from an operator's files: every mistake is named, and then nothing is changed."""

import csv
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import Engine

from storage.audit import By, entries
from storage.content import sheets
from storage.content.exporting import write_offers, write_template
from storage.content.importing import import_offers, rows_of
from storage.content.records import Record, as_it_was, load, save
from storage.content.sheets import ContentError, Mistake
from tests.conftest import ROOT, START, import_demo
from tests.test_storage_database import emptied, migrated

TODAY = START.date()
BY = By("anna", START)
JOB = "job_harvest_cortandone"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated("sqlite", tmp_path_factory.mktemp("content")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


@pytest.fixture
def filled(database: Engine) -> Engine:
    with database.begin() as connection:
        import_demo(connection)
    return database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demo content."""
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


def change(path: Path, alter: Callable[[list[dict[str, str]]], None]) -> Path:
    """Rewrite a file with some of its rows altered."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    alter(rows)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def take(engine: Engine, path: Path) -> dict[str, str]:
    with engine.begin() as connection:
        return import_offers(connection, *rows_of(path), BY, TODAY)


def offers(engine: Engine) -> dict[str, Record]:
    with engine.begin() as connection:
        return load(connection)


def mistakes(engine: Engine, path: Path) -> list[Mistake]:
    """What an import of ``path`` finds wrong; and nothing is changed by it."""
    before = offers(engine)
    with pytest.raises(ContentError) as caught:
        take(engine, path)
    assert offers(engine) == before
    return caught.value.mistakes


def test_the_demo_content_is_imported(filled: Engine) -> None:
    found = offers(filled)
    assert len(found) > 40
    job = found[JOB]
    assert (job["topic"], job["comune"]) == ("job", "005045")
    assert job["valid_until"] == (TODAY + timedelta(days=20)).isoformat()
    assert job["pay_min"] == 9.5 and job["ride"] is True and job["hours"] == "mon-fri 06:30-14:30"


def test_the_same_file_twice_changes_nothing(filled: Engine, folder: Path) -> None:
    with filled.begin() as connection:
        before = entries(connection, limit=10_000)
    assert set(take(filled, folder).values()) == {"unchanged"}
    with filled.begin() as connection:
        assert entries(connection, limit=10_000) == before


@pytest.mark.parametrize("name", ["all.csv", "all.xlsx"])
def test_what_export_writes_import_reads(filled: Engine, tmp_path: Path, name: str) -> None:
    before = offers(filled)
    write_offers(tmp_path / name, before.values(), None)
    assert set(take(filled, tmp_path / name).values()) == {"unchanged"}
    assert offers(filled) == before


@pytest.mark.parametrize("name", ["new.csv", "new.xlsx"])
def test_the_template_can_be_imported_and_shows_nobody_anything(
    database: Engine, tmp_path: Path, name: str
) -> None:
    write_template(tmp_path / name, None)
    assert set(take(database, tmp_path / name).values()) == {"added"}
    assert {offer["status"] for offer in offers(database).values()} == {"draft"}


def test_the_spreadsheet_offers_its_choices(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx", ["job"])
    sheet = load_workbook(tmp_path / "t.xlsx")["job"]
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation]
    assert '"draft,published,paused,closed"' in lists and '"yes,no"' in lists
    assert sheet["A1"].comment.text.startswith("a short name")
    phone = next(cell for cell in sheet[1] if cell.value == "phone").column_letter
    assert sheet.column_dimensions[phone].number_format == "@"  # 0141 keeps its 0


def test_a_file_may_hold_a_few_columns_only(filled: Engine, tmp_path: Path) -> None:
    before = offers(filled)[JOB]
    (tmp_path / "some.csv").write_text(f"id,places\n{JOB},9\n", encoding="utf-8")
    assert take(filled, tmp_path / "some.csv") == {JOB: "changed"}
    assert offers(filled)[JOB] == before | {"places": 9}


def test_an_empty_cell_empties_the_field(filled: Engine, tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text(f"id,places\n{JOB},\n", encoding="utf-8")
    take(filled, tmp_path / "some.csv")
    assert "places" not in offers(filled)[JOB]


def test_a_spreadsheet_in_the_italian_manner(filled: Engine, tmp_path: Path) -> None:
    text = f"id;pay_min;valid_until;title\n{JOB};9,80;31/12/2026;Città è bella\n"
    (tmp_path / "excel.csv").write_bytes(text.encode("cp1252"))
    take(filled, tmp_path / "excel.csv")
    job = offers(filled)[JOB]
    assert (job["pay_min"], job["valid_until"]) == (9.8, "2026-12-31")
    assert job["title"] == "Città è bella"


def test_cells_of_a_spreadsheet_keep_their_meaning(filled: Engine, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.create_sheet("job")
    sheet.append(["id", "valid_until", "places", "ride"])
    sheet.append([JOB, TODAY + timedelta(days=3), 4.0, True])
    book.save(tmp_path / "typed.xlsx")
    take(filled, tmp_path / "typed.xlsx")
    job = offers(filled)[JOB]
    assert (job["places"], job["ride"]) == (4, True)
    assert job["valid_until"] == (TODAY + timedelta(days=3)).isoformat()


@pytest.mark.parametrize(
    ("column", "value", "right"),
    [
        ("topic", "jobs", "one of job, training"),
        ("id", "Job 1", "1 to 24"),
        ("comune", "Atlantide", "official name"),
        ("valid_until", "", "must not be empty"),
        ("valid_until", "-90d", "not less than valid_from"),
        ("checked_on", "+1d", "not a day to come"),
        ("pay_max", "1", "not less than pay_min"),
        ("title", "", "must not be empty"),
        ("title", "=cmd|' /C calc'!A0", "formula"),
        ("rent", "300", "no such field"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_changed(
    filled: Engine, folder: Path, column: str, value: str, right: str
) -> None:
    path = change(folder / "jobs.csv", lambda rows: rows[0].update({column: value}))
    [found] = mistakes(filled, path)
    assert (found.file, found.row, found.column) == ("jobs.csv", 2, column)
    assert right in found.right


def test_every_mistake_is_named_at_once(database: Engine, folder: Path) -> None:
    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0]["places"], rows[0]["ride"], rows[1]["status"] = "x", "y", "z"

    change(folder / "jobs.csv", spoil)
    found = {(m.row, m.column) for m in mistakes(database, folder)}
    assert found == {(2, "places"), (2, "ride"), (3, "status")}


def test_an_unreadable_cell_hides_no_other_mistake_of_its_row(
    filled: Engine, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text(
        f"id,topic,title,rent,valid_from,valid_until\n{JOB},job,,180,2027-03-28,31/02/2027\n"
    )
    found = [(m.row, m.column) for m in mistakes(filled, tmp_path / "x.csv")]
    assert sorted(found) == [(2, "rent"), (2, "title"), (2, "valid_until")]


def test_an_unknown_column_is_a_mistake(filled: Engine, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"id,plaices\n{JOB},9\n", encoding="utf-8")
    [found] = mistakes(filled, tmp_path / "x.csv")
    assert found == Mistake("x.csv", 1, "plaices", "", "no such column; places?")


def test_one_id_twice_is_a_mistake(database: Engine, folder: Path) -> None:
    path = change(folder / "jobs.csv", lambda rows: rows[1].update(id=rows[0]["id"]))
    assert [(m.row, m.column) for m in mistakes(database, path)] == [(3, "id")]


def test_blanks_around_an_id_make_no_other_offer(filled: Engine, tmp_path: Path) -> None:
    before = offers(filled)[JOB]
    (tmp_path / "x.csv").write_text(f"id,places\n\u202e {JOB} ,3\n", encoding="utf-8")
    assert take(filled, tmp_path / "x.csv") == {JOB: "changed"}
    assert offers(filled)[JOB] == before | {"places": 3}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (f"id,places,places\n{JOB},1,2\n", "only once"),
        (f"id,places\n{JOB},1,2\n", "as many cells as columns"),
    ],
)
def test_a_crooked_table_is_a_mistake(
    filled: Engine, tmp_path: Path, text: str, right: str
) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    [found] = mistakes(filled, tmp_path / "x.csv")
    assert right in found.right


_ROW = f"id,places,address\n{JOB},5,Via Libertà 3\n"


@pytest.mark.parametrize(
    "content",
    [
        _ROW.encode(),
        _ROW.encode("utf-8-sig"),
        _ROW.encode("utf-16"),
        _ROW.encode("cp1252"),
        _ROW.replace(",", ";").encode("cp1252"),
        _ROW.replace(",", "\t").encode("utf-16"),
        _ROW.replace("\n", "\r\n").encode(),
        _ROW.replace("\n", "\r").encode(),
        _ROW.replace("Via", "\x00Via\x1b").encode(),
        _ROW.replace("id,places", "ID,Places").encode(),
        b"\n\n" + _ROW.encode() + b",,\n\n",
    ],
)
def test_what_spreadsheets_write_is_read(filled: Engine, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    assert take(filled, tmp_path / "x.csv") == {JOB: "changed"}
    changed = offers(filled)[JOB]
    assert (changed["places"], changed["address"]) == (5, "Via Libertà 3")


@pytest.mark.parametrize(
    ("content", "row", "right"),
    [
        (b"", 0, "the names of the columns"),
        (b" \n\n", 0, "the names of the columns"),
        (_ROW.encode() + b"x,1,\xff\n", 3, "saved as UTF-8"),
        (_ROW.encode("utf-8-sig") + b"x,1,\xe0\n", 3, "saved as UTF-8"),
        (bytes(range(256)), 2, "saved as UTF-8"),
        (f"id,summary\n{JOB},{'x' * 200_000}\n".encode(), 2, "field larger"),
        (b"a" * (20 * 1024 * 1024 + 1), 0, "at most 20 MB"),
    ],
    ids=["nothing", "blank", "mixed", "marked", "binary", "huge cell", "huge"],
)
def test_a_broken_csv_is_a_mistake(
    filled: Engine, tmp_path: Path, content: bytes, row: int, right: str
) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    [found] = mistakes(filled, tmp_path / "x.csv")
    assert (found.row, right in found.right) == (row, True), found


def repacked(path: Path, cells: bytes, head: bytes = b"") -> Path:
    """A workbook whose sheet holds other bytes, as nobody's spreadsheet would write it."""
    book = Workbook()
    book.worksheets[0].append(["id"])
    book.save(path)
    with ZipFile(path) as parts:
        files = {name: parts.read(name) for name in parts.namelist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as parts:
        for name, content in files.items():
            if name.endswith("sheet1.xml"):
                parts.writestr(name, head + content.replace(b"<sheetData>", b"<sheetData>" + cells))
            else:
                parts.writestr(name, content)
    return path


def test_a_workbook_that_unpacks_without_end_is_refused(
    database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 1024 * 1024)
    cell = b'<row r="1"><c r="A1" t="inlineStr"><is><t>%s</t></is></c></row>'
    bomb = repacked(tmp_path / "x.xlsx", cell % (b"A" * (1024 * 1024)))
    assert bomb.stat().st_size < 100 * 1024
    assert "when unpacked" in mistakes(database, bomb)[0].right
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>' % b"".join(
        b'<!ENTITY %c "%s">' % (letter + 1, b"&%c;" % letter * 10) for letter in range(97, 106)
    )
    laughs = repacked(tmp_path / "y.xlsx", cell % b"&j;", entities)
    assert "saved as .xlsx" in mistakes(database, laughs)[0].right


def test_a_mistake_is_one_readable_line() -> None:
    said = str(Mistake("x\x1b[31m.csv", 3, "titl\u202ee", "\x1b" + "y" * 100, "fewer letters"))
    assert said == f"x[31m.csv, row 3, title: {chr(39)}\\x1b{'y' * 59}…{chr(39)}: fewer letters"


@pytest.mark.parametrize("content", [b"PK\x03\x04 no workbook", b"", b"\x00\xff" * 40])
def test_a_file_that_is_no_spreadsheet_is_a_mistake(
    database: Engine, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "x.xlsx").write_bytes(content)
    [found] = mistakes(database, tmp_path / "x.xlsx")
    assert "saved as .xlsx" in found.right


def test_a_missing_file_is_a_mistake(database: Engine, tmp_path: Path) -> None:
    [found] = mistakes(database, tmp_path / "nothing.csv")
    assert "can be read" in found.right


def test_a_translation_of_nothing_is_a_mistake(database: Engine, folder: Path) -> None:
    change(folder / "translations" / "fr.csv", lambda rows: rows[0].update(id="no_such_offer"))
    with pytest.raises(ContentError) as caught:
        take(database, folder)
    assert [(m.file, m.row, m.column) for m in caught.value.mistakes] == [("fr.csv", 2, "id")]
    assert offers(database) == {}


def test_a_formula_in_a_title_never_leaves_as_one(filled: Engine, tmp_path: Path) -> None:
    with filled.begin() as connection:
        job = load(connection, [JOB])[JOB] | {"title": "-10% sconto", "address": "+1 via"}
        save(connection, [job], BY, "edit", TODAY)
        write_offers(tmp_path / "x.csv", [job], ["job"])
        write_offers(tmp_path / "x.xlsx", [job], ["job"])
    assert "'-10% sconto" in (tmp_path / "x.csv").read_text(encoding="utf-8-sig")
    cells = [c for row in load_workbook(tmp_path / "x.xlsx")["job"].rows for c in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert set(take(filled, tmp_path / "x.csv").values()) == {"unchanged"}


def test_history_brings_back_how_it_was(filled: Engine) -> None:
    with filled.begin() as connection:
        before = load(connection, [JOB])[JOB]
        save(connection, [before | {"places": 1, "title": "Uva"}], BY, "edit", TODAY)
        edited, *_, imported = entries(connection, f"offer:{JOB}")
        assert (edited["operator"], edited["action"]) == ("anna", "edit")
        assert edited["before"] == before and edited["after"]["places"] == 1
        assert as_it_was(connection, JOB, imported["id"]) == before
        assert as_it_was(connection, "job_welder_villanova", imported["id"]) is None
        save(connection, [before], BY, "restore", TODAY)
        assert load(connection, [JOB])[JOB] == before
