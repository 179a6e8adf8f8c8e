"""What holds however many languages there are: with sixteen, those we have and those to come."""

from collections.abc import Callable, Iterator
from gettext import NullTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from bot.channel import Letter
from bot.telegram import render as telegram
from bot.whatsapp import render as whatsapp
from flows.all_flows import all_flows
from flows.conversation import Conversation
from flows.engine import Engine, Turn
from flows.messages import Inbound, Outbound
from flows.speech import ISOLATE, Languages, Speech
from flows.talk import Contact
from storage.database import open_database
from tests.catalogs import _wrong
from tests.test_walk import TODAY, MemoryDesk, MemoryOffers, mistakes
from tests.test_whatsapp_render import SIDS

CODES = (
    "ar", "bn", "en", "es", "fa", "fr", "hi", "it", "pa", "pcm", "pt", "ro", "ru", "sq", "uk", "ur",
)  # fmt: skip
RTL = {"ar", "fa", "ur"}
Say = Callable[..., Turn]


@pytest.fixture(scope="module")
def offers(filled_database: Path) -> Iterator[MemoryOffers]:
    engine = open_database(f"sqlite:///{filled_database}")
    yield MemoryOffers(engine, TODAY)
    engine.dispose()


@pytest.fixture(scope="module")
def sixteen(languages: Languages) -> Engine:
    """The assistant with sixteen languages; those without a catalog speak English."""
    have = {code: languages[code] for code in languages}
    speeches = [have.get(code) or Speech(code, NullTranslations()) for code in CODES]
    all = Languages(speeches, "it")
    return Engine(all_flows(all), all)


@pytest.fixture
def say(sixteen: Engine, offers: MemoryOffers) -> Say:
    """A person says things one after the other; the last turn."""

    def say(*said: str | Inbound, channel: str = "whatsapp", hint: str = "") -> Turn:
        conversation, contact = Conversation(), Contact(channel, hint=hint)
        turn: Turn | None = None
        for each in said:
            inbound = Inbound(each) if isinstance(each, str) else each
            desk = MemoryDesk(offers, contact)
            turn = sixteen.take_turn(conversation, inbound, contact, desk, TODAY)
            conversation, contact = turn.conversation, desk.contact
            assert "a dead end" not in str(list(mistakes(turn, conversation.asked, sixteen)))
        assert turn is not None
        return turn

    return say


def said(turn: Turn) -> Outbound:
    """Its message."""
    assert turn.says is not None
    return turn.says


def test_whatsapp_lists_them_in_pages(say: Say) -> None:
    first, second = said(say("ciao")), said(say("ciao", Inbound(tap="1:_more")))
    shown = [button.label for button in first.buttons + second.buttons]
    assert len(set(shown)) == len(shown) == len(CODES)
    for outbound in (first, second):
        drawn = whatsapp.draw(outbound, SIDS)
        assert "list" in drawn.template, drawn
        assert len(drawn.buttons) <= 10
        assert any(button.tap.endswith("_more") for button in drawn.buttons)


def test_whatsapp_lists_them_in_the_middle_of_something_too(say: Say) -> None:
    asked = said(say("ciao", "italiano", "sì", "lingua"))
    drawn = whatsapp.draw(asked, SIDS)
    assert "list" in drawn.template and len(drawn.buttons) == 10


def test_elsewhere_they_are_all_there_at_once(say: Say) -> None:
    for channel in ("telegram", "simulator", "terminal"):
        outbound = said(say("ciao", channel=channel))
        assert len(outbound.buttons) == len(CODES)
        assert [button for button in outbound.controls if "more" in button.tap] == []


def test_telegram_shows_two_a_row(say: Say) -> None:
    outbound = said(say("ciao", channel="telegram"))
    [call] = telegram.draw(Letter(1, "telegram", "1", outbound))
    rows = call.params["reply_markup"]["inline_keyboard"]
    assert [len(row) for row in rows] == [2] * 8


@pytest.mark.parametrize("code", CODES)
def test_the_guess_comes_first(say: Say, code: str) -> None:
    assert said(say("👋", hint=f"{code}-XX")).buttons[0].tap == f"1:{code}"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("channel", ["whatsapp", "telegram"])
def test_a_typed_name_works_from_any_page(
    say: Say, sixteen: Engine, code: str, channel: str
) -> None:
    turn = say("ciao", sixteen.languages[code].name, channel=channel)
    assert turn.conversation.language == code


def test_a_number_means_what_the_page_shows(say: Say) -> None:
    more = Inbound(tap="1:_more")
    page = said(say("ciao", more)).buttons
    for place, button in enumerate(page, start=1):
        chosen = say("ciao", more, str(place)).conversation.language
        assert button.tap == f"1:{chosen}"
    assert say("ciao", "16", channel="telegram").conversation.language == "ur"


@pytest.mark.parametrize("word", ["hi", "Hi!", "HI"])
def test_who_says_hi_has_not_chosen_hindi(say: Say, word: str) -> None:
    assert say(word).conversation.language == ""
    assert say("hello", word).conversation.language == ""
    assert say("hello", "english", word).conversation.language == "en"
    assert say(word, "हिन्दी").conversation.language == "hi"
    assert say(word, Inbound(tap="1:hi")).conversation.language == "hi"


@pytest.mark.parametrize("code", CODES)
def test_direction_numbers_and_dates(sixteen: Engine, code: str) -> None:
    speech = sixteen.languages[code]
    assert (speech.direction == "rtl") == (code in RTL)
    assert 0 < len(speech.name) <= 24
    assert speech.fill("{x}", x="Asti").startswith(ISOLATE) == (code in RTL)
    digits = "".join(c for c in speech.number(12345) + speech.date(TODAY) if c.isdigit())
    assert digits.isascii() and digits.startswith("12345")


@pytest.mark.parametrize("code", sorted(RTL))
def test_messages_run_from_right_to_left(say: Say, code: str) -> None:
    outbound = said(say("ciao", Inbound(tap=f"go:language-{code}")))
    assert outbound.direction == "rtl"
    assert all(line.startswith("\u200f") for line in outbound.text.split("\n") if line)


@pytest.mark.parametrize("code", CODES)
def test_stray_latin_is_looked_for_wherever_lines_can_turn(code: str) -> None:
    catalog = Catalog(locale=code)
    message = catalog.add("Write STOP.", "اكتب STOP.")
    assert any("isolates" in wrong for wrong in _wrong(message, code)) == (code in RTL)
    says = Outbound("اكتب STOP.", code, direction="rtl" if code in RTL else "ltr")
    languages = Languages([Speech(code, NullTranslations())], code)
    engine = Engine(all_flows(languages), languages)
    found = list(mistakes(Turn(Conversation(), says, ()), None, engine))
    assert any("Latin" in wrong for wrong in found) == (code in RTL)
