"""The webhooks: who may post, what is answered, and no answer before it is durable."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.channel import FitsHere, Letter, Problem, Receipt, Received, Sent, fits_nowhere
from bot.whatsapp.channel import STATUS_PATH, WEBHOOK_PATH, TwilioAccount, WhatsAppChannel
from bot.whatsapp.templates import provision
from bot.whatsapp.webhook import routes
from flows.messages import Button, Inbound, Outbound
from tests.loopback.twilio import LoopbackTwilio

ACCOUNT, TOKEN = f"AC{1:032x}", "s3cr3t-auth-token-0123456789"
AMINA = "+393331234567"
PUBLIC = "https://desk.example.org/sportello"
HOOK = f"{PUBLIC}{WEBHOOK_PATH}"
FORM = {"MessageSid": "SM1", "From": f"whatsapp:{AMINA}", "Body": "ciao", "Empty": ""}
URLENCODED = "application/x-www-form-urlencoded"


@dataclass
class Desk:
    """Stands for the receiver: remembers what it got, after ``failures``."""

    failures: int = 0
    got: list[Received] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def receive(
        self, received: Received, *, fits_here: FitsHere = fits_nowhere
    ) -> Letter | None:
        assert fits_here is fits_nowhere
        await self._store()
        self.got.append(received)
        return None

    async def report(self, receipt: Receipt) -> None:
        await self._store()
        self.receipts.append(receipt)

    async def _store(self) -> None:
        if self.hold:
            await self.hold.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("database is full of Amina's words")


@dataclass
class Line:
    """Webhooks behind a proxy (PUBLIC_URL is not what we listen on), and Twilio."""

    server: LoopbackTwilio
    channel: WhatsAppChannel
    desk: Desk
    actual: str

    async def post(
        self,
        data: Any = None,
        *,
        path: str = WEBHOOK_PATH,
        form: dict[str, str] | None = None,
        content_type: str = URLENCODED,
        **headers: str | None,
    ) -> tuple[int, str, str]:
        """Status, content type and body; signed for ``form`` and the public address."""
        form = FORM if form is None else form
        signed: dict[str, str | None] = dict(self.server.posts.signed(f"{PUBLIC}{path}", form))
        given = {k.replace("_", "-"): v for k, v in headers.items()}
        sent = {k: v for k, v in {**signed, "Content-Type": content_type, **given}.items() if v}
        body = io.BytesIO(urlencode(form).encode()) if data is None else data
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                URL(f"{self.actual}{path}", encoded=True), data=body, headers=sent
            ) as response,
        ):
            return response.status, response.content_type, await response.text()

    async def status(self, *args: Any, **more: Any) -> int:
        """Only the status."""
        return (await self.post(*args, **more))[0]


def tell(story: Callable[[Line], Awaitable[None]], **desk: Any) -> None:
    """Run ``story`` with webhooks and a server."""

    async def told() -> None:
        server = LoopbackTwilio(ACCOUNT, TOKEN)
        await server.start()
        account = TwilioAccount(ACCOUNT, TOKEN, server.sender, PUBLIC, server.url)
        channel, receiver = WhatsAppChannel(account, {}), Desk(**desk)
        app = web.Application()
        app.add_routes(routes(channel, receiver.receive, receiver.report))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        actual = f"http://127.0.0.1:{runner.addresses[0][1]}"
        server.webhook_url = f"{HOOK}#rc=5&rp=all"
        server.posts.public, server.posts.actual = PUBLIC, actual
        try:
            await story(Line(server, channel, receiver, actual))
        finally:
            await server.stop()
            await runner.cleanup()
            await channel.close()

    asyncio.run(told())


def test_no_webhook_without_token_or_address() -> None:
    async def story(line: Line) -> None:
        for token, public in (("", PUBLIC), (TOKEN, "")):
            channel = WhatsAppChannel(TwilioAccount(ACCOUNT, token, "+1", public), {})
            with pytest.raises(ValueError, match="missing"):
                routes(channel, line.desk.receive, line.desk.report)

    tell(story)


def test_taken() -> None:
    async def story(line: Line) -> None:
        assert await line.post() == (200, "text/xml", "<Response/>")
        assert line.desk.got == [Received("whatsapp", "SM1", AMINA, Inbound("ciao"))]

    tell(story)


def test_behind_a_proxy() -> None:
    async def story(line: Line) -> None:
        lies = {"Host": "evil.example", "X_Forwarded_Host": "evil.example"}
        assert await line.status(X_Forwarded_Proto="http", **lies) == 200
        for_the_lie = line.server.posts.signed(f"https://evil.example{WEBHOOK_PATH}", FORM)
        signature = for_the_lie["X-Twilio-Signature"]
        assert await line.status(X_Twilio_Signature=signature, **lies) == 403
        direct = line.server.posts.signed(f"{line.actual}{WEBHOOK_PATH}", FORM)
        assert await line.status(X_Twilio_Signature=direct["X-Twilio-Signature"]) == 403

    tell(story)


def test_who_may_not(caplog: pytest.LogCaptureFixture) -> None:
    async def story(line: Line) -> None:
        for wrong in (None, "x", "é", "=" * 28, "A" * 5000):
            assert await line.status(X_Twilio_Signature=wrong) == 403
        changed = urlencode({**FORM, "Body": "hello"})
        assert await line.status(changed) == 403
        assert await line.status(urlencode({"MessageSid": "SM1"})) == 403
        assert await line.status(f"{urlencode(FORM)}&More=1") == 403
        without_blank = urlencode({k: v for k, v in FORM.items() if v})
        assert await line.status(without_blank) == 403
        line.server.posts.auth_token = "another-token"
        assert await line.status() == 403
        settings = "key=k,algorithm=HMAC_Amina"
        assert await line.status(X_Twilio_Webhooks_Signature_Settings=settings) == 403

    caplog.set_level(logging.DEBUG)
    tell(story)
    assert "Amina" not in caplog.text


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_algorithms(algorithm: str) -> None:
    async def story(line: Line) -> None:
        line.server.posts.algorithm = algorithm
        assert await line.status() == 200
        crossed = {"HMAC_SHA1": "HMAC_SHA256", "HMAC_SHA256": "HMAC_SHA1"}[algorithm]
        settings = f"key=k1,algorithm={crossed}"
        assert await line.status(X_Twilio_Webhooks_Signature_Settings=settings) == 403

    tell(story)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (urlencode(FORM), "application/json"),
        (urlencode(FORM), "text/plain"),
        (b"{}", "application/json"),
        (b"Body=%FF", URLENCODED),
        (b"Body=\xff", URLENCODED),
        (b"Body=%ED%A0%80", URLENCODED),
        (b"Body=a&Body=a", URLENCODED),
        (b"Body=a&Body=", URLENCODED),
        ("&".join(f"k{n}=" for n in range(1001)), URLENCODED),
    ],
)
def test_no_form(body: Any, content_type: str) -> None:
    async def story(line: Line) -> None:
        assert await line.status(body, content_type=content_type) == 400
        assert line.desk.got == []

    tell(story)


async def pieces(size: int) -> AsyncIterator[bytes]:
    """``size`` bytes without a length in front."""
    for start in range(0, size, 65536):
        yield b"x" * min(65536, size - start)


def test_too_much() -> None:
    async def story(line: Line) -> None:
        most = 1024 * 1024
        form = {**FORM, "More": ""}
        form["More"] = "x" * (most - len(urlencode(form)))
        assert await line.status(form=form) == 200
        form["More"] += "x"
        assert await line.status(form=form) == 413
        assert await line.status(pieces(most + 1)) == 413
        assert await line.status(pieces(most + 1), X_Twilio_Signature=None) == 403

    tell(story)


def test_only_post() -> None:
    async def story(line: Line) -> None:
        async with aiohttp.ClientSession() as session:
            for path in (WEBHOOK_PATH, STATUS_PATH):
                async with session.get(f"{line.actual}{path}") as response:
                    assert response.status == 405

    tell(story)


def test_what_is_not_for_us_is_taken_and_counted() -> None:
    async def story(line: Line) -> None:
        assert await line.status(form={}) == 200
        assert await line.status(form={"From": "whatsapp:+39", "Body": "x"}) == 200
        assert line.channel.counts["unusable"] == 2
        assert line.desk.got == []

    tell(story)


def test_database_faults_are_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def story(line: Line) -> None:
        assert await line.status() == 503
        assert await line.server.person_sends(AMINA, "ciao") == 200
        assert line.server.posts.answers == [503, 503, 200]
        assert len(line.desk.got) == 1

    caplog.set_level(logging.DEBUG)
    tell(story, failures=3)
    assert "whatsapp webhook: OSError" in caplog.text
    for secret in ("Amina", AMINA[1:], TOKEN):
        assert secret not in caplog.text


def test_no_answer_before_it_is_durable() -> None:
    async def story(line: Line) -> None:
        line.desk.hold = asyncio.Event()
        post = asyncio.create_task(line.status())
        done, _ = await asyncio.wait([post], timeout=0.1)
        assert not done
        line.desk.hold.set()
        assert await post == 200

    tell(story)


def test_taps_come_back() -> None:
    async def story(line: Line) -> None:
        line.channel.templates = await provision(line.channel.client)
        await line.server.person_sends(AMINA, "ciao")
        two = (Button("Yes", "7:yes"), Button("No", "7:no"))
        four = (*two, Button("Perhaps", "7:perhaps"), Button("Never", "7:never"))
        for buttons in (two, four):
            outbound = Outbound("May I?", "en", kind="pick", buttons=buttons)
            await line.channel.send(Letter(5, "whatsapp", AMINA, outbound))
            assert await line.server.person_taps(line.server.messages[-1], 1) == 200
        assert [r.inbound for r in line.desk.got[1:]] == [Inbound(tap="7:no")] * 2

    tell(story)


def test_receipts() -> None:
    async def story(line: Line) -> None:
        line.server.heard[AMINA] = line.server.now()
        hello = Outbound("Hello", "en")
        sent = await line.channel.send(Letter(812, "whatsapp", AMINA, hello, attempt=2))
        assert isinstance(sent, Sent)
        await line.server.settle()
        assert line.server.posts.answers == [200, 200, 200]
        assert line.desk.receipts == [
            Receipt("whatsapp", sent.external_id, "sent", 812, attempt=2),
            Receipt("whatsapp", sent.external_id, "delivered", 812, attempt=2),
        ]

    tell(story)


def test_a_closed_window_is_reported() -> None:
    async def story(line: Line) -> None:
        sent = await line.channel.send(Letter(812, "whatsapp", AMINA, Outbound("Hello", "en")))
        assert isinstance(sent, Sent)
        await line.server.settle()
        problem = Problem.WINDOW_CLOSED
        assert line.desk.receipts == [
            Receipt("whatsapp", sent.external_id, "failed", 812, problem, "63016", 1)
        ]
        assert line.server.posts.answers == [503, 503, 200]

    tell(story, failures=2)


def test_the_query_is_signed_too() -> None:
    async def story(line: Line) -> None:
        form = {"MessageSid": "SM1", "MessageStatus": "read"}
        path = f"{STATUS_PATH}?letter=812&x=%41+b"
        assert await line.status(path=path, form=form) == 200
        signature = line.server.posts.signed(f"{PUBLIC}{path}", form)["X-Twilio-Signature"]
        other = path.replace("812", "813")
        assert await line.status(path=other, form=form, X_Twilio_Signature=signature) == 403
        twice = f"{STATUS_PATH}?letter=812&letter=813"
        assert await line.status(path=twice, form=form) == 200
        assert await line.status(path=STATUS_PATH, form=form) == 200
        assert [r.letter for r in line.desk.receipts] == [812, 0, 0]

    tell(story)
