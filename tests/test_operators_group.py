"""The operators' Telegram group: a topic for each person, and what happens without."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine, insert, select
from sqlmodel import col

from bot import clock
from bot.answering import Answering
from bot.catalogs import load_languages
from bot.channel import Failed, Letter, Problem, Sent
from bot.database_thread import DatabaseThread
from bot.doctor import examine
from bot.settings import Settings
from bot.telegram.channel import TelegramChannel
from bot.telegram.operators import OperatorsChannel
from bot.telegram.receive import parse
from flows.messages import Inbound, Outbound
from storage import notices
from storage.audit import By
from storage.database import open_database
from storage.erasure import erase
from storage.models import Contact, Outbox
from storage.tickets import group
from storage.tickets.person import open_ticket
from tests.conftest import START
from tests.loopback.telegram import LoopbackTelegram
from tests.loopback.telegram_groups import Group
from tests.loopback.twilio import LoopbackTwilio
from tests.people import LoopThread, OnTelegram, OnWhatsApp, chooses, wait_for
from tests.server import Server
from tests.test_storage_database import emptied, migrated

TOKEN = "123456789:AAloopbackloopbackloopbackloopback0"
CHAT = -1001234567890
Story = Callable[[LoopbackTelegram, OperatorsChannel, Group], Awaitable[None]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """SQLite, with one person who has a ticket."""
    with migrated("sqlite", tmp_path) as url, emptied(url) as engine:
        with engine.begin() as connection:
            row = {"alerts": "off", "agreed": "", "created_at": START}
            connection.execute(insert(Contact).values(id=1, **row))
            number = notices.add(connection, By("sportello", START), "person", "contact:1", "…")
            open_ticket(connection, number, 1, "asked", 2, START, listens=True)
        yield engine


def letter(
    engine: Engine, text: str = "💬 ciao", contact: int | None = 1, howto: str = "", about: str = ""
) -> Letter:
    """A row of the outbox for the group, claimed."""
    with engine.begin() as connection:
        about = about or ("ticket:1" if contact else "")
        group.post(connection, str(CHAT), "{}", START, contact, about)
        [id] = connection.execute(select(col(Outbox.id)).order_by(col(Outbox.id).desc()).limit(1))
    return Letter(id[0], "operators", str(CHAT), Outbound(text, "it", howto=howto))


def tell(engine: Engine, story: Story, *, forum: bool = True, **rights: bool) -> None:
    """Run ``story`` with a server whose bot is in the group."""

    async def told() -> None:
        server = LoopbackTelegram(TOKEN)
        made = server.add_group(CHAT, forum=forum, **rights)
        await server.start()
        telegram, database = TelegramChannel(TOKEN, server.url), DatabaseThread(engine)
        try:
            await story(server, OperatorsChannel(telegram, engine, database, str(CHAT)), made)
        finally:
            await telegram.close()
            await server.stop()
            database.close()

    asyncio.run(told())


def test_one_topic_for_each_person_made_once(engine: Engine) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        for text in ("one", "two"):
            assert isinstance(await channel.send(letter(engine, text)), Sent)
        assert isinstance(await channel.send(letter(engine, "digest", None)), Sent)
        [(thread, name)] = made.topics.items()
        assert "1" in name
        assert [(m.text, m.thread) for m in server.messages] == [
            ("one", thread),
            ("two", thread),
            ("digest", 0),
        ]

    tell(engine, story)


def test_a_topic_that_was_deleted_is_made_again(engine: Engine) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        await channel.send(letter(engine, "one"))
        made.topics.clear()
        assert isinstance(await channel.send(letter(engine, "two")), Sent)
        [thread] = made.topics
        assert server.messages[-1].thread == thread
        with engine.begin() as connection:
            assert group.ticket_of(connection, str(CHAT), thread) == 1

    tell(engine, story)


@pytest.mark.parametrize(
    ("forum", "rights", "advice"),
    [
        (False, {}, "turn on Topics"),
        (True, {"can_manage_topics": False}, "manage topics"),
    ],
)
def test_without_topics_the_group_hears_only_that_there_is_a_ticket(
    engine: Engine, forum: bool, rights: dict[str, bool], advice: str
) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        assert isinstance(await channel.send(letter(engine, "opened", howto="inbox 1")), Sent)
        failed = await channel.send(letter(engine, "💬 la mia lettera"))
        assert failed == Failed(Problem.REJECTED, "no topics")
        assert [(m.text, m.thread) for m in server.messages] == [("inbox 1", 0)]
        assert advice in await channel.check()

    tell(engine, story, forum=forum, **rights)


def test_the_topic_of_who_is_erased_is_deleted(engine: Engine) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        await channel.send(letter(engine, "💬 ciao"))
        with engine.begin() as connection:
            erase(connection, 1, START)
            query = select(Outbox.__table__).where(col(Outbox.origin) == "goodbye")  # type: ignore[attr-defined]
            [row] = connection.execute(query).all()
        assert row.contact_id is None and "ciao" not in row.body
        forget = Letter(row.id, row.channel, row.address, Outbound("🗑️", ""))
        assert isinstance(await channel.send(forget), Sent)
        assert made.topics == {} and server.messages == []
        assert isinstance(await channel.send(forget), Sent)  # again does no harm

    tell(engine, story)


def test_a_topic_we_may_not_delete_is_an_operators_to_delete(engine: Engine) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        await channel.send(letter(engine, "💬 ciao"))
        [thread] = made.topics
        failed = await channel.send(letter(engine, "🗑️", None, about=f"forget_topic:{thread}"))
        assert isinstance(failed, Failed) and "delete messages" in await channel.check()
        with engine.begin() as connection:
            told = notices.notices(connection)[0]["text"]
        assert f"t.me/c/1234567890/{thread}" in told

    tell(engine, story, can_delete_messages=False)


def test_no_topic_stays_of_who_was_erased_while_it_was_made(engine: Engine) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        late = letter(engine, "💬 ciao")
        remember = group.remember

        def erased_before(connection: Any, contact: int, chat: str, thread: int) -> bool:
            erase(connection, contact, START)
            return remember(connection, contact, chat, thread)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(group, "remember", erased_before)
            assert await channel.send(late) == Failed(Problem.REJECTED, "erased")
        assert made.topics == {} and server.messages == []

    tell(engine, story)


@pytest.mark.parametrize(
    ("status", "problem"),
    [(500, Problem.HIDDEN), (503, Problem.BUSY), (403, Problem.UNREACHABLE)],
)
def test_failures_are_named(engine: Engine, status: int, problem: Problem) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        server.fail_next(status)
        failed = await channel.send(letter(engine, howto="inbox 1"))
        assert isinstance(failed, Failed) and failed.problem is problem

    tell(engine, story)


def test_a_group_that_moved_is_named(engine: Engine) -> None:
    async def story(server: LoopbackTelegram, channel: OperatorsChannel, made: Group) -> None:
        server.bot.moved[CHAT] = -100777
        failed = await channel.send(letter(engine))
        assert isinstance(failed, Failed) and failed.moved_to == "-100777"
        assert "OPERATORS_CHAT_ID=-100777" in await channel.check()

    tell(engine, story)


def test_doctor_warns_and_calls_it_no_problem(engine: Engine, tmp_path: Path) -> None:
    loop, server = LoopThread(), LoopbackTelegram(TOKEN)
    server.add_group(CHAT, can_manage_topics=False)
    loop.run(server.start())
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=f"sqlite:///{tmp_path / 'no.db'}",  # type: ignore[arg-type]
        telegram_bot_token=TOKEN,  # type: ignore[arg-type]
        telegram_api_base_url=server.url,
        operators_chat_id=str(CHAT),
    )
    [found] = [finding for finding in examine(settings) if finding.check == "operators"]
    loop.run(server.stop())
    loop.stop()
    assert (found.state, "manage topics" in found.says) == ("warning", True)


# ── what comes from the group ───────────────────────────────────────────────────────────────────


def update(**more: Any) -> dict[str, Any]:
    server = LoopbackTelegram(TOKEN)
    made = server.said_in_group(CHAT, 7, "Venga")
    made["message"] |= more
    return made


def test_a_word_in_a_topic_is_an_operators() -> None:
    received = parse(update(), str(CHAT))
    assert received and (received.channel, received.thread) == ("operators", 7)
    assert received.operator == "telegram:Amina (99)" and received.inbound == Inbound("Venga")
    assert received.address == str(CHAT)
    voice = parse(update(text=None, voice={"file_id": "x"}), str(CHAT))
    assert voice and voice.inbound == Inbound(media="voice")


@pytest.mark.parametrize(
    "more",
    [
        {"is_topic_message": False},
        {"message_thread_id": None},
        {"text": None},
        {"text": None, "forum_topic_created": {"name": "x"}},
        {"from": {"id": 1, "is_bot": True, "first_name": "Other bot"}},
        {"sender_chat": {"id": -100999}},
        {"chat": {"id": -100999, "type": "supergroup"}},
        {"chat": {"id": 5, "type": "group"}},
    ],
)
def test_what_is_no_operators_word_is_nothing(more: dict[str, Any]) -> None:
    assert parse(update(**more), str(CHAT)) is None
    assert parse(update(), "") is None


def test_an_anonymous_administrator_is_an_operator() -> None:
    who = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    received = parse(update(**{"from": who, "sender_chat": {"id": CHAT}}), str(CHAT))
    assert received and received.operator == "telegram:admin"


# ── the whole program ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Any, LoopbackTelegram, LoopbackTwilio, Server]]:
    """The program with both channels and the group, as real processes have it."""
    loop, telegram = LoopThread(), LoopbackTelegram(TOKEN)
    twilio = LoopbackTwilio("AC" + "1" * 32, "group-auth")
    telegram.add_group(CHAT)
    loop.run(telegram.start())
    loop.run(twilio.start())
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'all.db'}",
        "DEMO": "1",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "OPERATORS_CHAT_ID": str(CHAT),
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "TWILIO_WHATSAPP_FROM": twilio.sender,
        "TWILIO_API_BASE_URL": twilio.url,
        "SPORTELLO_OPERATOR": "anna",
    }
    server = Server(tmp_path / "server.log", settings)
    twilio.webhook_url = f"{server.url}/whatsapp/webhook"
    server.cli("init")
    server.cli("whatsapp", "provision")
    twilio.shelf.judge("sportello_answer_waiting_it", "approved")
    server.cli("whatsapp", "templates")
    server.start()
    yield loop, telegram, twilio, server
    server.stop()
    loop.run(telegram.stop())
    loop.run(twilio.stop())
    loop.stop()


def test_people_of_the_desk_answer_from_their_group_and_the_command_line(
    world: tuple[Any, LoopbackTelegram, LoopbackTwilio, Server],
) -> None:
    loop, telegram, twilio, server = world
    made = telegram.bot.groups[CHAT]

    def in_topic(words: str) -> bool | None:
        found = [m for m in telegram.messages if m.chat_id == CHAT and words in m.text]
        return True if found and found[-1].thread else None

    ali = OnTelegram(loop, telegram, 9001)
    seen = chooses(ali, ali.says("ciao"), "Italiano")
    seen = chooses(ali, ali.says("persona"), "25")
    assert "Lo leggono le persone" in seen.text
    assert "Lo leggeranno" in ali.says("Ho una lettera che non capisco").text
    wait_for(lambda: in_topic("Ho una lettera che non capisco"))
    [thread] = made.topics
    loop.call(lambda: telegram.push(telegram.said_in_group(CHAT, thread, "Venga giovedì.")))
    wait_for(lambda: _got(telegram, 9001, "Venga giovedì."))

    # while the group refuses everything, everybody is served; what was for it comes later
    full = "Too Many Requests"
    loop.call(lambda: telegram.fail_next(429, full, method="createForumTopic", retry_after=3))
    eva = OnWhatsApp(loop, twilio, "+393330009001")
    chooses(eva, eva.says("ciao"), "Italiano")
    chooses(eva, eva.says("persona"), "25")
    assert "Lo leggeranno" in eva.says("Cerco aiuto per la scuola").text
    assert "Che cosa posso fare" in ali.says("menu").text
    assert ("createforumtopic", 429, "Too Many Requests") in telegram.refused
    wait_for(lambda: in_topic("Cerco aiuto per la scuola"))
    assert len(made.topics) == 2

    # WhatsApp's window has closed: the template goes out, and the answer when she taps it
    listed = json.loads(server.cli("inbox", "list", "--json"))
    [ticket] = [str(row["id"]) for row in listed if row["state"] == "waiting"]
    loop.call(lambda: _two_days_pass(twilio))
    assert "is answered" in server.cli("inbox", "reply", ticket, "La scuola risponde lunedì.")
    wait_for(
        lambda: True if "window_closed" in server.cli("inbox", "show", ticket, "--json") else None
    )
    _report(server)
    wait_for(lambda: _seen(twilio, "Una risposta") or None)
    assert "waits until they write" in " ".join(server.cli("inbox", "show", ticket).split())
    assert not _seen(twilio, "La scuola risponde")
    eva.taps("Leggi la risposta")
    wait_for(lambda: _seen(twilio, "La scuola risponde") or None)
    assert in_topic("WhatsApp")
    loop.call(lambda: telegram.bot.chats.discard(CHAT))
    with urlopen(f"{server.url}/readyz", timeout=10) as answer:  # the group is gone: no alarm
        assert answer.status == 200
    log = server.log.read_text()
    assert "scuola" not in log and "lettera" not in log


def _seen(twilio: LoopbackTwilio, words: str) -> bool:
    return any(words in message.body for message in twilio.messages)


def _report(server: Server) -> None:
    """The scheduler's next tick, without the 20 seconds until it comes."""
    engine = open_database(f"sqlite:///{server.log.with_name('all.db')}")
    with engine.begin() as connection:
        Answering(load_languages("it"), str(CHAT)).report_failures(connection, clock.now())
    engine.dispose()


def _got(telegram: LoopbackTelegram, chat: int, words: str) -> bool | None:
    return True if any(m.chat_id == chat and words in m.text for m in telegram.messages) else None


def _two_days_pass(twilio: LoopbackTwilio) -> None:
    """For WhatsApp only: our own clock says that the window is still open."""
    twilio.heard = {who: at - timedelta(days=2).total_seconds() for who, at in twilio.heard.items()}
