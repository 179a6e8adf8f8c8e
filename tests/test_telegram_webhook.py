"""The webhook: who may post, what is answered, and no answer before it is durable."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.channel import FitsHere, Letter, Received, fits_nowhere
from bot.telegram.channel import TelegramChannel
from bot.telegram.render import is_one_call
from bot.telegram.webhook import PATH, routes
from flows.messages import Outbound
from tests.loopback.telegram import LoopbackTelegram

TOKEN, SECRET = "123456789:AAloopbackloopbackloopbackloopback0", "a-long_Secret0123"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
CHAT = 42


@dataclass
class Desk:
    """Stands for the receiver: remembers what it got and answers ``reply``, after ``failures``."""

    reply: str = ""
    failures: int = 0
    got: list[Received] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def receive(
        self, received: Received, *, fits_here: FitsHere = fits_nowhere
    ) -> Letter | None:
        assert fits_here is is_one_call
        if self.hold:
            await self.hold.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("database is full of Amina's words")
        self.got.append(received)
        if not self.reply:
            return None
        return Letter(7, "telegram", received.address, Outbound(self.reply, "en"))


@dataclass
class Line:
    """One running webhook, its Bot API and its receiver."""

    server: LoopbackTelegram
    channel: TelegramChannel
    desk: Desk

    async def post(self, data: Any, *, secret: bytes | None = SECRET.encode()) -> tuple[int, bytes]:
        """Status and body of the answer."""
        headers = {HEADER: secret.decode("latin-1")} if secret is not None else {}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.server.webhook_url, data=data, headers=headers) as response,
        ):
            return response.status, await response.read()


def tell(story: Callable[[Line], Awaitable[None]], **desk: Any) -> None:
    """Run ``story`` with a webhook and a server that knows `CHAT`."""

    async def told() -> None:
        server = LoopbackTelegram(TOKEN)
        server.add_chat(CHAT)
        server.retry_seconds = 0.01
        await server.start()
        line = Line(server, TelegramChannel(TOKEN, server.url), Desk(**desk))
        app = web.Application()
        app.add_routes(routes(line.channel, line.desk.receive, SECRET))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.webhook_url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
        server.secret = SECRET
        try:
            await story(line)
        finally:
            await runner.cleanup()
            await line.channel.close()
            await server.stop()

    asyncio.run(told())


def update(text: str = "ciao") -> bytes:
    chat = {"id": CHAT, "type": "private"}
    message = {"message_id": 1, "chat": chat, "from": {"id": CHAT}, "text": text}
    return json.dumps({"update_id": 900, "message": message}).encode()


def test_the_secret() -> None:
    async def story(line: Line) -> None:
        assert (await line.post(update(), secret=None))[0] == 401
        assert (await line.post(update(), secret=b""))[0] == 401
        for wrong in (b"x", SECRET.encode()[:-1], b"\xff\xfe", "sécret".encode()):
            assert (await line.post(update(), secret=wrong))[0] == 403
        assert line.desk.got == []
        assert (await line.post(update()))[0] == 200
        assert [received.external_id for received in line.desk.got] == ["900"]

    tell(story)


def test_without_a_secret_there_is_no_webhook() -> None:
    with pytest.raises(ValueError, match="TELEGRAM_WEBHOOK_SECRET"):
        routes(TelegramChannel(TOKEN), Desk().receive, "")


BAD = [
    b"",
    b"{",
    b"[]",
    b"1",
    b"\xff",
    b"{}",
    b'{"update_id":"1"}',
    b'{"update_id":true}',
    b'{"update_id":1.5}',
    b'{"update_id":99999999999999999999}',
    b"[" * 100_000,
    b'{"update_id":' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", BAD)
def test_no_update(body: bytes) -> None:
    async def story(line: Line) -> None:
        assert (await line.post(body))[0] == 400

    tell(story)


async def pieces(size: int) -> AsyncIterator[bytes]:
    """``size`` bytes without a length in front."""
    yield b" " * size


def test_too_much() -> None:
    async def story(line: Line) -> None:
        most = 1024 * 1024
        fits = update().ljust(most)
        assert (await line.post(io.BytesIO(fits)))[0] == 200
        assert (await line.post(io.BytesIO(fits + b" ")))[0] == 413
        assert (await line.post(pieces(most + 1)))[0] == 413
        assert (await line.post(pieces(10 * most), secret=b"x"))[0] == 403

    tell(story)


def test_a_body_that_cannot_be_unpacked() -> None:
    async def story(line: Line) -> None:
        headers = {HEADER: SECRET, "Content-Encoding": "gzip"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(line.server.webhook_url, data=b"no gzip", headers=headers) as response,
        ):
            assert response.status == 400

    tell(story)


def test_only_post() -> None:
    async def story(line: Line) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.get(line.server.webhook_url) as response,
        ):
            assert response.status == 405

    tell(story)


def test_what_is_not_for_us_is_taken_and_counted() -> None:
    async def story(line: Line) -> None:
        for body in (b'{"update_id":1}', b'{"update_id":1,"message":{"chat":[]}}'):
            assert await line.post(body) == (200, b"")
        assert line.channel.counts["unusable"] == 2
        assert line.desk.got == []

    tell(story)


def test_database_faults_are_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def story(line: Line) -> None:
        assert (await line.post(update()))[0] == 503
        assert await line.server.deliver(line.server.said(CHAT, "ciao")) == 3
        assert len(line.desk.got) == 1

    caplog.set_level(logging.DEBUG)
    tell(story, failures=3)
    assert "telegram webhook: OSError" in caplog.text
    assert "Amina" not in caplog.text


def test_the_reply_is_in_the_answer() -> None:
    async def story(line: Line) -> None:
        status, body = await line.post(update())
        assert status == 200
        assert json.loads(body) == {
            "method": "sendMessage",
            "chat_id": CHAT,
            "text": "Welcome ✅",
            "link_preview_options": {"is_disabled": True},
        }
        assert await line.server.deliver(line.server.said(CHAT, "ciao")) == 1
        assert [(m.text, m.via) for m in line.server.messages] == [("Welcome ✅", "answer")]
        assert line.server.calls == []

    tell(story, reply="Welcome ✅")


def test_no_answer_before_it_is_durable() -> None:
    async def story(line: Line) -> None:
        line.desk.hold = asyncio.Event()
        post = asyncio.create_task(line.post(update()))
        done, _ = await asyncio.wait([post], timeout=0.1)
        assert not done
        line.desk.hold.set()
        assert (await post)[0] == 200

    tell(story)


def test_taps_are_acknowledged() -> None:
    async def story(line: Line) -> None:
        tap = line.server.tapped(CHAT, "1:yes", 5)
        await line.server.deliver(tap)
        async with asyncio.timeout(2):
            while not line.server.bot.answered:
                await asyncio.sleep(0)
        assert line.server.bot.answered == [tap["callback_query"]["id"]]
        assert line.desk.got[0].tap_id == tap["callback_query"]["id"]

    tell(story)


def test_a_storm_of_taps_does_not_hold_letters_up() -> None:
    async def story(line: Line) -> None:
        for _ in range(40):
            line.server.hang("answerCallbackQuery")
            await line.server.deliver(line.server.tapped(CHAT, "1:yes", 5))
        assert len(line.desk.got) == 40
        assert line.channel.counts["unacknowledged"] == 8

    tell(story)
