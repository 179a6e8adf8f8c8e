"""Files that go with messages: made when they are taken, for their person alone, kept nowhere."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Engine, func, select
from sqlmodel import col

from bot.channel import Failed, File, Letter, Problem, Received, Sent
from bot.database_thread import DatabaseThread
from bot.documents import answer, file_of
from bot.runtime import Parts
from bot.sender import Sender
from bot.simulator.channel import SimulatorChannel
from bot.telegram.render import MOST_CAPTION, is_one_call
from bot.telegram.render import draw as telegram
from bot.terminal import Dialogue, typed
from bot.whatsapp.files import FileLinks
from bot.whatsapp.render import draw as whatsapp
from bot.worker import Delivery, Worker
from flows.messages import Button, Document, Inbound, Outbound
from storage import simulator
from storage.erasure import erase
from storage.models import Address, Outbox
from tests.conftest import Clock
from tests.test_whatsapp_render import SIDS

NAME = "Zoltanka Peculiarova"
INTAKE = ("hi", "[en]", "[yes]", "[25_34]", "[no]", NAME)
FILE = File("my-data.json", "application/json", b"{}")


def go_on(parts: Parts, *lines: str, chat: str = "chat-1") -> Dialogue:
    """A person in a chat, up to here."""
    dialogue = Dialogue(parts, chat, "en")
    for line in lines:
        dialogue.say(typed(line, dialogue))
    return dialogue


def last_letter(engine: Engine) -> Any:
    """The newest row of the outbox."""
    with engine.begin() as connection:
        query = select(Outbox.__table__).order_by(col(Outbox.id).desc()).limit(1)  # type: ignore[attr-defined]
        return connection.execute(query).one()


def test_the_file_holds_everything_and_the_outbox_nothing(parts: Parts, engine: Engine) -> None:
    dialogue = go_on(parts, *INTAKE, "my data", "[go:export]")
    row = last_letter(engine)
    assert json.loads(row.body)["document"][:2] == ["my_data", ""]
    assert NAME not in row.body
    [file] = dialogue.files
    kept = json.loads(file.content)
    assert kept["conversation"]["state"]["profile"]["name"] == NAME
    assert kept["addresses"][0]["address"] == "chat-1"
    assert {"contact", "consents", "interests", "messages_sent", "events"} <= kept.keys()


def test_the_file_is_as_new_as_the_moment_it_is_taken(parts: Parts, engine: Engine) -> None:
    dialogue = go_on(parts, *INTAKE, "my data", "[go:export]")
    id = last_letter(engine).id
    before = file_of(engine, id, "simulator")
    dialogue.say(Inbound("stop"))
    after = file_of(engine, id, "simulator")
    assert before and after and len(after.content) > len(before.content)


def test_a_file_is_for_its_person_alone(parts: Parts, engine: Engine) -> None:
    go_on(parts, *INTAKE, "my data", "[go:export]")
    id = last_letter(engine).id
    assert file_of(engine, id, "simulator", "chat-1")
    assert file_of(engine, id, "simulator", "chat-2") is None
    assert file_of(engine, id, "whatsapp") is None
    assert file_of(engine, id - 1, "simulator") is None, "a message without a document"
    assert file_of(engine, id + 1, "simulator") is None


def test_nothing_is_to_be_had_of_somebody_erased(parts: Parts, engine: Engine) -> None:
    go_on(parts, *INTAKE, "my data", "[go:export]")
    row = last_letter(engine)
    with engine.begin() as connection:
        erase(connection, row.contact_id, parts.now())
    assert file_of(engine, row.id, "simulator") is None


def test_who_keeps_nothing_gets_a_file_too(parts: Parts) -> None:
    dialogue = go_on(parts, "hi", "[en]", "[no]", "[25_34]", "[no]", "my data", "[go:export]")
    kept = json.loads(dialogue.files[0].content)
    assert kept["conversation"]["state"]["profile"] == {}
    assert [consent["given"] for consent in kept["consents"]] == [False, False]


def test_a_webhook_does_not_answer_with_a_file(parts: Parts, engine: Engine) -> None:
    """The call in a webhook's answer can carry none: it goes by the sender."""
    worker = Worker(engine, parts.flows, parts.settings.zone, parts.now)
    said = [Inbound("hi"), Inbound(tap="1:en"), Inbound(tap="go:privacy"), Inbound(tap="go:export")]
    letters = [
        worker.take([Delivery(Received("telegram", f"u{n}", "7", inbound), fits_here=is_one_call)])[
            0
        ]
        for n, inbound in enumerate(said)
    ]
    assert [letter is None for letter in letters] == [False, False, False, True]
    assert last_letter(engine).status == "queued"


def sent(parts: Parts, channel: object) -> None:
    """What is due goes out."""

    async def go() -> None:
        thread = DatabaseThread(parts.engine)
        rules, by_name = parts.settings.rules, {"telegram": channel}
        sender = Sender(parts.engine, thread, by_name, parts.now, rules)  # type: ignore[arg-type]
        for _ in range(4):
            await sender._round()
            await asyncio.gather(*sender._flying)
        thread.close()

    asyncio.run(go())


class Kept:
    """A channel that remembers."""

    name = "telegram"

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> Sent | Failed:
        self.letters.append(letter)
        return Sent("1")


def queued(parts: Parts) -> int:
    """A letter with a document waits for the sender; its id."""
    worker = Worker(parts.engine, parts.flows, parts.settings.zone, parts.now)
    for number, start in enumerate(("", "language-en", "export")):
        inbound = Inbound(start=start) if start else Inbound("hi")
        worker.take([Delivery(Received("telegram", f"u{number}", "7", inbound))])
        if start != "export":
            sent(parts, Kept())
    return int(last_letter(parts.engine).id)


def test_the_sender_makes_the_file(parts: Parts) -> None:
    queued(parts)
    channel = Kept()
    sent(parts, channel)
    [letter] = channel.letters
    assert letter.file and json.loads(letter.file.content)["addresses"][0]["address"] == "7"
    assert "addresses" not in repr(letter), "what is logged by mistake holds no data"


def test_a_file_that_cannot_be_made_is_not_promised(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(parts)
    monkeypatch.setattr("bot.sender.file_of", lambda *_: None)
    channel = Kept()
    sent(parts, channel)
    row = last_letter(parts.engine)
    assert (channel.letters, row.status, row.problem) == ([], "failed", Problem.REJECTED.value)


def drawn(text: str, *, file: File | None = FILE) -> Letter:
    """A letter with buttons and a document."""
    document = Document("my_data", "", "Open this:")
    buttons = (Button("✅ Yes", "7:yes"),)
    outbound = Outbound(text, "en", kind="pick", buttons=buttons, document=document)
    return Letter(12, "telegram", "42", outbound, "", file)


def test_telegram_shows_text_and_buttons_below_the_file() -> None:
    [call] = telegram(drawn("Here."))
    assert (call.method, call.file) == ("sendDocument", FILE)
    assert call.params["caption"] == "Here."
    assert call.params["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "7:yes"


@pytest.mark.parametrize("letters", [MOST_CAPTION, MOST_CAPTION + 1, 5000])
def test_a_long_text_comes_after_the_file(letters: int) -> None:
    calls = telegram(drawn("x" * letters))
    long = letters > MOST_CAPTION
    assert calls[0].method == "sendDocument"
    assert ("caption" in calls[0].params, len(calls) > 1) == (not long, long)
    assert "reply_markup" in calls[-1].params
    said = [call.params.get("caption") or call.params.get("text", "") for call in calls]
    assert "".join(said) == "x" * letters


def test_whatsapp_gets_a_link_in_a_line_of_its_own() -> None:
    shown = whatsapp(drawn("Here.").outbound, SIDS, "https://desk.example.org/x")
    assert shown.template == "", "a template takes no new line"
    assert shown.pieces[0].startswith("Here.\nOpen this:\nhttps://desk.example.org/x\n")
    assert "1. ✅ Yes" in shown.pieces[0]


def links(clock: Clock, token: str = "secret") -> FileLinks:
    return FileLinks("https://desk.example.org", token, clock)


def test_a_link_works_for_an_hour(clock: Clock) -> None:
    ticket = links(clock).to(812).rpartition("/")[2]
    assert links(clock).to(812).startswith("https://desk.example.org/whatsapp/files/812-")
    clock.pass_time(minutes=59)
    assert links(clock).letter(ticket) == 812
    clock.pass_time(minutes=2)
    assert links(clock).letter(ticket) is None


def test_a_link_cannot_be_made_up(clock: Clock) -> None:
    ticket = links(clock).to(812).rpartition("/")[2]
    letter, until, signature = ticket.split("-")
    later = int(until) + int(timedelta(days=1).total_seconds())
    forged = [
        f"813-{until}-{signature}",
        f"812-{later}-{signature}",
        f"812-{until}-{signature[:-1]}",
        f"812-{until}-",
        f"0{letter}-{until}-{signature}",
        f"-812-{until}-{signature}",
        f"٨١٢-{until}-{signature}",
        f"{ticket}-",
        f"{'9' * 5000}-{until}-{signature}",
        "",
        "é",
    ]
    assert [links(clock).letter(each) for each in forged] == [None] * len(forged)
    assert links(clock, "another").letter(ticket) is None


def test_what_is_gone_is_not_found() -> None:
    with pytest.raises(web.HTTPNotFound):
        answer(None)
    found = answer(FILE)
    assert found.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'


def test_the_page_keeps_a_name_and_no_content(parts: Parts, engine: Engine) -> None:
    async def go() -> None:
        thread = DatabaseThread(engine)
        await SimulatorChannel(engine, thread, parts.now).send(drawn("Here."))
        thread.close()

    asyncio.run(go())
    with engine.begin() as connection:
        [message] = simulator.messages(connection, "42", 0)
        people = connection.execute(select(func.count()).select_from(Address)).scalar_one()
    assert message["file"] == {"name": "my-data.json", "letter": 12}
    assert people == 0
