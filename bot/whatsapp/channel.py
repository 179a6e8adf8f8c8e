"""WhatsApp as a channel: letters out through Twilio, with every way it can go wrong named."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twilio.base.exceptions import (  # type: ignore[import-untyped]
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client  # type: ignore[import-untyped]

from bot import clock, network
from bot.channel import Failed, Letter, Problem, Sent
from bot.clock import Now
from bot.whatsapp.files import FileLinks
from bot.whatsapp.receive import CHANNEL, PREFIX
from bot.whatsapp.render import Drawn, draw
from bot.whatsapp.request import API, AnswerLostError, BusyError, NotSentError, TwilioRequests
from bot.whatsapp.statuses import problem_of
from flows.messages import Outbound
from storage.templates import template_name

LoadTemplates = Callable[[], Awaitable[Mapping[str, str]]]

STATUS_PATH = "/whatsapp/status"
WEBHOOK_PATH = "/whatsapp/webhook"
# Five tries, on whatever failure (Twilio, webhook connection overrides); the default is one more
# try, and not after a 503.
INSISTENCE = "#rc=5&rp=all"

# What a call raises; the last four when twilio cannot read a strange answer.
FORESEEN = (
    TwilioException,
    NotSentError,
    AnswerLostError,
    BusyError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
)
_UNAUTHORIZED = 401
_CREDENTIALS = "TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN: check both"


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """The settings; ``sender`` is a number with or without ``whatsapp:``; the token is not shown.

    ``public_url`` is what Twilio calls, and what its signatures cover.
    """

    sid: str
    token: str = field(repr=False)
    sender: str
    public_url: str
    api: str = API

    @property
    def from_(self) -> str:
        """The sender as Twilio writes it."""
        return f"{PREFIX}{self.sender.removeprefix(PREFIX)}"

    def url(self, path: str) -> str:
        """``path`` of ours as the world sees it."""
        return f"{self.public_url.rstrip('/')}{path}"


class WhatsAppChannel:
    """Implements `bot.channel.Channel` with twilio's own client.

    ``templates`` is our name → ContentSid (`storage.templates`) and may be filled later, by
    ``load_templates`` when a letter needs one that is not known; ``client`` is twilio's;
    ``counts`` counts ``unusable`` deliveries since the start.
    """

    name = CHANNEL

    def __init__(
        self,
        account: TwilioAccount,
        templates: Mapping[str, str],
        *,
        requests: TwilioRequests | None = None,
        parts_apart: float = 0.0,
        now: Now = clock.now,
    ) -> None:
        self.account, self.templates, self._parts_apart = account, templates, parts_apart
        self.load_templates: LoadTemplates | None = None
        self.links = FileLinks(account.url(""), account.token, now)
        self._requests = requests or TwilioRequests(account.api)
        self.client = Client(account.sid, account.token, http_client=self._requests)
        self.counts: Counter[str] = Counter()

    def __repr__(self) -> str:
        return "WhatsAppChannel()"

    async def send(self, letter: Letter) -> Sent | Failed:
        """Send one letter; the external id is the last message's. See `bot.channel.Channel`.

        A letter too long for one message is sent in order, and only its last message reports
        back. When a part of it is there and the next fails, nobody may send it all again as if
        nothing had arrived: that is `Problem.HIDDEN` too.
        """
        await self._know(letter.outbound)
        link = self.links.to(letter.id) if letter.file else ""
        drawn = draw(letter.outbound, self.templates, link)
        result: Sent | Failed = Failed(Problem.REJECTED, "empty")
        for place, content in enumerate(_contents(drawn), start=1):
            await asyncio.sleep(self._parts_apart if place > 1 else 0)
            if place == len(drawn.pieces):
                content["status_callback"] = self._callback(letter)
            try:
                result = Sent(await self._create(letter.address, content))
            except FORESEEN as error:
                failed = judged(error)
                partly = place > 1 and failed.problem.retryable
                return Failed(Problem.HIDDEN, failed.code) if partly else failed
        return result

    async def check(self) -> str:
        """Empty when Twilio answers, takes our credentials and the account is active."""
        try:
            account = await self.client.api.v2010.accounts(self.account.sid).fetch_async()
        except FORESEEN as error:
            return explained(error)
        status = str(account.status)
        return "" if status == "active" else "the Twilio account is suspended or closed"

    async def close(self) -> None:
        """Let go of connections."""
        await self._requests.close()

    async def _know(self, outbound: Outbound) -> None:
        """A template may have been approved since we started."""
        name = template_name(outbound.template, outbound.language)
        if outbound.template and name not in self.templates and self.load_templates:
            self.templates = await self.load_templates()

    def _callback(self, letter: Letter) -> str:
        """Of an opener nothing counts before its id is known: it is not yet its row's message."""
        row = 0 if letter.outbound.template else letter.id
        return self.account.url(f"{STATUS_PATH}?letter={row}&attempt={letter.attempt}{INSISTENCE}")

    async def _create(self, address: str, content: dict[str, str]) -> str:
        """The sid of the new message."""
        message = await self.client.messages.create_async(
            to=f"{PREFIX}{address}", from_=self.account.from_, **content
        )
        if not isinstance(message.sid, str):
            raise AnswerLostError("no sid")
        return message.sid


def _contents(drawn: Drawn) -> list[dict[str, str]]:
    """What each message is made of, as arguments of twilio's ``messages.create``."""
    if drawn.template:
        content = {"content_sid": drawn.content_sid}
        if drawn.variables:
            content["content_variables"] = json.dumps(drawn.variables, ensure_ascii=False)
        return [content]
    return [{"body": piece} for piece in drawn.pieces]


def judged(error: Exception) -> Failed:
    """What an error of a call means for the letter. Holds Twilio's code, never its words."""
    match error:
        case BusyError():
            return Failed(Problem.BUSY, error.code, retry_after=error.seconds)
        case NotSentError():
            return Failed(Problem.NOT_SENT, str(error))
        case AnswerLostError():
            return Failed(Problem.HIDDEN, str(error))
        case TwilioRestException() | TwilioServiceException():
            return _refused(error)
    return Failed(Problem.HIDDEN, f"unreadable answer: {type(error).__name__}")


def _refused(error: Any) -> Failed:
    code = str(error.code) if isinstance(error.code, int) else str(error.status)
    problem = Problem.CREDENTIALS if error.status == _UNAUTHORIZED else problem_of(code)
    return Failed(problem, code)


def explained(error: Exception) -> str:
    """One line for the operator. Holds no secret."""
    return network.explained("Twilio", _CREDENTIALS, judged(error))
