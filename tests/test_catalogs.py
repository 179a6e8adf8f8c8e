"""The catalogs are complete, and the check of it would see what is wrong."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from bot.catalogs import reviewers
from flows.speech import Languages
from tests import catalogs
from tests.catalogs import LOCALES, ROOT, Wanted, built, buttons, in_the_code, problems, speech_of


@pytest.mark.parametrize("path", sorted(LOCALES.glob("*/LC_MESSAGES/messages.po")), ids=str)
def test_a_catalog_is_in_order(path: Path) -> None:
    assert list(problems(path, in_the_code())) == []


@pytest.mark.parametrize("path", sorted(LOCALES.glob("*/LC_MESSAGES/messages.po")), ids=str)
def test_each_language_has_decided_on_the_words_that_matter(path: Path) -> None:
    """The same two dozen and more in every glossary, each with a word for it."""
    wanted, found = (glossary(language) for language in ("it", path.parts[-3]))
    assert wanted.keys() <= found.keys() and len(wanted) > 24
    assert all(found.values())


def glossary(language: str) -> dict[str, str]:
    """What a language says for each Italian term."""
    text = (ROOT / "docs" / "glossaries" / f"{language}.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    return {row[1].strip(): row[3].strip() for row in rows}


def test_who_has_read_a_catalog_is_said_in_its_header(tmp_path: Path) -> None:
    assert all(reviewers().values())
    catalog = complete()
    catalog.last_translator = "FULL NAME <EMAIL@ADDRESS>"
    assert "Last-Translator: say who has read it" in wrong(catalog, tmp_path)[0]


def test_every_message_of_the_code_is_found() -> None:
    wanted = in_the_code()
    assert wanted["", "{n} place"] == Wanted("{n} place", "{n} places")
    assert wanted["words", "menu"] == Wanted("menu", context="words")
    assert ("", "How old are you?") in wanted
    assert len(wanted) > 200


def test_the_buttons_are_found(languages: Languages) -> None:
    found = dict(buttons(languages["en"]))
    gettext = languages["en"].gettext
    for label, most in {
        "⬅️ Back": 20,
        "✅ Yes": 20,
        "🗑️ Yes, delete": 20,
        "🔕 Turn off": 20,
        "🙋 Ask the desk": 20,
        "✏️ Change answers": 24,
        "Driving licence": 24,
        "Building sites": 24,
        "No licence": 20,
    }.items():
        assert found[gettext(label)] == most, label


def complete(language: str = "it") -> Catalog:
    """A catalog in which every message is translated by itself."""
    catalog = Catalog(locale=language, last_translator="not yet reviewed by a native speaker")
    for message in in_the_code().values():
        if message.plural:
            forms = (message.msgid, *[message.plural] * (catalog.num_plurals - 1))
            catalog.add((message.msgid, message.plural), forms, context=message.context or None)
        else:
            catalog.add(message.msgid, message.msgid, context=message.context or None)
    return catalog


def wrong(catalog: Catalog, folder: Path, language: str = "it") -> list[str]:
    """What the check says about a catalog, without where."""
    path = folder / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    write_po(buffer, catalog)
    path.write_bytes(buffer.getvalue())
    return [line.removeprefix(f"locales/{language}: ") for line in problems(path, in_the_code())]


def test_a_complete_catalog_is_in_order(tmp_path: Path) -> None:
    assert wrong(complete(), tmp_path) == []


@pytest.mark.parametrize(
    ("msgid", "string", "says"),
    [
        ("What do you do now?", "", "empty"),
        ("Starts: {day}", "Comincia", "placeholders [], ['{day}'] wanted"),
        ("Starts: {day}", "Dal {giorno}", "placeholders ['{giorno}'], ['{day}'] wanted"),
        ("Starts: {day}", "Dal {day}}", "a brace that belongs to no placeholder"),
        ("Starts: {day}", "Dal {day} ", "blanks at an end"),
        ("What do you do now?", "Che\nfai?", "a new line that the English has not"),
    ],
)
def test_a_wrong_message_is_seen(tmp_path: Path, msgid: str, string: str, says: str) -> None:
    catalog = complete()
    message = catalog.get(msgid)
    assert message is not None
    message.string = string
    assert f'"{msgid}": {says}' in wrong(catalog, tmp_path)


def test_a_missing_a_foreign_and_a_fuzzy_message_are_seen(tmp_path: Path) -> None:
    catalog = complete()
    catalog.delete("How old are you?")
    catalog.add("Who goes there?", "Chi va là?")
    catalog.add("Cleaning", "Pulizie", flags=["fuzzy"])
    found = wrong(catalog, tmp_path)
    assert '"How old are you?": missing: run `make extract`' in found
    assert '"Who goes there?": not in the code any more: run `make extract`' in found
    assert '"Cleaning": fuzzy: check it, then take the mark away' in found
    assert len(found) == 3


def test_an_obsolete_message_is_seen(tmp_path: Path) -> None:
    catalog = complete()
    path = tmp_path / "it" / "LC_MESSAGES" / "messages.po"
    wrong(catalog, tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write('\n#~ msgid "Old"\n#~ msgstr "Vecchio"\n')
    assert list(problems(path, in_the_code())) == ['locales/it: "Old": obsolete: delete it']


def test_plural_forms_are_counted(tmp_path: Path) -> None:
    catalog = complete("ar")
    message = catalog.get("{n} place")
    assert message is not None
    message.string = ("{n}", "{n}")
    assert '"{n} place": empty' in wrong(catalog, tmp_path, "ar")


def test_plural_forms_of_another_language_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "ar" / "LC_MESSAGES" / "messages.po"
    wrong(complete("ar"), tmp_path, "ar")
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"Plural-Forms: [^"]*"\n("[^"]*"\n)?', _TWO_FORMS, text, count=1))
    [line] = problems(path, in_the_code())
    assert line.startswith("locales/ar: line ") and "more translations than num_plurals" in line


def test_a_catalog_with_too_few_plural_forms_is_seen(tmp_path: Path) -> None:
    catalog = Catalog(locale="ar", last_translator="Anna")
    vars(catalog).update(_num_plurals=2, _plural_expr="(n != 1)")
    assert "locales/ar: Plural-Forms: 2 forms, 6 wanted" in [
        f"locales/ar: {line}" for line in wrong(catalog, tmp_path, "ar")
    ]


@pytest.mark.parametrize(
    ("language", "rule", "says"),
    [
        ("it", "(n > 1)", "two forms for 0 and 1"),
        ("pt", "(n != 1)", "one form for 0 and 1"),
        ("ru", "(n%10==1 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2)", "one form for 0 and 11"),
    ],
)
def test_a_plural_rule_that_is_not_cldrs_is_seen(
    tmp_path: Path, language: str, rule: str, says: str
) -> None:
    catalog = complete(language)
    vars(catalog).update(_plural_expr=rule)
    assert f"Plural-Forms: CLDR has {says}" in wrong(catalog, tmp_path, language)


_TWO_FORMS = '"Plural-Forms: nplurals=2; plural=(n != 1);\\\\n"\n'


def test_a_plural_may_spell_its_number_out(tmp_path: Path) -> None:
    catalog = complete()
    message = catalog.get("{n} place")
    assert message is not None
    message.string = ("un posto", "{n} posti")
    assert wrong(catalog, tmp_path) == []


@pytest.mark.parametrize(
    ("msgid", "string", "most"),
    [
        ("Building sites", "x" * 25, 24),
        ("⬅️ Back", "x" * 21, 20),
        ("✅ Yes", "x" * 21, 20),
        ("🗑️ Yes, delete", "x" * 21, 20),
        ("Driving licence", "x" * 25, 24),
        ("✏️ Change answers", "x" * 25, 24),
        ("The documents", "x" * 25, 24),
        ("🆘 I am in danger", "x" * 25, 24),
        ("🧩 Can I take it?", "x" * 25, 24),
    ],
)
def test_a_label_too_long_is_seen(tmp_path: Path, msgid: str, string: str, most: int) -> None:
    catalog = complete()
    message = catalog.get(msgid)
    assert message is not None
    message.string = string
    expected = f'"{string}": {len(string)} letters, {most} at most on a button'
    assert expected in wrong(catalog, tmp_path)
    message.string = "x" * most
    assert wrong(catalog, tmp_path) == []


def test_latin_words_in_arabic_stand_in_isolates(tmp_path: Path) -> None:
    catalog = complete("ar")
    message = catalog.get("What do you do now?")
    assert message is not None
    message.string = "ماذا تفعل الآن؟ STOP"
    expected = '"What do you do now?": STOP stands outside isolates (U+2068 … U+2069)'
    assert expected in wrong(catalog, tmp_path, "ar")
    message.string = "ماذا تفعل الآن؟ \u2068STOP\u2069"
    assert expected not in wrong(catalog, tmp_path, "ar")


@pytest.mark.parametrize(
    ("meaning", "words", "says"),
    [
        ("menu", "menu, Indietro", '"indietro": means back and menu'),
        ("menu", "menu, Menù", '"menu": twice under menu'),
        ("menu", "  ,", '"menu": no word for it'),
        ("menu", "menu, STOP", '"stop": must mean stop in every language'),
        ("menu", "menu، العودة, indietro", '"indietro": means back and menu'),
    ],
)
def test_words_that_collide_are_seen(tmp_path: Path, meaning: str, words: str, says: str) -> None:
    catalog = complete()
    for name, string in (("back", "indietro"), ("stop", "stop, basta"), (meaning, words)):
        message = catalog.get(name, "words")
        assert message is not None
        message.string = string
    assert says in wrong(catalog, tmp_path)


def test_it_prints_what_is_wrong_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogs, "LOCALES", tmp_path)
    catalog = complete()
    wrong(catalog, tmp_path)
    assert catalogs.main() == 0
    count = len(in_the_code())
    expected = f"1 catalogs, {count} messages each: complete and within the limits\n"
    assert capsys.readouterr().out == expected
    message = catalog.get("How old are you?")
    assert message is not None
    message.string = ""
    wrong(catalog, tmp_path)
    assert catalogs.main() == 1
    assert capsys.readouterr().out == 'locales/it: "How old are you?": empty\n'


def test_speech_is_that_of_the_source(languages: Languages) -> None:
    catalog = complete("ar")
    message = catalog.get("Cleaning")
    assert message is not None
    message.string = "تنظيف"
    speech = speech_of("ar", catalog)
    assert speech.gettext("Cleaning") == "تنظيف" and speech.direction == "rtl"
    assert speech.gettext("not there") == "not there"


@pytest.mark.parametrize(
    "code",
    [
        '_(f"Hello {name}")',
        '_("a" + b)',
        '_(" ".join(words))',
        "_(word)",
        'ngettext("one", many, n)',
    ],
)
def test_words_that_are_put_together_are_found(code: str) -> None:
    assert list(built("x.py", code)) != []
    assert list(built("x.py", '_("Hello {name}")\nngettext("one", "many", n)')) == []
