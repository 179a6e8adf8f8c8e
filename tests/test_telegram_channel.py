"""The channel against a strict Bot API on the loopback: what is sent, and every way it fails."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import telegram

from bot.channel import Failed, File, Letter, Problem, Received, Sent
from bot.telegram.channel import TelegramChannel
from bot.telegram.request import AiohttpRequest
from flows.messages import Button, Inbound, Outbound
from storage.pacing import COOLS
from tests.loopback.pace import Pace
from tests.loopback.telegram import LoopbackTelegram

TOKEN = "123456789:AAloopbackloopbackloopbackloopback0"
CHAT = 42
YES = (Button("Yes", "1:yes"), Button("No", "1:no"))
Story = Callable[[LoopbackTelegram, TelegramChannel], Awaitable[None]]


def letter(text: str = "Hello?", edits: str = "", chat: int = CHAT, **more: Any) -> Letter:
    return Letter(7, "telegram", str(chat), Outbound(text, "en", edits=bool(edits), **more), edits)


def tell(story: Story, *, token: str = TOKEN, total: float = 5.0, limits: bool = False) -> None:
    """Run ``story`` with a server that knows `CHAT`."""

    async def told() -> None:
        server = LoopbackTelegram(TOKEN, limits=limits)
        server.add_chat(CHAT)
        await server.start()
        request = AiohttpRequest(connect_seconds=1.0, total_seconds=total)
        channel = TelegramChannel(token, server.url, request=request)
        try:
            await story(server, channel)
        finally:
            await channel.close()
            await server.stop()

    asyncio.run(told())


def test_sends_and_edits() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        first = await channel.send(letter(buttons=YES))
        assert first == Sent("1")
        second = await channel.send(letter("Thanks", edits="1"))
        assert second == Sent("1")
        assert await channel.send(letter("Thanks", edits="1")) == Sent("1")  # not modified
        assert await channel.send(letter("Thanks", edits="99")) == Sent("2")  # gone: anew
        assert [(m.text, m.message_id, m.edits) for m in server.messages] == [
            ("Hello?", 1, 0),
            ("Thanks", 1, 1),
            ("Thanks", 2, 0),
        ]
        method, params = server.calls[0]
        assert method == "sendMessage"
        assert params == {
            "chat_id": str(CHAT),
            "text": "Hello?",
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {
                "inline_keyboard": [
                    [
                        {"text": "Yes", "callback_data": "1:yes"},
                        {"text": "No", "callback_data": "1:no"},
                    ]
                ]
            },
        }

    tell(story)


def test_the_external_id_is_the_last_piece() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        assert await channel.send(letter("One two. " * 900, buttons=YES)) == Sent("2")
        assert [bool(m.reply_markup) for m in server.messages] == [False, True]
        assert await channel.send(letter(" ")) == Failed(Problem.REJECTED, "empty")

    tell(story)


def test_a_location_is_asked_for() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        place = letter("Where?", kind="place", share_location="📍 Here", controls=YES[:1])
        assert await channel.send(place) == Sent("1")
        assert server.messages[0].reply_markup["keyboard"][0][0]["request_location"] is True
        # its keyboard is no inline one: an edit is refused and becomes a new message
        assert await channel.send(letter("Asti", edits="1")) == Sent("2")

    tell(story)


REFUSALS = [
    (403, "Forbidden: bot was blocked by the user", {}, Failed(Problem.UNREACHABLE, "403")),
    (403, "Forbidden: user is deactivated", {}, Failed(Problem.UNREACHABLE, "403")),
    (
        400,
        "Bad Request: chat not found",
        {},
        Failed(Problem.UNREACHABLE, "400 Chat not found"),
    ),
    (
        400,
        "Bad Request: BUTTON_DATA_INVALID",
        {},
        Failed(Problem.REJECTED, "400 Button_data_invalid"),
    ),
    (400, 'Bad Request: tag "Amina" at 3', {}, Failed(Problem.REJECTED, "400")),
    (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": -1001},
        Failed(Problem.UNREACHABLE, "moved", moved_to="-1001"),
    ),
    (
        429,
        "Too Many Requests: retry after 17",
        {"retry_after": 17},
        Failed(Problem.BUSY, "429", retry_after=17.0),
    ),
    (429, "Too Many Requests", {}, Failed(Problem.BUSY, "429", retry_after=5.0)),
    (401, "Unauthorized", {}, Failed(Problem.CREDENTIALS, "401")),
    (404, "Not Found", {}, Failed(Problem.CREDENTIALS, "401")),
    (409, "Conflict: x", {}, Failed(Problem.REJECTED, "4xx Conflict: x")),
    (413, "Request Entity Too Large", {}, Failed(Problem.REJECTED, "4xx Request Entity Too Large")),
    (500, "Internal Server Error", {}, Failed(Problem.HIDDEN, "500")),
    (502, "Bad Gateway", {}, Failed(Problem.HIDDEN, "502")),
    (504, "Gateway Timeout", {}, Failed(Problem.HIDDEN, "504")),
    (503, "Service Unavailable", {}, Failed(Problem.BUSY, "503")),
]


@pytest.mark.parametrize(("status", "words", "parameters", "wanted"), REFUSALS)
def test_refusals(status: int, words: str, parameters: dict[str, Any], wanted: Failed) -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        server.fail_next(status, words, **parameters)
        assert await channel.send(letter()) == wanted
        assert server.messages == []
        assert await channel.send(letter()) == Sent("1")

    tell(story)


def test_what_the_server_itself_refuses() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        assert await channel.send(letter(chat=5)) == Failed(
            Problem.UNREACHABLE, "400 Chat not found"
        )
        server.bot.blocked.add(CHAT)
        assert await channel.send(letter()) == Failed(Problem.UNREACHABLE, "403")
        server.bot.moved[CHAT] = -1001
        result = await channel.send(letter())
        assert isinstance(result, Failed)
        assert result.moved_to == "-1001"

    tell(story)


def test_rate_limits() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        assert isinstance(await channel.send(letter()), Sent)
        assert await channel.send(letter()) == Failed(Problem.BUSY, "429", retry_after=1.0)
        # a part of it is there already: nobody may take it for unsent
        server.add_chat(43)
        server.bot.pace = Pace(30)
        assert await channel.send(letter("One two. " * 900, chat=43)) == Failed(
            Problem.HIDDEN, "429"
        )

    tell(story, limits=True)


def test_the_parts_of_a_long_letter_are_a_second_apart() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        patient = TelegramChannel(TOKEN, server.url, parts_apart=COOLS.total_seconds())
        assert isinstance(await patient.send(letter("One two. " * 600)), Sent)
        assert (len(server.messages), server.refused) == (2, [])
        await patient.close()

    tell(story, limits=True)


def test_silence_and_broken_connections_are_ambiguous() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        server.hang()
        assert await channel.send(letter()) == Failed(Problem.HIDDEN, "TimeoutError")
        server.drop()
        result = await channel.send(letter())
        assert isinstance(result, Failed)
        assert result.problem is Problem.HIDDEN
        assert len(server.messages) == 1  # it had arrived
        await server.stop()
        result = await channel.send(letter())
        assert isinstance(result, Failed)
        assert result.problem is Problem.NOT_SENT

    tell(story, total=0.4)


def test_no_connection_is_surely_not_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def story(_: LoopbackTelegram, __: TelegramChannel) -> None:
        channel = TelegramChannel(TOKEN, f"http://127.0.0.1:{port}")
        assert await channel.send(letter()) == Failed(Problem.NOT_SENT, "ClientConnectorError")
        assert "cannot be reached" in await channel.check()
        await channel.close()
        assert await channel.send(letter()) == Failed(Problem.NOT_SENT, "closed")

    tell(story)


def test_no_free_connection_is_surely_not_sent() -> None:
    """A listening socket whose backlog is full: the connection times out."""

    async def story(_: LoopbackTelegram, __: TelegramChannel) -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            address = full.getsockname()
            stuffing = [socket.socket() for _ in range(4)]
            for one in stuffing:
                one.setblocking(False)
                one.connect_ex(address)
            request = AiohttpRequest(connect_seconds=0.3, total_seconds=2.0)
            channel = TelegramChannel(TOKEN, f"http://127.0.0.1:{address[1]}", request=request)
            wanted = Failed(Problem.NOT_SENT, "ConnectionTimeoutError")
            assert await channel.send(letter()) == wanted
            await channel.close()
            for one in stuffing:
                one.close()

    tell(story)


ODD = [b"", b"<html>", b"[]", b'{"ok":true}', b'{"ok":true,"result":{}}', b"\xff", b"[" * 100_000]


@pytest.mark.parametrize("answer", ODD)
def test_an_unreadable_answer_is_ambiguous(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()

    async def story(_: LoopbackTelegram, __: TelegramChannel) -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        channel = TelegramChannel(TOKEN, f"http://127.0.0.1:{port}")
        result = await channel.send(letter())
        assert isinstance(result, Failed)
        assert result.problem is Problem.HIDDEN
        assert await channel.check()
        await channel.close()
        server.close()

    tell(story)


def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def story(_: LoopbackTelegram, channel: TelegramChannel) -> None:
        assert await channel.send(letter()) == Sent("1")

    tell(story)


def test_files_go_as_multipart() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        file = File("my-data.json", "application/json", '{"name": "زهرة"}'.encode())
        assert await channel.send(replace(letter("Here.", buttons=YES), file=file)) == Sent("1")
        [shown] = server.messages
        assert (shown.text, shown.document) == ("Here.", (file.name, file.content.decode()))
        labels = [b["text"] for row in shown.reply_markup["inline_keyboard"] for b in row]
        assert labels == ["Yes", "No"]

    tell(story)


def test_acknowledges_taps_and_shows_typing() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        server.push(server.tapped(CHAT, "1:yes", 1))
        tap_id = "tap700000001"
        received = Received("telegram", "1", "42", Inbound(tap="1:yes"), tap_id=tap_id)
        await channel.acknowledge(received)
        assert server.bot.answered == [tap_id]
        server.bot.expire_taps()
        await channel.acknowledge(received)
        assert channel.counts["unacknowledged"] == 1
        await channel.typing("42")
        await channel.typing("5")
        assert channel.counts["untyped"] == 1
        before = len(server.calls)
        await channel.acknowledge(Received("telegram", "1", "42", Inbound("hi")))
        assert len(server.calls) == before

    tell(story)


def test_check() -> None:
    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        assert await channel.check() == ""
        wrong = TelegramChannel("1:wrong", server.url)
        assert "TELEGRAM_BOT_TOKEN" in await wrong.check()
        await wrong.close()
        server.fail_next(500)
        assert await channel.check() == "Telegram does not answer as it should (500)"

    tell(story)


def test_its_name_holds_no_token() -> None:
    channel = TelegramChannel(TOKEN)
    assert TOKEN not in repr(channel)


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger at DEBUG, those that exist already too."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    levels = [(logger, logger.level) for logger in loggers]
    caplog.set_level(logging.DEBUG)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield caplog
    for logger, level in levels:
        logger.setLevel(level)


def test_no_log_holds_a_token_or_a_message(everything_logged: pytest.LogCaptureFixture) -> None:
    bad = "987654321:BBwrongwrongwrongwrongwrongwrong00"

    async def story(server: LoopbackTelegram, channel: TelegramChannel) -> None:
        wrong = TelegramChannel(bad, server.url, request=AiohttpRequest(1.0, 0.3))
        private = letter("Amina wants help")
        for bot in (channel, wrong):
            await bot.send(private)
            await bot.check()
            await bot.typing("42")
            for fault in (server.hang, server.drop):
                fault()
                await bot.send(private)
            for status in (400, 403, 409, 429, 500):
                server.fail_next(status)
                await bot.send(private)
        await wrong.close()
        await server.stop()
        try:
            await channel.bot.get_me()
        except telegram.error.TelegramError as error:
            logging.getLogger("x").exception("shown with its traceback")
            assert error.__cause__ is None
            assert error.__context__ is None

    tell(story, total=0.3)
    logging.getLogger("x").debug("captured: %s", "yes")
    seen = everything_logged.text + repr([vars(r) for r in everything_logged.records])
    assert "captured: yes" in seen
    assert "shown with its traceback" in seen
    for secret in (TOKEN, bad, TOKEN.partition(":")[2], "Amina"):
        assert secret not in seen
