"""What Twilio posts to us: signed, durable before the 200."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, parse_qsl

from aiohttp import web
from twilio.request_validator import (  # type: ignore[import-untyped]
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from bot.body import MOST_BYTES, read_body
from bot.channel import Receive, Report
from bot.whatsapp.channel import STATUS_PATH, WEBHOOK_PATH, WhatsAppChannel
from bot.whatsapp.receive import parse
from bot.whatsapp.statuses import parse_status

log = logging.getLogger(__name__)

_MOST_FIELDS = 1000
_FORM = "application/x-www-form-urlencoded"
_NOTHING_TO_SAY = "<Response/>"  # TwiML; our answers go by the outbox

Form = dict[str, str]
Take = Callable[[Form, str], Awaitable[None]]


def routes(channel: WhatsAppChannel, receive: Receive, report: Report) -> list[web.RouteDef]:
    """Incoming messages and status callbacks. Raises ValueError without token or PUBLIC_URL."""
    if not channel.account.token or not channel.account.public_url:
        raise ValueError("TWILIO_AUTH_TOKEN or PUBLIC_URL is missing")

    async def message(form: Form, _: str) -> None:
        received = parse(form)
        if received is None:
            channel.counts["unusable"] += 1
        else:
            await receive(received)

    async def status(form: Form, query: str) -> None:
        ours = parse_qs(query)
        if receipt := parse_status(form, _only(ours, "letter"), _only(ours, "attempt")):
            await report(receipt)

    return [
        web.post(WEBHOOK_PATH, _Webhook(channel, WEBHOOK_PATH, message).answer),
        web.post(STATUS_PATH, _Webhook(channel, STATUS_PATH, status).answer),
    ]


def _only(fields: dict[str, list[str]], name: str) -> str:
    """The value of a field that stands there once."""
    values = fields.get(name, [])
    return values[0] if len(values) == 1 else ""


class _Webhook:
    """403 no or a wrong signature, 413 over 1 MiB, 400 no form; 503 makes Twilio repeat.

    The signed URL is made from PUBLIC_URL: what Host and X-Forwarded-* say is not asked. The
    query counts as it came, letter by letter.
    """

    def __init__(self, channel: WhatsAppChannel, path: str, take: Take) -> None:
        self._url, self._take = channel.account.url(path), take
        self._validator = RequestValidator(channel.account.token)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if SIGNATURE_HEADER not in request.headers:
            return web.Response(status=403)
        if (request.content_length or 0) > MOST_BYTES:
            return web.Response(status=413)
        form = await _form(request)
        if form is None:
            return web.Response(status=400)
        query = request.raw_path.partition("?")[2]
        if not self._is_signed(request, query, form):
            return web.Response(status=403)
        return await self._durably(form, query)

    def _is_signed(self, request: web.Request, query: str, form: Form) -> bool:
        algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER))
        if algorithm.upper() not in (HMAC_SHA1, HMAC_SHA256):
            return False  # the validator would write the stranger's words into our log
        url = f"{self._url}?{query}" if query else self._url
        given = request.headers[SIGNATURE_HEADER]
        return bool(self._validator.validate(url, form, given, algorithm=algorithm))

    async def _durably(self, form: Form, query: str) -> web.Response:
        try:
            await self._take(form, query)
        except Exception as error:  # whatever the database raises: Twilio repeats after a 503
            log.error("whatsapp webhook: %s", type(error).__name__)
            return web.Response(status=503)
        return web.Response(text=_NOTHING_TO_SAY, content_type="text/xml")


async def _form(request: web.Request) -> Form | None:
    """The fields, blank ones too; None when it is no form or says one thing twice."""
    body = await read_body(request)
    if request.content_type != _FORM:
        return None
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return None
    form = dict(pairs)
    return form if len(form) == len(pairs) else None
