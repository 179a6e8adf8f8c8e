"""Updates that Telegram posts to us: durable before the 200, the reply in the answer."""

import hmac
import json
import logging

from aiohttp import web

from bot.body import MOST_BYTES, read_body
from bot.channel import Receive, Received
from bot.telegram.channel import TelegramChannel
from bot.telegram.receive import parse, whole_number
from bot.telegram.render import in_answer, is_one_call
from bot.telegram.signs import SignsOfLife

log = logging.getLogger(__name__)

PATH = "/telegram/webhook"
_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # Bot API, setWebhook
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def routes(channel: TelegramChannel, receive: Receive, secret: str) -> list[web.RouteDef]:
    """The webhook. Raises ValueError without a secret: anybody could speak for anybody."""
    if not secret:
        raise ValueError("TELEGRAM_WEBHOOK_SECRET is missing")
    return [web.post(PATH, _Webhook(channel, receive, secret).answer)]


class _Webhook:
    """401 no secret, 403 a wrong one, 413 over 1 MiB, 400 no update; 503 makes Telegram repeat."""

    def __init__(self, channel: TelegramChannel, receive: Receive, secret: str) -> None:
        self._channel, self._receive = channel, receive
        self._secret = secret.encode()
        self._signs = SignsOfLife(channel)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refusal(request):
            return refusal
        try:
            update = json.loads(await read_body(request))
        except (ValueError, RecursionError, web.RequestPayloadError):
            return web.Response(status=400)
        if not isinstance(update, dict) or whole_number(update.get("update_id")) is None:
            return web.Response(status=400)
        received = parse(update, self._channel.operators)
        if received is None:
            self._channel.counts["unusable"] += 1
            return web.Response()
        return await self._durably(received)

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Judged before the body is read. Bytes, because compare_digest refuses other letters."""
        given = request.headers.get(_HEADER)
        if not given:
            return web.Response(status=401)
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret):
            return web.Response(status=403)
        if (request.content_length or 0) > MOST_BYTES:
            return web.Response(status=413)
        return None

    async def _durably(self, received: Received) -> web.Response:
        try:
            durable = self._receive(received, fits_here=is_one_call)
            letter = await self._signs.typing_while(received, durable)
        except Exception as error:  # whatever the database raises: Telegram repeats after a 503
            log.error("telegram webhook: %s", type(error).__name__)
            return web.Response(status=503)
        self._signs.soon(received)
        if letter is None:
            return web.Response()
        body = _encode(in_answer(letter)).encode()
        return web.Response(body=body, content_type="application/json")
