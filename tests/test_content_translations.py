"""Translations: field by field, stale when the Italian changes, to translators and back."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from sqlalchemy import Connection

from flows.desk import Listing
from storage import listings
from storage.audit import By, entries
from storage.content.exchange import read_units, write_units
from storage.content.records import load, save
from storage.content.sheets import ContentError, Row
from storage.content.translations import ends_untranslated, review, store, units
from tests.conftest import START, import_demo
from tests.test_storage_database import KINDS, emptied, migrated

TODAY = START.date()
BY = By("anna", START)
JOB = "job_harvest_cortandone"


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("words")) as url:
        yield url


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    with emptied(url) as engine, engine.connect() as connection:
        import_demo(connection)
        yield connection
        connection.rollback()


def edit(connection: Connection, **values: str) -> None:
    save(connection, [load(connection, [JOB])[JOB] | values], BY, "edit", TODAY)


def translate(connection: Connection, language: str, field: str, text: str) -> int:
    cells = {"id": JOB, "field": field, "text": text, "language": language}
    return store(connection, [Row("x.csv", 2, cells)], BY)


def seen(connection: Connection, language: str) -> Listing:
    found = listings.one(connection, JOB, language, TODAY)
    assert found is not None
    return found


def states(connection: Connection, language: str) -> dict[str, str]:
    return {u.field: u.state for u in units(connection, language) if u.id == JOB}


def test_editing_the_italian_makes_one_field_stale(connection: Connection) -> None:
    assert states(connection, "fr") == dict.fromkeys(("title", "summary", "bring"), "unreviewed")
    edit(connection, summary="Adesso si comincia alle 7:00.")
    assert states(connection, "fr")["summary"] == "stale"
    assert states(connection, "fr")["title"] == "unreviewed"
    assert seen(connection, "fr").words == "stale"
    assert seen(connection, "it").words == "own"
    translate(connection, "fr", "summary", "On commence maintenant à 7h00.")
    assert states(connection, "fr")["summary"] == "unreviewed"
    assert seen(connection, "fr").summary == "On commence maintenant à 7h00."


def test_reviewing_is_undone_by_a_new_text(connection: Connection) -> None:
    assert review(connection, "fr", [JOB, "no_such_offer"], BY) == 1
    assert set(states(connection, "fr").values()) == {"reviewed"}
    assert seen(connection, "fr").words == "own"
    translate(connection, "fr", "title", "Vendange")
    assert set(states(connection, "fr").values()) == {"unreviewed"}
    assert seen(connection, "fr").words == "unreviewed"


def test_half_a_translation_says_so(connection: Connection) -> None:
    assert translate(connection, "eo", "title", "Rikolto") == 1
    found = seen(connection, "eo")
    assert (found.title, found.language, found.words) == ("Rikolto", "eo", "partly")
    assert found.summary == seen(connection, "it").summary


def test_without_any_translation_it_is_in_italian_or_the_second_language(
    connection: Connection,
) -> None:
    found = seen(connection, "eo")
    assert (found.language, found.words) == ("it", "other")
    connection.exec_driver_sql("DELETE FROM listing_text WHERE language = 'pcm'")
    found = seen(connection, "pcm")
    assert (found.language, found.words) == ("en", "other")


def test_what_the_italian_has_no_more_is_gone(connection: Connection) -> None:
    job = load(connection, [JOB])[JOB]
    save(connection, [{n: v for n, v in job.items() if n != "bring"}], BY, "edit", TODAY)
    assert seen(connection, "fr").bring == "" and seen(connection, "fr").words == "unreviewed"


@pytest.mark.parametrize("language", ["it", "Français", "zz zz"])
def test_only_another_language_is_a_translation(connection: Connection, language: str) -> None:
    with pytest.raises(ContentError):
        translate(connection, language, "title", "HACK")
    assert seen(connection, "it").title != "HACK"


def test_the_same_text_again_changes_nothing(connection: Connection) -> None:
    assert translate(connection, "fr", "title", "Vendange") == 1
    before = entries(connection, limit=10_000)
    assert translate(connection, "fr", "title", "Vendange") == 0
    assert translate(connection, "fr", "title", "  ") == 0
    assert entries(connection, limit=10_000) == before


@pytest.mark.parametrize("name", ["fr.po", "fr.xlf", "fr.csv"])
def test_to_a_translators_tool_and_back(connection: Connection, tmp_path: Path, name: str) -> None:
    before = list(units(connection, "fr"))
    write_units(tmp_path / name, [replace(u, text=f"{u.text} ü<&") for u in before], "fr")
    rows = read_units(tmp_path / name, "fr")
    assert store(connection, rows, BY) == len(before) > 100
    after = list(units(connection, "fr"))
    assert [u.text for u in after] == [f"{u.text} ü<&" for u in before]
    assert {u.state for u in after} == {"unreviewed"}


@pytest.mark.parametrize("name", ["de.po", "de.xlf", "de.csv"])
def test_italian_that_changed_meanwhile_makes_it_stale_not_wrong(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    mine = [replace(u, text="Ernte") for u in units(connection, "de") if u.id == JOB]
    write_units(tmp_path / name, mine, "de")
    edit(connection, title="Vendemmia")
    store(connection, read_units(tmp_path / name, "de"), BY)
    assert states(connection, "de") == {
        "title": "stale",
        "summary": "unreviewed",
        "bring": "unreviewed",
    }


@pytest.mark.parametrize("name", ["fr.po", "fr.xlf", "fr.csv"])
def test_a_stale_text_that_comes_back_untouched_stays_stale(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    old = next(u.text for u in units(connection, "fr") if (u.id, u.field) == (JOB, "title"))
    edit(connection, title="Vendemmia")
    write_units(tmp_path / name, [u for u in units(connection, "fr") if u.state == "stale"], "fr")
    assert old in (tmp_path / name).read_text(encoding="utf-8-sig")
    assert store(connection, read_units(tmp_path / name, "fr"), BY) == 0
    assert states(connection, "fr")["title"] == "stale"


@pytest.mark.parametrize("name", ["fr.po", "fr.xlf"])
def test_a_file_for_one_language_is_not_taken_for_another(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    write_units(tmp_path / name, units(connection, "fr"), "fr")
    with pytest.raises(ContentError, match="'fr': a file for es, or --to fr"):
        read_units(tmp_path / name, "es")


@pytest.mark.parametrize("language", ["it", "xx", "Français", ""])
def test_nothing_is_written_for_what_is_no_language(tmp_path: Path, language: str) -> None:
    with pytest.raises(ContentError, match="the code of a language"):
        write_units(tmp_path / "x.csv", [], language)
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("head", "wrong"), [("id,field,testo", {"testo", "text"}), ("id,text", {"field"})]
)
def test_a_renamed_column_is_named(tmp_path: Path, head: str, wrong: set[str]) -> None:
    cells = [JOB, "title", "Raisin"][: head.count(",") + 1]
    (tmp_path / "fr.csv").write_text(f"{head}\n{','.join(cells)}\n", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_units(tmp_path / "fr.csv", "fr")
    assert {m.column for m in caught.value.mistakes} == wrong


def test_a_csv_file_may_have_any_name_when_its_format_is_said(
    connection: Connection, tmp_path: Path
) -> None:
    write_units(tmp_path / "x.txt", units(connection, "fr"), "fr", "csv")
    assert len(read_units(tmp_path / "x.txt", "fr", "csv")) > 100


def test_what_a_translator_marked_fuzzy_is_not_taken(
    connection: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "fr.po"
    edit(connection, title="Vendemmia")
    write_units(path, [u for u in units(connection, "fr") if u.state == "stale"], "fr")
    assert read_units(path, "fr") == []  # the old words are in the file, marked fuzzy
    with path.open("rb") as file:
        catalog = read_po(file)
    for message in catalog:
        if message.id:
            message.flags.discard("fuzzy")
    with path.open("wb") as file:
        write_po(file, catalog)
    assert [row.cells["field"] for row in read_units(path, "fr")] == ["title"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.po", b"msgid broken"), ("x.xlf", b"<xliff>"), ("x.txt", b""), ("gone.po", None)],
)
def test_a_file_that_cannot_be_read_says_so(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ContentError):
        read_units(tmp_path / name, "fr")


def test_a_wrong_row_is_named_and_nothing_is_saved(connection: Connection) -> None:
    good = {"id": JOB, "field": "title", "text": "Neu", "language": "fr"}
    rows = [
        Row("f.csv", 2, good),
        Row("f.csv", 3, good | {"id": "nobody"}),
        Row("f.csv", 4, good | {"field": "price"}),
        Row("f.csv", 5, good | {"text": "=1+1"}),
    ]
    with pytest.raises(ContentError) as caught:
        store(connection, rows, BY)
    assert [(m.row, m.column) for m in caught.value.mistakes] == [
        (3, "id"), (4, "field"), (5, "text"),
    ]  # fmt: skip
    assert seen(connection, "fr").title != "Neu"


def test_the_status_counts_every_text_once(connection: Connection) -> None:
    all_texts = sum(1 for _ in units(connection, "it"))
    counts = Counter(unit.state for unit in units(connection, "eo"))
    assert counts == {"missing": all_texts}


def test_what_ends_soon_untranslated_is_counted(connection: Connection) -> None:
    last = (TODAY + timedelta(days=14)).isoformat()
    soon = [
        id
        for id, o in load(connection).items()
        if o["status"] == "published" and TODAY.isoformat() <= o["valid_until"] <= last
    ]
    assert ends_untranslated(connection, "fr", TODAY, 14) == 0
    assert ends_untranslated(connection, "eo", TODAY, 14) == len(soon) > 0
