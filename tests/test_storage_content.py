"""Offers from an operator's files: every mistake is named, and then nothing is changed."""

import csv
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from storage.content import FILES, ContentError, Mistake, OtherOffersError, import_folder
from storage.gazetteer import load_gazetteer
from storage.models import Interest, Listing, ListingText
from tests.conftest import ROOT, START
from tests.test_storage_database import add_contact, emptied, migrated

TODAY = START.date()
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
def folder(tmp_path: Path) -> Path:
    """A copy of the demo content."""
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


def change(folder: Path, name: str, alter: Callable[[list[dict[str, str]]], None]) -> None:
    """Rewrite a file with some of its rows altered."""
    path = folder / name
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    alter(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def load(database: Engine, folder: Path) -> int:
    with Session(database) as session, session.begin():
        return import_folder(session, folder, TODAY)


def ids(database: Engine) -> set[str]:
    with database.begin() as connection:
        return set(connection.execute(select(col(Listing.id))).scalars())


def job(database: Engine) -> Listing:
    with Session(database) as session:
        found = session.get(Listing, JOB)
        assert found is not None
        session.expunge(found)
    return found


def test_the_demo_content_is_imported(database: Engine, folder: Path) -> None:
    count = load(database, folder)
    assert count == len(ids(database)) > 40
    found = job(database)
    place = load_gazetteer().get(found.comune)
    assert found.topic == "job" and place and place.name == "Cortandone"
    assert found.valid_until == TODAY + timedelta(days=20)
    assert found.details["pay_min"] == 9.5 and found.details["ride"] is True
    assert found.details["days"] == ["mon", "tue", "wed", "thu", "fri"]
    assert found.details["starts_on"] == (TODAY + timedelta(days=10)).isoformat()


def test_again_replaces_the_words_and_leaves_interest(database: Engine, folder: Path) -> None:
    count = load(database, folder)
    with database.begin() as connection:
        add_contact(connection, 1)
        row = {"contact_id": 1, "listing_id": JOB, "at": START}
        connection.execute(Interest.__table__.insert().values(row))  # type: ignore[attr-defined]
    change(folder, "jobs.csv", lambda rows: rows[0].update(title="Vendemmia", places="9"))
    assert load(database, folder) == count == len(ids(database))
    assert job(database).places == 9 and title(database) == "Vendemmia"
    with database.begin() as connection:
        assert connection.execute(select(col(Interest.listing_id))).scalars().all() == [JOB]


def test_offers_that_somebody_entered_are_never_deleted(database: Engine, folder: Path) -> None:
    load(database, folder)
    before = ids(database)

    def leave_out(rows: list[dict[str, str]]) -> None:
        rows[:] = [row for row in rows if row["id"] != "tra_social_taxi"]

    change(folder, "transport.csv", leave_out)
    for path in (folder / "translations").iterdir():
        change(folder / "translations", path.name, leave_out)
    change(folder, "jobs.csv", lambda rows: rows[0].update(title="Vendemmia"))
    with pytest.raises(OtherOffersError):
        load(database, folder)
    assert ids(database) == before and title(database) != "Vendemmia"


def title(database: Engine) -> str:
    """The job's title in Italian."""
    query = select(col(ListingText.title)).where(
        col(ListingText.listing_id) == JOB, col(ListingText.language) == "it"
    )
    with database.begin() as connection:
        return str(connection.execute(query).scalar_one())


@pytest.mark.parametrize(
    ("column", "value", "right"),
    [
        ("id", "Job 1", "1 to 24 of a-z"),
        ("id", "x" * 25, "1 to 24 of a-z"),
        ("comune", "Atlantide", "official name of a comune"),
        ("status", "open", "one of draft, published, paused, closed"),
        ("valid_until", "31/12/2026", "a date such as"),
        ("valid_until", "", "a date such as"),
        ("checked_on", "+99999d", "a date such as"),
        ("places", "six", "a whole number"),
        ("places", "-1", "a whole number"),
        ("places", "٦", "a whole number"),
        ("pay_min", "9,50", "with a point"),
        ("pay_min", "1e3", "with a point"),
        ("ride", "sì", "one of yes, no"),
        ("days", "mon-domenica", "mon-fri"),
        ("starts_on", "soon", "a date such as"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_changed(
    database: Engine, folder: Path, column: str, value: str, right: str
) -> None:
    load(database, folder)
    before = ids(database)

    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0][column] = value
        rows.pop()

    change(folder, "jobs.csv", spoil)
    with pytest.raises(ContentError) as caught:
        load(database, folder)
    [mistake] = [m for m in caught.value.mistakes if m.file == "jobs.csv"]
    assert (mistake.row, mistake.column, mistake.value) == (2, column, value)
    assert right in mistake.right
    assert str(mistake).startswith(f"jobs.csv, row 2, {column}: ")
    assert ids(database) == before


def test_every_mistake_is_named_at_once(database: Engine, folder: Path) -> None:
    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0]["places"], rows[0]["ride"], rows[1]["status"] = "x", "y", "z"

    change(folder, "jobs.csv", spoil)
    with pytest.raises(ContentError) as caught:
        load(database, folder)
    found = {(m.row, m.column) for m in caught.value.mistakes}
    assert found == {(2, "places"), (2, "ride"), (3, "status")}
    assert ids(database) == set()


def test_a_translation_of_nothing_is_a_mistake(database: Engine, folder: Path) -> None:
    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0]["id"] = "no_such_offer"

    change(folder / "translations", "fr.csv", spoil)
    with pytest.raises(ContentError) as caught:
        load(database, folder)
    assert Mistake("fr.csv", 2, "id", "no_such_offer", "no such offer") in caught.value.mistakes


def test_a_missing_column_is_a_mistake(database: Engine, folder: Path) -> None:
    path = folder / "jobs.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("checked_on", "seen_on", 1), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load(database, folder)
    assert ("checked_on", "this column is missing") in {
        (m.column, m.right) for m in caught.value.mistakes
    }


@pytest.mark.parametrize("name", ["jobs.csv", "services.csv"])
def test_a_spreadsheets_byte_order_mark_does_no_harm(
    database: Engine, folder: Path, name: str
) -> None:
    path = folder / name
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(database, folder) > 40


def test_what_a_spreadsheet_brings_along_is_cleaned(database: Engine, folder: Path) -> None:
    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0]["title"] = "Raccolta\x00 \u202eoilgiccar\u202c "

    change(folder, "jobs.csv", spoil)
    load(database, folder)
    assert title(database) == "Raccolta oilgiccar"


def test_one_id_twice_is_a_mistake(database: Engine, folder: Path) -> None:
    change(folder, "jobs.csv", lambda rows: rows[1].update(id=rows[0]["id"]))
    with pytest.raises(ContentError) as caught:
        load(database, folder)
    assert any(m.column == "id" and m.row == 3 for m in caught.value.mistakes)


@pytest.mark.parametrize("name", sorted(f"{name}.csv" for name in FILES))
def test_a_missing_file_is_a_mistake(database: Engine, folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ContentError):
        load(database, folder)


@pytest.mark.parametrize("column", ["title", "phone", "organisation"])
def test_what_an_offer_needs_must_be_there(database: Engine, folder: Path, column: str) -> None:
    change(folder, "jobs.csv", lambda rows: rows[0].update({column: ""}))
    with pytest.raises(ContentError) as caught:
        load(database, folder)
    assert any(m.column == column for m in caught.value.mistakes)
