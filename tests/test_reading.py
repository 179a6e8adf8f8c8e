"""Reading answers as people type them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.conversation import Asked
from flows.folding import clean, fold, numbers
from flows.messages import Inbound, Kind, Option, Position
from flows.places import Gazetteer
from flows.reading import (
    Again,
    Answer,
    Begin,
    Control,
    Misread,
    Reading,
    Toggle,
    exactly,
    read_free,
    read_option,
    read_tap,
)
from flows.speech import Languages
from flows.words import CONTROLS, STARTS, GlobalWords
from storage.gazetteer import load_gazetteer

NO_PLACES = Gazetteer(())
AGES = ("under_14", "14_17", "18_24", "25_34", "35_54", "55_up")
AGE_LABELS = ("Meno di 14", "14–17", "18–24", "25–34", "35–54", "55 o più")


def asked(kind: Kind, *options: Option, low: int = 0, high: int = 0, page: int = 0) -> Asked:
    return Asked(7, "form", "step", kind, options, low, high, page=page, page_size=5)


def work(kind: Kind = "pick_many") -> Asked:
    return asked(
        kind,
        Option("agriculture", "Campi e vigne"),
        Option("cleaning", "Pulizie"),
        Option("hospitality", "Cucina e albergo"),
        Option("logistics", "Magazzino, autista"),
        Option("office", "🏢 Ufficio"),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3", [3]),
        ("٣", [3]),
        ("۳", [3]),
        ("৩", [3]),
        ("३", [3]),
        ("١٢", [12]),
        ("1, 3 e 4", [1, 3, 4]),
        ("١، ٣ و ٤", [1, 3, 4]),
        ("tra 10 e 20", [10, 20]),
        ("3️⃣", [3]),
        ("999999", [999999]),
        ("1000000", []),
        ("99999999999999999999", []),
        ("tre", []),
        ("", []),
    ],
)
def test_numbers(text: str, found: list[int]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize("text", ["2", "٢", "۲", "২", "२", " 2. ", "2)", "pulizie", "PULIZIE!"])
def test_one_option(text: str) -> None:
    assert read_option(text, work("pick")) == Answer("cleaning")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("pulzie", "cleaning"),
        ("puliziee", "cleaning"),
        ("campi e vigna", "agriculture"),
        ("cucina albergo", "hospitality"),
        ("ufficio", "office"),
        ("uficio", "office"),
        ("magazino autista", "logistics"),
        ("hospitality", "hospitality"),
    ],
)
def test_labels_with_typos(text: str, key: str) -> None:
    assert read_option(text, work("pick")) == Answer(key)


@pytest.mark.parametrize(
    "text", ["0", "6", "99", "-", "", "🙂", "pul", "cucito", "boh", "12345678"]
)
def test_no_option(text: str) -> None:
    assert read_option(text, work("pick")) is None


def test_two_options_alike_are_not_guessed() -> None:
    towns = asked("pick", Option("a", "Castello di Annone"), Option("b", "Castello di Annona"))
    assert read_option("castello di annon", towns) is None


@pytest.mark.parametrize("text", ["3", "18-24", "18–24", "18 24", "18_24"])
def test_an_age_by_number_or_label(text: str) -> None:
    options = map(Option, AGES, AGE_LABELS)
    assert read_option(text, asked("pick", *options)) == Answer("18_24")


@pytest.mark.parametrize("text", ["ho 20 anni", "I am 20 years old", "j'ai 20 ans", "عمري ٢٠ سنة"])
def test_an_age_in_a_few_words(text: str) -> None:
    ages = asked("pick", *map(Option, AGES, AGE_LABELS))
    assert read_option(text, ages) == Answer("18_24")
    assert read_option(text, ages, exactly) is None


@pytest.mark.parametrize(
    "text",
    ["ho 2 figli", "2 o 20 anni", "cerco una casa, massimo 350 euro al mese", "ho anni 99999999"],
)
def test_no_age_is_made_up(text: str) -> None:
    assert read_option(text, asked("pick", *map(Option, AGES, AGE_LABELS))) is None


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("4 anni", ["3_5"]),
        ("4 e 7 anni", ["3_5", "6_10"]),
        ("2, 7", ["0_2", "6_10"]),
        ("1, 3", ["0_2", "6_10"]),
        ("4 e 15 anni", None),
    ],
)
def test_ages_of_children(text: str, keys: list[str] | None) -> None:
    bands = ("0_2", "3_5", "6_10", "11_13")
    children = asked("pick_many", *(Option(band, f"{band} anni") for band in bands))
    assert read_option(text, children) == (Answer(keys) if keys else None)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("1", ["agriculture"]),
        ("1,3", ["agriculture", "hospitality"]),
        ("1, 3", ["agriculture", "hospitality"]),
        ("1 3", ["agriculture", "hospitality"]),
        ("1;3", ["agriculture", "hospitality"]),
        ("١، ٣", ["agriculture", "hospitality"]),
        ("1 . 3", ["agriculture", "hospitality"]),
        ("3, 1, 3", ["hospitality", "agriculture"]),
        ("pulizie, cucina e albergo", ["cleaning", "hospitality"]),
        ("pulizie, 3", ["cleaning", "hospitality"]),
        ("pulizie e ufficio", ["cleaning", "office"]),
        ("campi e vigne e ufficio, pulizie", ["agriculture", "office", "cleaning"]),
        ("pulizie și ufficio, 3 y 4", ["cleaning", "office", "hospitality", "logistics"]),
    ],
)
def test_several_options(text: str, keys: list[str] | None) -> None:
    assert read_option(text, work()) == (Answer(keys) if keys else None)


@pytest.mark.parametrize("text", ["1, 9", "0", "1, boh", "boh", "", ",", "1, 2, 3, 4, 5, 6"])
def test_all_or_none_of_several(text: str) -> None:
    assert read_option(text, work()) is None


@pytest.mark.parametrize("text", ["1, 3 e 4", "1 e 3 e 4", "1 3 et 4", "1، 3 و 4", "1 and 3 and 4"])
def test_several_numbers_with_and(text: str) -> None:
    assert read_option(text, work()) == Answer(["agriculture", "hospitality", "logistics"])


def test_no_number_is_dropped_in_silence() -> None:
    assert read_option("1, 3 4", work()) in (
        None,
        Answer(["agriculture", "hospitality", "logistics"]),
    )


def test_numbers_count_on_the_page_in_view() -> None:
    options = [Option(f"k{place}", f"Offerta {place}") for place in range(12)]
    assert read_option("2", asked("pick", *options, page=1)) == Answer("k6")
    assert read_option("2", asked("pick", *options, page=2)) == Answer("k11")
    assert read_option("3", asked("pick", *options, page=2)) is None


def test_an_option_that_starts_something_does_so() -> None:
    menu = asked("pick", Option("person", "Sportello", start="person"))
    for text in ("1", "sportello"):
        assert read_option(text, menu) == Begin("person")
    assert read_tap("7:person", menu, (0, "")) == Begin("person")


@pytest.mark.parametrize(
    ("tap", "last", "reading"),
    [
        ("7:cleaning", (0, ""), Toggle("cleaning")),
        ("7:_done", (0, ""), Control("done")),
        ("7:_skip", (6, "yes"), Control("skip")),
        ("6:yes", (6, "yes"), Again()),
        ("6:no", (6, "yes"), Misread.EARLIER),
        ("5:yes", (6, "yes"), Misread.EARLIER),
        ("7:nothing", (6, "yes"), Misread.EARLIER),
        ("07:cleaning", (6, "yes"), Misread.EARLIER),
        ("٧:cleaning", (6, "yes"), Misread.EARLIER),
        ("", (0, ""), Misread.EARLIER),
        ("go:menu", (0, ""), Begin("menu")),
        ("go:browse-job", (0, ""), Begin("browse-job")),
    ],
)
def test_taps(tap: str, last: tuple[int, str], reading: Reading) -> None:
    assert read_tap(tap, work(), last) == reading


def test_a_tap_without_a_question() -> None:
    assert read_tap("7:yes", None, (7, "yes")) == Again()
    assert read_tap("7:yes", None, (0, "")) is Misread.EARLIER


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("1", Answer(1)),
        ("12", Answer(12)),
        ("ho 3 figli", Answer(3)),
        ("٣", Answer(3)),
        ("0", Misread.TOO_LOW),
        ("13", Misread.TOO_HIGH),
        ("2 o 3", Misread.NOT_A_NUMBER),
        ("tre", Misread.NOT_A_NUMBER),
        ("", Misread.NOT_A_NUMBER),
        ("9999999", Misread.NOT_A_NUMBER),
    ],
)
def test_a_number(text: str, reading: Reading) -> None:
    assert read_free(Inbound(text), asked("number", low=1, high=12), NO_PLACES) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Amina", Answer("Amina")),
        ("  Amina \n Bi\tBi ", Answer("Amina Bi Bi")),
        ("x" * 40, Answer("x" * 40)),
        ("x" * 41, Misread.TOO_LONG),
        ("\x00", Misread.NOT_TEXT),
        ("   ", Misread.NOT_TEXT),
        ("می‌خواهم", Answer("می‌خواهم")),
    ],
)
def test_some_words(text: str, reading: Reading) -> None:
    assert read_free(Inbound(text), asked("text", high=40), NO_PLACES) == reading


@pytest.mark.parametrize("kind", ["pick", "pick_many", "number", "text", "place"])
def test_what_is_no_text(kind: Kind) -> None:
    assert read_free(Inbound(media="voice"), asked(kind), NO_PLACES) is Misread.NOT_TEXT


def test_a_location_answers_a_place_only() -> None:
    here = Inbound(location=Position(44.9628, 8.1153))
    assert read_free(here, asked("text", high=40), NO_PLACES) is Misread.NOT_TEXT
    assert read_free(here, asked("pick"), NO_PLACES) is Misread.NOT_AN_OPTION
    assert read_free(here, asked("place"), NO_PLACES) == Answer("elsewhere")


# ── folding ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Sì!  ", "si"),
        ("PERCHÉ", "perche"),
        ("Cantarana (AT)", "cantarana at"),
        ("❌ No", "no"),
        ("أمينة", "امينه"),
        ("مُونالي", "مونالي"),
        ("مـــونالي", "مونالي"),
        ("Straße", "strasse"),
        ("under_14", "under 14"),
        ("ﬁne", "fine"),
        ("বাংলা", "বাংলা"),
        ("हिन्दी", "हिन्दी"),
        ("१२", "१२"),
        ("👍", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("ciao", "ciao"),
        ("a\x00b\x1b[31mc\x85d", "ab[31mcd"),
        ("a\u202eb\u202ac\ufeff", "abc"),
        ("a\nb\tc", "a\nb\tc"),
        ("a\r\nb", "a\nb"),
        ("a\ud83d", "a?"),
        ("می‌خواهم", "می‌خواهم"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_clean_is_never_longer_than_its_limit() -> None:
    assert clean("x" * 5000) == "x" * 4096
    assert clean("abc def", 4) == "abc"


_STEADY = settings(derandomize=True, deadline=None, max_examples=400, database=None)
_ANY = st.text(st.characters(exclude_categories=()), max_size=80)


@given(_ANY)
@_STEADY
def test_clean_text_can_be_stored_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert "\x00" not in once
    assert once.encode("utf-8").decode("utf-8") == once
    assert clean(once) == once
    assert len(once) <= len(text)


_DOUBLED = "an underscore beside another sign leaves two blanks"


@pytest.mark.parametrize("text", ["my _data_", "0:_0", "my data", "MY_-_DATA"])
def test_no_sign_leaves_two_blanks(text: str) -> None:
    assert fold(f"my _ {text}").split(" ") == fold(f"my _ {text}").split()


@given(_ANY)
@_STEADY
def test_folded_text_has_one_form(text: str) -> None:
    once = fold(text.replace("_", "-"))
    assert once == once.strip() and "  " not in once and "_" not in once
    assert once == once.lower() or not text.isascii()


@given(st.text(st.characters(max_codepoint=0x5FF, exclude_characters="_"), max_size=80))
@_STEADY
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


_LATE = "Arabic letters are made equal before NFKD brings presentation forms to letters"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("İstanbul", "istanbul"),
        ("ＭＥＮＵ", "menu"),
        pytest.param("ﻣﻮﻧﺎﻟﻰ", "مونالي"),
    ],
)
def test_other_forms_of_the_same_letters(a: str, b: str) -> None:
    assert fold(a) == fold(b)


@given(_ANY)
@_STEADY
def test_numbers_are_small_and_never_negative(text: str) -> None:
    assert all(0 <= number <= 999_999 for number in numbers(text))


@given(_ANY, st.sampled_from(["pick", "pick_many", "place"]))
@_STEADY
def test_no_text_makes_reading_fail(text: str, kind: Kind) -> None:
    found = read_option(clean(text), work(kind))
    keys = {option.key for option in work().options}
    if isinstance(found, Answer):
        chosen = found.value if isinstance(found.value, list) else [found.value]
        assert set(chosen) <= keys
    else:
        assert found is None


@given(_ANY)
@_STEADY
def test_no_text_makes_a_free_answer_fail(text: str) -> None:
    places = load_gazetteer()
    number = read_free(Inbound(text), asked("number", low=1, high=12), places)
    assert isinstance(number, Misread) or (isinstance(number, Answer) and number.value in range(13))
    words = read_free(Inbound(text), asked("text", high=40), places)
    if isinstance(words, Answer):
        assert isinstance(words.value, str) and 0 < len(words.value) <= 40
    place = read_free(Inbound(text), asked("place"), places)
    if isinstance(place, Answer):
        assert isinstance(place.value, str) and places.get(place.value)


# ── global words ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "language", "meaning"),
    [
        ("STOP", "it", "go:stop"),
        ("Stop!", "ar", "go:stop"),
        ("menu", "ar", "go:menu"),
        ("MENU ☰", "fr", "go:menu"),
        ("back", "it", "back"),
        ("italiano", "en", "go:language-it"),
        ("العربية", "it", "go:language-ar"),
        ("fr", "en", "go:language-fr"),
        ("menus of the day", "en", ""),
        ("", "en", ""),
        ("👍", "en", ""),
    ],
)
def test_global_words(languages: Languages, text: str, language: str, meaning: str) -> None:
    assert GlobalWords(languages).meaning(text, language) == meaning


def test_every_meaning_does_something() -> None:
    assert not set(CONTROLS) & set(STARTS)
    assert all(start.partition("-")[0] for start in STARTS.values())
