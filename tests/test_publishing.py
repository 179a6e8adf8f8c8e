"""What leaves the desk: once for each period, protected, the same ever after."""

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Connection, Engine

from storage.audit import By, entries
from storage.content.cells import is_formula
from storage.database import open_database
from storage.erasure import erase
from storage.schema import upgrade
from storage.stats.disclosure import BASE, HIDDEN
from storage.stats.files import write_files
from storage.stats.publishing import PublishError, about, inside, publish
from storage.stats.reports import WORDS, everything, with_people
from storage.stats.scope import Scope, calendar_period, is_calendar
from storage.stats.table import Table, key, people
from tests.conftest import START, Run
from tests.memory_agenda import ROME
from tests.memory_rides import MONALE, SETTIME
from tests.test_stats import did, person

NOW = By("anna", datetime(2027, 4, 2, tzinfo=UTC))
LANGUAGES = ("fr", "fr", "fr", "ur", "bn")
PERIODS = ("2026", "2026-Q4", "2026-10", "2026-11", "2026-12", "2027-Q1", "2027-03")


def days(period: str) -> Scope:
    """All people in a period of the calendar."""
    found = calendar_period(period)
    assert found
    return Scope(*found, ROME)


def a_crowd(connection: Connection) -> None:
    """Thirty people in three languages and two comuni, who write in November and December."""
    for id in range(1, 31):
        home = SETTIME if id % 3 else MONALE
        needs = ["job"] if id % 4 else ["job", "childcare"]
        created = START if id < 24 else START + timedelta(days=30)
        person(connection, id, LANGUAGES[id % 5], created, comune=home, needs=needs)
        for kind in ("started intake . .", "asked intake age .", "question answer job ."):
            did(connection, id, kind, created)
        if id % 7:
            did(connection, id, "answered intake age 18_24", created)
        if id % 2:
            did(connection, id, "asked intake name .", START + timedelta(days=32))


@pytest.fixture
def crowd(database: str) -> Iterator[Engine]:
    """On SQLite, then on PostgreSQL."""
    engine = open_database(database)
    upgrade(engine)
    with engine.begin() as connection:
        a_crowd(connection)
    yield engine
    engine.dispose()


def test_it_is_written_down_only_after_it_was_counted(
    crowd: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round it and an erasure would wait for each other on PostgreSQL."""
    before: list[int] = []

    def spy(connection: Connection, scope: Scope, today: date) -> list[Table]:
        before.append(len(list(entries(connection))))
        return everything(connection, scope, today)

    monkeypatch.setitem(WORDS, spy, "spy")
    with crowd.begin() as connection:
        inside(connection, days("2026-11"), NOW, spy)
        assert before == [0] and len(list(entries(connection))) == 1


def test_no_small_number_leaves(crowd: Engine) -> None:
    with crowd.begin() as connection:
        true = {t.name: t for t in inside(connection, days("2026-11"), NOW).tables}
        told = publish(connection, days("2026-11"), NOW).tables
    assert "base" not in {column.kind for table in told for column in table.columns}
    for table in told:
        for row in table.rows:
            for column, value in zip(table.columns, row, strict=True):
                if column.kind == "people":
                    assert value == HIDDEN or int(value or 0) % BASE == 0, (table.name, row)
    people_by = {t.name: t.rows for t in told if t.name.startswith("people_by")}
    assert len({rows[-1] for rows in people_by.values()}) == 1, "the same sum everywhere"
    assert true["people_by_language"].rows[-1] == ("all", 23, 0, 23)
    assert people_by["people_by_language"][-1] == ("all", 25, 0, 25)
    assert HIDDEN in str(people_by["people_by_language"])


def test_a_period_is_published_once_whoever_is_erased(crowd: Engine) -> None:
    with crowd.begin() as connection:
        first = publish(connection, days("2026-11"), NOW)
    with crowd.begin() as connection:
        for id in range(1, 20):
            erase(connection, id, START)
    with crowd.begin() as connection:
        again = publish(connection, days("2026-11"), By("bea", NOW.now + timedelta(days=9)))
        now = inside(connection, days("2026-11"), NOW)
    assert again == first
    assert now.tables[0].rows[-1] == ("all", 4, 0, 4)


@pytest.mark.parametrize("first", PERIODS)
def test_neither_the_sum_of_periods_nor_a_part_of_one(crowd: Engine, first: str) -> None:
    told = days(first)
    with crowd.begin() as connection:
        publish(connection, told, NOW)
    for other in PERIODS:
        scope = days(other)
        apart = scope.last < told.first or scope.first > told.last
        if other == first:
            continue
        if apart:
            with crowd.connect() as connection:
                assert publish(connection, scope, NOW).at == NOW.now
            continue
        with crowd.begin() as connection, pytest.raises(PublishError, match="overlaps"):
            publish(connection, scope, NOW)


@pytest.mark.parametrize(
    ("scope", "why"),
    [
        (Scope(date(2026, 11, 1), date(2026, 11, 30), ROME, language="fr"), "All people or none"),
        (Scope(date(2026, 11, 1), date(2026, 11, 30), ROME, comune=SETTIME), "All people or none"),
        (Scope(date(2026, 11, 1), date(2026, 11, 30), ROME, channel="telegram"), "All people"),
        (Scope(date(2026, 11, 1), date(2026, 11, 29), ROME), "Only a month"),
        (Scope(date(2026, 11, 1), date(2026, 12, 31), ROME), "Only a month"),
        (Scope(date(2027, 4, 1), date(2027, 4, 30), ROME), "not over"),
    ],
)
def test_what_would_give_somebody_away_is_refused(crowd: Engine, scope: Scope, why: str) -> None:
    with crowd.begin() as connection:
        with pytest.raises(PublishError, match=why):
            publish(connection, scope, NOW)
        assert entries(connection) == []


def test_who_takes_the_small_numbers_is_written_down(crowd: Engine) -> None:
    with crowd.begin() as connection:
        inside(connection, Scope(date(2026, 11, 1), date(2026, 11, 30), ROME, language="ur"), NOW)
        row = entries(connection)[0]
    assert (row["operator"], row["action"]) == ("anna", "stats report internal")
    assert row["subject"] == "stats:2026-11-01:2026-11-30" and row["after"] == {"language": "ur"}


def test_only_whole_months_quarters_and_years() -> None:
    assert all(is_calendar(scope.first, scope.last) for scope in map(days, PERIODS))
    assert not is_calendar(date(2026, 11, 1), date(2027, 1, 31))


def test_files_say_what_they_are(tmp_path: Path) -> None:
    columns = (key("broadcast", "Its name."), people("people", "All of them."))
    table = Table("broadcasts", "Broadcasts.", columns, (("=1+1", 10), ("1 Sofia", HIDDEN)))
    to = tmp_path / "out"
    with_none = Table("empty", "Nothing.", columns, ((None, 0),))
    manifest = json.loads(write_files(to, [table, with_none], {"for": "funder"}).read_text("utf-8"))
    names = {path.name for path in to.iterdir()} - {"manifest.json"}
    assert set(manifest["sha256"]) == names and manifest["for"] == "funder"
    for name, told in manifest["sha256"].items():
        assert hashlib.sha256((to / name).read_bytes()).hexdigest() == told
    rows = list(csv.reader((to / "broadcasts.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert rows == [["broadcast", "people"], ["'=1+1", "10"], ["1 Sofia", HIDDEN]]
    book = load_workbook(to / "statistics.xlsx")
    assert book.sheetnames == ["definitions", "broadcasts", "empty", "charts"]
    sheet = book["broadcasts"]
    assert [cell.value for cell in sheet[2]] == ["'=1+1", 10] and sheet["B2"].data_type == "n"
    assert sheet["A2"].data_type == "s" and sheet.freeze_panes == "A2"
    assert ("broadcasts", "people", "people", "All of them.") in list(
        book["definitions"].iter_rows(values_only=True)
    )


def test_the_workbook_draws_what_it_tells(tmp_path: Path) -> None:
    """The star and the gap of a hidden number; parts piled up, and each cell is where it says."""
    columns = (key("need", "."), key("comune", "."), people("people", "."), people("met", "."))
    rows = (("job", "all", 20, 10), ("job", "Settime", 20, 10), ("home", "all", 5, HIDDEN))
    needs = Table("needs", ".", columns, rows, block=1)
    new = (key("age", "."), people("new", "."), people("old", "."), people("people", "."))
    who = Table(
        "who", ".", new, (("18_24", 5, 10, 15), ("all", 5, 10, 15)), ("new", "old"), "people"
    )
    write_files(tmp_path / "out", [needs, who], {})
    sheet: Any = load_workbook(tmp_path / "out" / "statistics.xlsx")["charts"]
    first, second = sheet._charts
    assert (first.grouping, second.grouping) == ("clustered", "stacked")
    assert [row[:3] for row in sheet.iter_rows(3, 5, values_only=True)] == [
        ("needs", "people", "met"),
        ("job", 20, 10),
        ("home *", 5, None),
    ], "a word would be drawn as zero"
    assert [one.val.numRef.f for one in first.series] == [
        "'charts'!$B$4:$B$5",
        "'charts'!$C$4:$C$5",
    ]
    assert {one.cat.numRef.f for one in first.series} == {"'charts'!$A$4:$A$5"}
    line = second.anchor._from.row + 1
    assert [cell.value for cell in sheet[line]][:3] == ["who", "new", "old"]
    looks = [one.graphicalProperties for one in second.series]
    assert looks[0].solidFill and looks[1].pattFill.prst == "wdUpDiag"


def test_exports_by_command(run: Run, tmp_path: Path) -> None:
    run("init", "--quiet")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        a_crowd(connection)
    engine.dispose()
    made = tmp_path / "out"
    wrong = ("stats", "export", "--folder", str(made))
    assert "Only a month" in run(*wrong, code=2) and not made.exists()
    assert "21 tables are in" in run(*wrong, "--period", "2025")
    assert "is there already" in run(*wrong, "--period", "2025", code=2)
    about_it = json.loads((made / "manifest.json").read_text("utf-8"))
    assert about_it["suppression"] == {"k": 5, "rounded_to": 5, "hidden_as": "hidden"}
    within = tmp_path / "inside"
    said = run("stats", "export", "--folder", str(within), "--for", "internal", "--language", "ur")
    assert "they stay inside" in said
    told = json.loads((within / "manifest.json").read_text("utf-8"))
    assert told["suppression"] is None and told["scope"]["language"] == "ur"
    assert [row["action"] for row in run.json("audit", "--json")][:2] == [
        "stats export internal",
        "stats export",
    ]


def test_a_manifest_keeps_the_definitions_of_its_time(crowd: Engine) -> None:
    scope = days("2026-11")
    with crowd.begin() as connection:
        publish(connection, scope, NOW)
        connection.exec_driver_sql("UPDATE publication SET definitions = '0'")
        again = publish(connection, scope, NOW)
    told = about(scope, "funder", again, {"period": "2026-11"})
    assert told["query"] == {"period": "2026-11"}
    assert told["definitions"] == "0" and told["counted_at"] == "2027-04-02T00:00:00+00:00"


def test_a_row_for_each_person_tells_who_nobody_is(crowd: Engine) -> None:
    scope = days("2026-11")
    with crowd.begin() as connection:
        everybody = inside(connection, scope, NOW).tables[0].rows[-1]
        first = inside(connection, scope, NOW, with_people).tables[-1]
        again = inside(connection, scope, NOW, with_people).tables[-1]
        (row, *_) = entries(connection)
    assert row["action"] == "stats export internal"
    assert first.names[0] == "pseudonym" and len(first.rows) == everybody[-1] == 23
    assert not {row[0] for row in first.rows} & {row[0] for row in again.rows}, "drawn anew"
    assert sorted(row[1:] for row in first.rows) == sorted(row[1:] for row in again.rows)
    allowed = {"yes", "no", "none", "begun", "finished", "age", "name", "", "unknown", "simulator"}
    allowed |= {"fr", "ur", "bn", "Settime", "Monale", "job", "job|childcare"}
    assert {value for row in first.rows for value in row[1:]} <= allowed, "coarse facts only"


def test_a_funder_never_gets_a_row_for_a_person(run: Run, tmp_path: Path) -> None:
    run("init", "--quiet")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        a_crowd(connection)
    engine.dispose()
    for whom in ("funder", "internal"):
        there = tmp_path / whom
        run("stats", "export", "--folder", str(there), "--period", "2025", "--for", whom)
        assert (there / "people.csv").exists() == (whom == "internal")
        sheets = load_workbook(there / "statistics.xlsx").sheetnames
        assert ("people" in sheets) == (whom == "internal")
        query = json.loads((there / "manifest.json").read_text("utf-8"))["query"]
        assert (query["period"], query["for"], query["comune"]) == ("2025", whom, "")


@pytest.mark.parametrize(
    "name",
    ["=1+1", "\uff1d1+1", "\u200b=1+1", "\u00a0+1", "\u2066@SUM(A1)", "\t-1", "\r=1", "\uff20A1"],
)
def test_no_text_of_an_export_is_run_by_a_spreadsheet(tmp_path: Path, name: str) -> None:
    columns = (key("comune", f"{name} says"), people("people", "All of them."))
    write_files(tmp_path / "out", [Table("t", name, columns, ((name, 10),))], {"query": name})
    written = sorted((tmp_path / "out").glob("*.csv"))
    for path in written:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if is_formula(cell)], path.name
    book = load_workbook(tmp_path / "out" / "statistics.xlsx")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                assert not (isinstance(cell.value, str) and is_formula(cell.value))
    told = json.loads((tmp_path / "out" / "statistics.json").read_text("utf-8"))
    assert told["tables"][0]["rows"][0][0] == name, "JSON is as it is"
