"""The channel against a strict Twilio on the loopback: what is sent, every way it fails."""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioServiceException,
)

from bot.channel import Failed, Letter, Problem, Sent
from bot.whatsapp.channel import TwilioAccount, WhatsAppChannel, judged
from bot.whatsapp.reconcile import recent
from bot.whatsapp.request import API, TwilioRequests
from bot.whatsapp.templates import NAMES, provision
from flows.messages import Button, Inbound, Outbound
from tests.loopback.twilio import SENDER, LoopbackTwilio

ACCOUNT, TOKEN = f"AC{1:032x}", "s3cr3t-auth-token-0123456789"
AMINA = "+393331234567"
YES = (Button("✅ Yes", "7:yes"), Button("❌ No", "7:no"))
PUBLIC = "https://desk.example.org"
NOBODY = "http://127.0.0.1:9"  # the discard port: callbacks find nobody
Story = Callable[[LoopbackTwilio, WhatsAppChannel], Awaitable[None]]


def letter(text: str = "Hello?", address: str = AMINA, **more: Any) -> Letter:
    return Letter(812, "whatsapp", address, Outbound(text, "en", **more))


def tell(story: Story, *, token: str = TOKEN, total: float = 5.0, api: str = "") -> None:
    """Run ``story`` with a server where Amina has just written."""

    async def told() -> None:
        server = LoopbackTwilio(ACCOUNT, TOKEN)
        await server.start()
        server.heard[AMINA] = server.now()
        server.posts.public, server.posts.actual = PUBLIC, NOBODY
        account = TwilioAccount(ACCOUNT, token, "+390141000011", PUBLIC, api or server.url)
        requests = TwilioRequests(account.api, connect_seconds=1.0, total_seconds=total)
        channel = WhatsAppChannel(account, {}, requests=requests)
        try:
            await story(server, channel)
        finally:
            await channel.close()
            await server.stop()

    asyncio.run(told())


def test_text() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        sent = await channel.send(letter("Ciao 👋\nè vero?"))
        assert sent == Sent(server.messages[0].sid)
        assert server.calls == [
            {
                "To": f"whatsapp:{AMINA}",
                "From": SENDER,
                "Body": "Ciao 👋\nè vero?",
                "StatusCallback": f"{PUBLIC}/whatsapp/status?letter=812&attempt=1#rc=5&rp=all",
            }
        ]

    tell(story)


def test_buttons_and_lists() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        channel.templates = await provision(channel.client)
        await channel.send(letter("May I?", kind="pick", buttons=YES))
        shown = server.messages[-1]
        assert (shown.body, shown.opens) == ("May I?", "")
        assert shown.buttons == [("✅ Yes", "7:yes", ""), ("❌ No", "7:no", "")]
        many = tuple(Button(f"Work {n}", f"7:w{n}", f"About {n}") for n in range(10))
        await channel.send(letter("Which?", kind="pick", buttons=many))
        shown = server.messages[-1]
        assert (shown.body, shown.opens, len(shown.buttons)) == ("Which?", "☰", 10)
        assert shown.buttons[9] == ("Work 9", "7:w9", "About 9")
        call = server.calls[0]
        assert "Body" not in call
        assert call["ContentSid"] == channel.templates["quick_reply_2"]
        assert json.loads(call["ContentVariables"])["2"] == "✅ Yes"

    tell(story)


def test_every_template_can_be_filled() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        channel.templates = await provision(channel.client)
        for count in range(1, 11):
            for hint in ("", "h" * 72):
                many = tuple(Button(f"{n}" * 10, f"7:w{n}", hint) for n in range(count))
                await channel.send(letter("Which?", kind="pick", buttons=many))
        await server.settle()
        assert len(server.messages) == 20
        assert server.refused == []

    tell(story)


def test_provision_is_idempotent() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        server.shelf.most_per_page = 5
        first = await provision(channel.client)
        assert tuple(first) == NAMES
        assert len(server.contents) == len(set(first.values())) == 13
        lost = server.contents.pop(first["list_picker_7"])
        second = await provision(channel.client)
        assert lost["friendly_name"] == "sportello_list_picker_7"
        assert len(server.contents) == 13
        assert {k for k in first if first[k] != second[k]} == {"list_picker_7"}
        assert await provision(channel.client) == second

    tell(story)


def test_a_long_text_goes_in_order_and_the_last_reports() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        sent = await channel.send(letter("One two. " * 400))
        assert sent == Sent(server.messages[-1].sid)
        assert [len(m.body) <= 1600 for m in server.messages] == [True] * 3
        assert " ".join(m.body for m in server.messages) == ("One two. " * 400).strip()
        assert ["StatusCallback" in call for call in server.calls] == [False, False, True]

    tell(story)


def test_half_of_a_long_text() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        create = channel.client.messages.create_async

        async def second_is_refused(**content: Any) -> Any:
            made = await create(**content)
            server.fail_next(429, 63018)
            return made

        channel.client.messages.create_async = second_is_refused
        assert await channel.send(letter("x " * 1000)) == Failed(Problem.HIDDEN, "63018")
        assert len(server.messages) == 1

    tell(story)


def test_nothing_to_say() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        assert await channel.send(letter(" ")) == Failed(Problem.REJECTED, "empty")
        assert server.calls == []

    tell(story)


def test_a_business_scoped_id() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        server.heard["IT.13491208"] = server.now()
        assert isinstance(await channel.send(letter(address="IT.13491208")), Sent)
        assert server.messages[0].to == "whatsapp:IT.13491208"

    tell(story)


@pytest.mark.parametrize(
    ("status", "code", "headers", "failed"),
    [
        (429, 20429, {}, Failed(Problem.BUSY, "20429")),
        (429, 63018, {"Retry_After": "7"}, Failed(Problem.BUSY, "63018", 7.0)),
        (429, 20429, {"Retry_After": "9" * 9}, Failed(Problem.BUSY, "20429", 3600.0)),
        (429, 20429, {"Retry_After": "soon"}, Failed(Problem.BUSY, "20429")),
        (400, 63017, {}, Failed(Problem.BUSY, "63017")),
        (400, 63016, {}, Failed(Problem.WINDOW_CLOSED, "63016")),
        (400, 21610, {}, Failed(Problem.STOPPED, "21610")),
        (400, 21211, {}, Failed(Problem.UNREACHABLE, "21211")),
        (400, 63013, {}, Failed(Problem.RESTRICTED, "63013")),
        (400, 63007, {}, Failed(Problem.CREDENTIALS, "63007")),
        (401, 20003, {}, Failed(Problem.CREDENTIALS, "20003")),
        (401, 1, {}, Failed(Problem.CREDENTIALS, "1")),
        (403, 20403, {}, Failed(Problem.REJECTED, "20403")),
        (500, 20500, {}, Failed(Problem.HIDDEN, "500")),
        (503, 20503, {}, Failed(Problem.HIDDEN, "503")),
    ],
)
def test_refusals(status: int, code: int, headers: dict[str, str], failed: Failed) -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        server.fail_next(status, code, **headers)
        assert await channel.send(letter()) == failed
        assert server.messages == []
        assert isinstance(await channel.send(letter()), Sent)

    tell(story)


def test_refused_by_the_server_itself() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        server.stopped.add(AMINA)
        assert await channel.send(letter()) == Failed(Problem.STOPPED, "21610")
        unreachable = Failed(Problem.UNREACHABLE, "21211")
        assert await channel.send(letter(address="nobody")) == unreachable
        channel.templates = {"quick_reply_2": f"HX{9:032x}"}
        gone = await channel.send(letter(kind="pick", buttons=YES))
        assert gone == Failed(Problem.REJECTED, "21655")
        server.sender = "whatsapp:+1"
        assert await channel.send(letter()) == Failed(Problem.CREDENTIALS, "63007")

    tell(story)


def test_no_answer() -> None:
    async def late(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        server.hang()
        failed = await channel.send(letter())
        assert isinstance(failed, Failed)
        assert failed.problem is Problem.HIDDEN
        assert "Timeout" in failed.code
        assert server.messages == []

    async def cut(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        server.drop()
        failed = await channel.send(letter())
        assert isinstance(failed, Failed)
        assert failed.problem is Problem.HIDDEN
        assert len(server.messages) == 1

    async def closed(_: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        await channel.close()
        assert await channel.send(letter()) == Failed(Problem.NOT_SENT, "closed")

    tell(late, total=0.2)
    tell(cut)
    tell(closed)


def test_no_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused

        async def story(_: LoopbackTwilio, channel: WhatsAppChannel) -> None:
            failed = await channel.send(letter())
            assert isinstance(failed, Failed)
            assert failed.problem is Problem.NOT_SENT
            assert "cannot be reached" in await channel.check()

        tell(story, api=f"http://127.0.0.1:{taken.getsockname()[1]}")


def test_check() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        assert await channel.check() == ""
        server.fail_next(429)
        assert await channel.check() == "Twilio is busy: try again later"
        server.fail_next(500)
        assert await channel.check() == "Twilio does not answer as it should (500)"

    async def stranger(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        assert "TWILIO_AUTH_TOKEN" in await channel.check()
        assert await channel.send(letter()) == Failed(Problem.CREDENTIALS, "20003")
        assert server.messages == []

    tell(story)
    tell(stranger, token="wrong-token-wrong-token")


def test_strange_answers() -> None:
    said = TwilioServiceException("about:blank", "No", 400, 63016)
    assert judged(said) == Failed(Problem.WINDOW_CLOSED, "63016")
    hidden = Failed(Problem.HIDDEN, "unreadable answer: TwilioException")
    assert judged(TwilioException("x")) == hidden
    assert judged(KeyError("sid")).problem is Problem.HIDDEN


def test_outside_of_the_window_it_fails_later() -> None:
    """As with Twilio: taken, and the callback says so. Nobody listens here: it is given up."""

    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        server.now = lambda: server.heard[AMINA] + 24 * 3600
        assert isinstance(await channel.send(letter()), Sent)
        assert server.messages == []

    tell(story)


def test_recent() -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        start = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        for minute, words in enumerate(("too old", "first", "second", "young")):
            server.now = lambda m=minute: (start + timedelta(minutes=m)).timestamp()  # type: ignore[misc]
            await server.person_sends(AMINA, words)
        await channel.send(letter("ours"))
        await server.person_sends("IT.99", "", NumMedia="0")
        server.shelf.most_per_page = 2
        rome = (start + timedelta(minutes=1)).astimezone()
        found = await recent(channel, rome, until=start + timedelta(minutes=2))
        assert [r.inbound for r in found] == [Inbound("first"), Inbound("second")]
        assert {(r.channel, r.address) for r in found} == {("whatsapp", AMINA)}
        assert len(await recent(channel, rome)) == 3
        assert len({r.external_id for r in await recent(channel, start)}) == 4

    tell(story)


@pytest.mark.parametrize(
    ("words", "is_reaction"),
    [
        ("👍", True),
        ("👍🏽", True),
        ("❤️", True),
        ("👩‍👧‍👦", True),
        ("🇮🇹", True),
        ("👍👍", False),
        ("👍 grazie", False),
        ("1️⃣", False),
        ("?", False),
        ("ha", False),
    ],
)
def test_catching_up_takes_one_emoji_for_a_reaction(words: str, is_reaction: bool) -> None:
    """Twilio's list of messages tells no MessageType."""

    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        await server.person_sends(AMINA, words)
        [found] = await recent(channel, datetime.now(UTC) - timedelta(hours=1))
        assert (found.inbound is None, found.change == "reaction") == (is_reaction, is_reaction)

    tell(story)


def test_twilios_own_hosts_unless_told_otherwise() -> None:
    own = TwilioRequests(API)
    assert own._there("https://content.twilio.com/v1/Content") == (
        "https://content.twilio.com/v1/Content"
    )
    other = TwilioRequests("http://127.0.0.1:8082/")
    assert other._there("https://content.twilio.com/v1/Content?Page=1") == (
        "http://127.0.0.1:8082/v1/Content?Page=1"
    )


def test_nothing_secret_or_personal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        shown = [repr(channel), repr(channel.account), repr(channel._requests)]
        assert not any(TOKEN in text or ACCOUNT in text for text in (shown[0], shown[2]))
        assert TOKEN not in shown[1]
        channel.templates = await provision(channel.client)
        await channel.send(letter("Amina's words", kind="pick", buttons=YES))
        for status in (400, 401, 429, 500):
            server.fail_next(status)
            assert isinstance(await channel.send(letter("Amina's words")), Failed)
        server.drop()
        await channel.send(letter("Amina's words"))
        await channel.check()
        await recent(channel, datetime.now(UTC) - timedelta(hours=1))

    caplog.set_level(logging.DEBUG)
    tell(story)
    for secret in (TOKEN, "393331234567", "Amina", "7:yes", ACCOUNT):
        assert secret not in caplog.text
