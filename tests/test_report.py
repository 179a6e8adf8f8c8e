"""The report that coordinators read: what it says, and that nothing in it is loaded or runs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from gettext import NullTranslations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from babel.messages.pofile import read_po

from bot.catalogs import report_words
from flows import labels
from flows.hours import PARTS
from flows.intake import intake
from flows.outcomes.ladder import RUNGS
from flows.understanding.model import INTENTS
from storage.database import open_database
from storage.report import keys
from storage.report.findings import finding
from storage.report.page import About, page
from storage.report.words import LANGUAGES, Words
from storage.report.writing import write_whole
from storage.stats.bars import bars_of
from storage.stats.disclosure import HIDDEN
from storage.stats.scope import Scope
from storage.stats.table import Row, Table, key, number, people, share
from tests import report_words as in_the_code
from tests.catalogs import LOCALES
from tests.conftest import ROOT, Run
from tests.memory_agenda import ROME
from tests.test_publishing import a_crowd

QUARTER = Scope(date(2026, 7, 1), date(2026, 9, 30), ROME)
AT = datetime(2026, 10, 2, 8, tzinfo=UTC)
ABOUT = About(QUARTER, AT, "1", inside=False)
ENGLISH = Words("en", NullTranslations())
ITALIAN = Words("it", report_words("it"))

LANGUAGES_WHO_WROTE = Table(
    "people_by_language",
    "Different people who wrote in the period.",
    (key("language", "."), people("new", "."), people("returning", "."), people("people", ".")),
    (("fr", 20, 10, 30), ("ur", HIDDEN, 5, HIDDEN), ("uk", 0, 5, 5), ("all", 30, 15, 45)),
    ("new", "returning"),
    "people",
)
QUALITY = Table(
    "quality",
    "How far people of each language get, the language served worst first.",
    (key("language", "."), share("offers", "", "."), share("answered", "", ".")),
    (("bn", HIDDEN, HIDDEN), ("fr", 80, 60), ("ur", 0, 20), ("uk", 100, HIDDEN)),
)
BROADCASTS = Table(
    "broadcasts",
    "Broadcasts that began in the period; a message counts as far as it got.",
    (key("broadcast", "."), people("people", ".")),
    (("1 <img src=x onerror=alert(1)>", 10), ("2 \x00\u202ecod", 15)),
)
UNKNOWN = Table(
    "ladder", "A table of tomorrow.", (key("rung", "."), people("up", ".")), (("a", 5),)
)
TABLES = (BROADCASTS, UNKNOWN, LANGUAGES_WHO_WROTE, QUALITY)


def written(*tables: Table, words: Words = ENGLISH) -> str:
    return page(tables or TABLES, ABOUT, words)


def images(html: str) -> Iterator[ElementTree.Element]:
    for found in re.findall(r'<svg class="chart".*?</svg>', html, re.DOTALL):
        yield ElementTree.fromstring(found)


@pytest.mark.parametrize("words", [ENGLISH, ITALIAN], ids=LANGUAGES[::-1])
def test_nothing_is_loaded_and_nothing_runs(words: Words) -> None:
    html = written(words=words)
    assert "http:" not in html and "https:" not in html and "//" not in html
    assert "<script" not in html and "@import" not in html and "url(" not in html
    assert not re.search(r"\s(?:src|on\w+|xlink:href)\s*=", re.sub(r"&lt;.*?&gt;", "", html))
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', html))
    assert "default-src 'none'" in html


def test_what_somebody_wrote_is_text() -> None:
    html = written(BROADCASTS)
    assert "<img" not in html and "1 &lt;img src=x onerror=alert(1)&gt;" in html
    assert "\x00" not in html and "\u202e" not in html


def test_what_is_hidden_is_never_a_zero() -> None:
    html = written(LANGUAGES_WHO_WROTE)
    row = html[html.index('<th scope="row">Urdu') :].split("</tr>")[0]
    assert re.findall(r">([^<>]+)</td>", row) == ["hidden", "5", "hidden"]
    assert "fewer than 5" in html and "does not mean zero" in html
    assert "Urdu *" in html, "no bar, and a star"
    assert "meno di 5" in written(LANGUAGES_WHO_WROTE, words=ITALIAN)


def test_a_pile_with_a_hidden_part_is_not_drawn_shorter() -> None:
    bars = bars_of(LANGUAGES_WHO_WROTE)
    assert (
        bars
        and not bars.piled
        and [LANGUAGES_WHO_WROTE.names[n] for n in bars.columns] == ["people"]
    )
    told: tuple[Row, ...] = LANGUAGES_WHO_WROTE.rows[:1]
    whole = Table("t", ".", LANGUAGES_WHO_WROTE.columns, told, ("new", "returning"), "people")
    assert (bars := bars_of(whole)) and bars.piled and bars.most == 30


def test_the_language_served_worst_is_the_first_thing() -> None:
    html = written()
    first = html[html.index('class="first"') :].split("</li>")[0]
    assert (
        "Served worst: Urdu (were shown an offer that fits: 0%; had a question answered: 20%)"
        in (first)
    )
    assert "Too few people to tell: Bangla." in first
    sections = re.findall(r'<section id="(\w+)"', html)
    assert sections == ["quality", "people_by_language", "broadcasts", "ladder", "definitions"]
    rows = re.findall(r'<th scope="row">(\w+)', html)
    assert rows[:4] == ["Urdu", "French", "Ukrainian", "Bangla"]


def test_each_chart_says_what_it_shows() -> None:
    found = list(images(written()))
    assert len(found) == 4
    for image in found:
        assert image.get("role") == "img"
        by = {one.get("id"): one.text for one in image if one.tag in ("title", "desc")}
        assert sorted(filter(None, by)) == sorted((image.get("aria-labelledby") or "").split())
        assert all(by.values())
    ids = re.findall(r'\sid="([^"]+)"', written())
    assert len(ids) == len(set(ids))


def test_colour_is_never_the_only_sign() -> None:
    columns = [people(f"c{n}", ".") for n in range(4)]
    table = Table("t", ".", (key("k", "."), *columns), (("a", 5, 10, 15, 20),))
    image = next(images(written(table)))
    bars = [(bar, bar.findall("path")) for bar in image.iter("g") if bar.get("class") == "bar"]
    kinds = {re.sub(r"[\d. -]+", "", lines[0].get("d", "")[:12]) for _, lines in bars}
    assert len(bars) == 4 and kinds == {"", "ML", "Mv", "Mh"}
    texts = [text.text or "" for text in image.iter("text") if text.get("class") == "value"]
    assert sorted(texts) == ["10", "15", "20", "5"]


def test_the_library_changes_nothing_for_other_imports() -> None:
    """Warnings are errors here: one finder of the old kind, and each new import fails."""
    code = (
        "import sys; from storage.report.drawing import pygal; pygal();"
        "import importlib.metadata, html.parser; importlib.metadata.version('holidays');"
        "print([type(finder).__name__ for finder in sys.meta_path])"
    )
    run = [sys.executable, "-W", "error", "-c", code]
    found = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    assert found.returncode == 0, found.stderr
    assert "PluginImportFixer" not in found.stdout


def test_the_same_numbers_give_the_same_file() -> None:
    assert written() == written()


def test_tables_that_nobody_named_are_shown_too() -> None:
    html = written(UNKNOWN, words=ITALIAN)
    assert "<h2>ladder</h2>" in html and "A table of tomorrow." in html


def test_numbers_and_days_as_the_language_writes_them() -> None:
    table = Table(
        "tickets",
        ".",
        (key("reason", "."), people("tickets", "."), number("reply_hours", "tickets", ".")),
        (("asked", 12345, 2.5),),
    )
    english, italian = written(table), written(table, words=ITALIAN)
    assert ">12,345<" in english and ">2.5<" in english and "July 1, 2026" in english
    assert ">12.345<" in italian and ">2,5<" in italian and "1 luglio 2026" in italian
    assert "2 ottobre 2026, 10:00" in italian, "the desk's own time"


def test_what_grows_is_read_across_time() -> None:
    columns = (key("sector", "."), key("period", "."), people("people", "."))
    rows: tuple[Row, ...] = (
        ("care", "2026-07", 5), ("care", "2026-08", HIDDEN), ("care", "2026-09", 20),
        ("green", "2026-07", 10), ("green", "2026-08", 10), ("green", "2026-09", 15),
    )  # fmt: skip
    table = Table("work_over_time", ".", (*columns, people("published", ".")), ())
    table = replace(table, rows=tuple((*row, 1) for row in rows), in_order=True)
    html = written(table)
    assert "Asked for more in Sep 2026 than in Jul 2026: care of people (5 → 20)." in html
    assert "green" not in finding(table, ENGLISH), "5 more may be hardly any, once rounded"
    row = html[html.index('<th scope="row">care of people') :].split("</tr>")[0]
    assert re.findall(r">([^<>]+)</td>", row) == ["5", "hidden", "20"]
    assert "Q3 2026" in written(replace(table, rows=(("care", "2026-Q3", 5, 1),)))


def test_an_empty_period_is_said() -> None:
    nothing = Table(
        "needs", ".", (key("need", "."), people("people", "."), people("offers", ".")), ()
    )
    assert "Nothing in this period" in written(nothing)
    assert finding(nothing, ENGLISH) == ""


def test_a_needs_table_says_what_is_not_offered() -> None:
    columns = (key("need", "."), key("comune", "."), people("people", "."), people("offers", "."))
    rows: tuple[Row, ...] = (("job", "all", 9, 3), ("childcare", "all", HIDDEN, 0))
    said = finding(Table("needs", ".", columns, rows, block=1), ENGLISH)
    assert "Not one offer for: Children and care (hidden)." in said


def test_the_italian_catalog_is_complete() -> None:
    with (LOCALES / "it" / "LC_MESSAGES" / "report.po").open("rb") as file:
        catalog = read_po(file, locale="it", abort_invalid=True)
    there = {(m.id if isinstance(m.id, tuple) else (m.id,)): m for m in catalog if m.id}
    assert sorted(in_the_code.wanted() ^ there.keys()) == [], "run `make extract`"
    for words, message in there.items():
        said = message.string
        forms = [str(form or "") for form in (said if isinstance(said, list | tuple) else [said])]
        assert not message.fuzzy and all(forms), words
        for form in forms:
            assert set(re.findall(r"{\w+}", form)) <= set(re.findall(r"{\w+}", str(words[-1]))), (
                words
            )


def test_every_key_has_a_name() -> None:
    """Whatever people can answer, and whatever can happen to them, is a word in the report."""
    known = keys.values(str)
    everywhere = known[""]
    expected = {
        "age": labels.ages(str).keys() - {"under_14"},
        "situation": labels.situations(str),
        "sector": labels.sectors(str),
        "why": labels.refusals(str),
        "need": labels.topics(str),
        "topic": labels.appointments(str),
        "intent": INTENTS,
        "hours": PARTS,
        "rung": RUNGS,
        "step": {step.name for step in intake.steps if step.counts},
    }
    for column, wanted in expected.items():
        assert not set(wanted) - known.get(column, {}).keys() - everywhere.keys(), column


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.html"
    write_whole(file, "one")
    assert file.read_text("utf-8") == "one" and file.stat().st_mode & 0o777 == 0o600

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "two")
    assert file.read_text("utf-8") == "one" and list(tmp_path.iterdir()) == [file]


@pytest.fixture
def desk(run: Run, tmp_path: Path) -> Run:
    """The commands, on a database with thirty people in November and December."""
    run("init", "--quiet")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        a_crowd(connection)
    engine.dispose()
    return run


def test_for_a_funder_it_is_what_is_published(desk: Run, tmp_path: Path) -> None:
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    wrong = desk("stats", "report", "--file", str(one), "--comune", "Settime", code=2)
    assert "All people or none" in wrong and not one.exists()
    desk("stats", "export", "--period", "2025", "--folder", str(tmp_path / "out"))
    desk("stats", "report", "--period", "2025", "--file", str(one), "--language", "en")
    desk("stats", "report", "--period", "2025", "--file", str(two), "--language", "en")
    assert one.read_text("utf-8") == two.read_text("utf-8")
    assert "is there already" in desk("stats", "report", "--file", str(one), code=2)
    assert "no folder" in desk("stats", "report", "--file", str(tmp_path / "a" / "b"), code=2)
    actions = [row["action"] for row in desk.json("audit", "--json")]
    assert actions[:3] == ["stats export again", "stats export again", "stats export"]


def test_inside_it_shows_all_and_is_written_down(desk: Run, tmp_path: Path) -> None:
    file = tmp_path / "inside.html"
    period = ("--from", "2026-11-20", "--to", "2026-11-30", "--comune", "Settime")
    said = desk("stats", "report", *period, "--for", "internal", "--file", str(file))
    assert "stays inside" in said
    html = file.read_text("utf-8")
    assert '<html lang="it">' in html and "Solo per uso interno" in html
    assert "nascosto" not in html.split("</style>")[1]
    assert desk.json("audit", "--json")[0]["action"] == "stats report internal"
