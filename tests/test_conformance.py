"""One suite, every channel: the real program, talked to as people do on each of them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.loopback.telegram import LoopbackTelegram
from tests.loopback.twilio import LoopbackTwilio
from tests.people import (
    LoopThread,
    OnSimulator,
    OnTelegram,
    OnWhatsApp,
    Person,
    Sight,
    chooses,
    wait_for,
)
from tests.server import Server

TOKEN, SID, AUTH = "123456:conformance-token", "AC" + "1" * 32, "conformance-auth"
_numbers = itertools.count(1)
Meet = Callable[[], Person]


@pytest.fixture(
    scope="module", params=["telegram", "whatsapp", "whatsapp, no templates", "simulator"]
)
def meet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Meet]:
    """Makes somebody new on the channel."""
    folder: Path = tmp_path_factory.mktemp("conformance")
    loop, telegram, twilio = LoopThread(), LoopbackTelegram(TOKEN), LoopbackTwilio(SID, AUTH)
    loop.run(telegram.start())
    loop.run(twilio.start())
    settings = {
        "DATABASE_URL": f"sqlite:///{folder / 'all.db'}",
        "DEMO": "1",
        "SIMULATOR": "1",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": AUTH,
        "TWILIO_WHATSAPP_FROM": twilio.sender,
        "TWILIO_API_BASE_URL": twilio.url,
        "TELEGRAM_MESSAGES_PER_SECOND": "0",
        "WHATSAPP_MESSAGES_PER_SECOND": "0",
    }
    server = Server(folder / "server.log", settings)
    twilio.webhook_url = f"{server.url}/whatsapp/webhook"
    server.cli("init")
    if request.param == "whatsapp":
        assert "13 templates" in server.cli("whatsapp", "provision")
    server.start()

    def somebody() -> Person:
        number = next(_numbers)
        if request.param == "telegram":
            return OnTelegram(loop, telegram, 9000 + number)
        if request.param == "simulator":
            return OnSimulator(server.url, f"somebody-{number}")
        return OnWhatsApp(loop, twilio, f"+39333000{number:04d}")

    yield somebody
    code, _ = server.stop()
    loop.run(telegram.stop())
    loop.run(twilio.stop())
    loop.stop()
    assert code == 0
    log = server.log.read_text()
    assert TOKEN not in log
    assert AUTH not in log
    assert "+39333000" not in log
    assert telegram.refused == []
    assert twilio.refused == []


def settled(person: Person, language: str = "English") -> Sight:
    """Somebody who agreed, said their age, wants no messages, and is asked their name."""
    seen = person.says("hello")
    seen = chooses(person, seen, language)
    seen = chooses(person, seen, "Yes")
    seen = chooses(person, seen, "25 to 34")
    return chooses(person, seen, "No")


def test_intake_by_choosing_what_is_shown(meet: Meet) -> None:
    person = meet()
    seen = settled(person)
    for label in ("Skip", "Elsewhere", "I look for work"):
        assert seen.offers(label) or label == "Skip", (label, seen.text, seen.buttons)
        seen = chooses(person, seen, label)
    assert "What do you need?" in seen.text
    seen = person.says("1, 3")
    assert "Which kinds of work" in seen.text


def test_every_question_is_answered_by_number(meet: Meet) -> None:
    person = meet()
    person.says("hello")
    seen = person.says("english")
    answers = "1|4|2|Amina|monale|1|1,2|1 3|2|3|arabic|2|1"
    for typed in answers.split("|"):
        assert "not sure" not in seen.text
        seen = person.says(typed)
    assert "When can you work?" in seen.text


def test_labels_and_keys_can_be_typed(meet: Meet) -> None:
    person = meet()
    person.says("hello")
    person.says("en")
    person.says("yes")
    person.says("25 to 34")
    seen = person.says("no")
    assert "What may I call you?" in seen.text


def test_a_shared_location_answers_for_the_town(meet: Meet) -> None:
    person = meet()
    settled(person)
    person.says("Amina")
    seen = person.shares(44.9370, 8.0660)
    assert "What do you do now?" in seen.text
    assert "Monale" in person.says("my data").text


def test_a_misspelt_town_is_asked_back(meet: Meet) -> None:
    person = meet()
    settled(person)
    person.says("Amina")
    seen = person.says("castelnuovo")
    assert seen.offers("Castelnuovo")
    seen = chooses(person, seen, "Castelnuovo Don Bosco")
    assert "What do you do now?" in seen.text


def test_what_cannot_be_read_is_answered_kindly(meet: Meet) -> None:
    person = meet()
    seen = chooses(person, chooses(person, settled(person), "Skip"), "Elsewhere")
    assert "What do you do now?" in seen.text
    seen = person.sends_voice()
    assert "What do you do now?" in seen.text
    assert seen.offers("I look for work")


def test_another_language_keeps_the_place(meet: Meet) -> None:
    person = meet()
    settled(person)
    seen = person.says("العربية")
    assert "What may I call you?" not in seen.text
    back = person.says("english")
    assert "What may I call you?" in back.text


def test_offers_are_paged_and_read(meet: Meet) -> None:
    person = meet()
    settled(person)
    seen = person.says("menu")
    seen = chooses(person, seen, "Work")
    first = seen.text + " ".join(seen.buttons)
    seen = chooses(person, seen, "More")
    assert seen.text + " ".join(seen.buttons) != first
    seen = person.says("1")
    assert "Checked on" in seen.text
    seen = chooses(person, seen, "I am interested")
    assert "The desk knows now" in seen.text


def test_an_old_menu_still_works_and_a_double_tap_is_harmless(meet: Meet) -> None:
    person = meet()
    seen = settled(person)
    assert "What may I call you?" in seen.text
    seen = person.says("menu")
    assert seen.offers("Home")
    seen = chooses(person, seen, "Home")
    assert "Rent" in seen.text or "Home" in seen.text


def test_my_data_is_sent_as_a_file(meet: Meet) -> None:
    person = meet()
    settled(person)
    seen = chooses(person, person.says("my data"), "Send me the file")
    assert "everything I keep about you" in seen.text
    kept = person.takes_file()
    assert kept["conversation"]["state"]["profile"]["age"] == "25_34"
    assert [consent["purpose"] for consent in kept["consents"]] == ["profile", "alerts"]
    assert [address["channel"] for address in kept["addresses"]] == [person.name]


def test_stop_start_and_delete(meet: Meet) -> None:
    person = meet()
    settled(person)
    assert "I will not write to you" in person.says("STOP").text
    person.says("START")
    seen = person.says("delete my data")
    seen = chooses(person, seen, "Yes, delete")
    assert "everything is deleted" in seen.text
    again = wait_for(lambda: person.says("hello"))
    assert again.offers("English")
