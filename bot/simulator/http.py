"""The simulator over HTTP: for the page, and for any script."""

import asyncio
import base64
import binascii
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Engine

from bot.body import read_body
from bot.channel import Receive, Received
from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.documents import answer, file_of
from bot.simulator.channel import SimulatorChannel
from bot.simulator.render import AS
from bot.simulator.words import page_words
from flows.folding import clean
from flows.messages import Inbound, Position
from flows.speech import Languages
from storage import simulator
from storage.database import reading
from storage.faults import is_database_error

log = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("page")
_CHAT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_TEXT = 4096
_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SimulatorSite:
    """The page and its interface, with a password where one is set."""

    def __init__(
        self,
        engine: Engine,
        database: DatabaseThread,
        channel: SimulatorChannel,
        receive: Receive,
        languages: Languages,
        password: str,
        now: Now,
    ) -> None:
        self._engine, self._database, self._channel = engine, database, channel
        self._receive, self._languages, self._now = receive, languages, now
        self._password = password.encode()
        self.closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Everything below ``/`` and ``/simulator``."""
        guarded = self._guarded
        return [
            web.get("/", guarded(self._page)),
            web.get("/page/{name}", guarded(self._asset)),
            web.get("/simulator/words", guarded(self._words)),
            web.post("/simulator/{chat}/messages", guarded(self._post)),
            web.get("/simulator/{chat}/messages", guarded(self._list)),
            web.get("/simulator/{chat}/events", guarded(self._stream)),
            web.get("/simulator/{chat}/files/{letter}", guarded(self._file)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            if self._password and not self._allowed(request):
                challenge = {"WWW-Authenticate": 'Basic realm="Sportello"'}
                raise web.HTTPUnauthorized(headers=challenge)
            try:
                return await handler(request)
            except Exception as error:
                if not is_database_error(error):
                    raise
                log.error("simulator: %s", type(error).__name__)
                raise web.HTTPServiceUnavailable from error

        return guard

    def _allowed(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            decoded = base64.b64decode(given, validate=True) if scheme.lower() == "basic" else b""
        except binascii.Error:
            return False
        return hmac.compare_digest(decoded.partition(b":")[2], self._password)

    async def _page(self, _: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return web.FileResponse(PAGE / "index.html", headers=headers)

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in ("chat.css", "chat.js"):
            raise web.HTTPNotFound
        return web.FileResponse(PAGE / name, headers={"Cache-Control": "no-cache"})

    async def _words(self, request: web.Request) -> web.StreamResponse:
        code = self._languages.best(request.query.get("language", ""))
        return web.json_response(page_words(self._languages[code]))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        chat = _chat(request)
        inbound = _inbound(await _json(request), request.headers.get("Accept-Language", ""))
        id = await self._database.run(self._remember, chat, inbound)
        async with self._channel.news:
            self._channel.news.notify_all()
        message = await self._database.run(self._tapped, chat, inbound.tap)
        await self._receive(Received("simulator", f"m{id}", chat, inbound, message=message))
        return web.json_response({"id": id}, status=202)

    def _remember(self, chat: str, inbound: Inbound) -> int:
        with self._engine.begin() as connection:
            text = inbound.text
            if inbound.tap:
                text = simulator.label_of(connection, chat, inbound.tap)
            if inbound.location:
                text = f"📍 {inbound.location.lat:.4f}, {inbound.location.lon:.4f}"
            unsaid = self._languages[self._languages.default]
            speaks = {"language": unsaid.code, "direction": unsaid.direction}
            body = {"options": [], **speaks, **simulator.speaks(connection, chat)}
            return simulator.remember(connection, chat, "person", text, body, self._now())

    def _tapped(self, chat: str, tap: str) -> str:
        """The id of the message whose button this was."""
        if not tap:
            return ""
        with reading(self._engine).begin() as connection:
            return simulator.message_with(connection, chat, tap)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """The file of a message, for its chat alone."""
        chat, letter = _chat(request), _number(request.match_info["letter"])
        return answer(await self._database.run(file_of, self._engine, letter, "simulator", chat))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        found = await self._after(_chat(request), _number(request.query.get("after", "0")))
        return web.json_response({"messages": found})

    async def _after(self, chat: str, after: int) -> list[dict[str, Any]]:
        return await self._database.run(self._read, chat, after)

    def _read(self, chat: str, after: int) -> list[dict[str, Any]]:
        with reading(self._engine).begin() as connection:
            return simulator.messages(connection, chat, after)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events (WHATWG HTML, 9.2); ``Last-Event-ID`` or ``after`` resumes."""
        chat = _chat(request)
        seen = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
        after = _number(seen)
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with suppress(ConnectionResetError):  # the page was closed: nobody to tell
            await self._tell(response, chat, after)
        return response

    async def _tell(self, response: web.StreamResponse, chat: str, after: int) -> None:
        """Every message of a chat as it comes, until we stop."""
        quiet = 0
        while not self.closing.is_set():
            for message in await self._after(chat, after):
                after = message["id"]
                data = json.dumps(message, ensure_ascii=False)
                await response.write(f"id: {after}\ndata: {data}\n\n".encode())
            quiet = 0 if await self._news() else quiet + 1
            if quiet >= 15:
                await response.write(b": still here\n\n")
                quiet = 0

    async def _news(self) -> bool:
        """Wait for news, a second at most: another process may have sent."""
        try:
            async with asyncio.timeout(1), self._channel.news:
                await self._channel.news.wait()
        except TimeoutError:
            return False
        return True


def _chat(request: web.Request) -> str:
    chat, acting_as = request.match_info["chat"], request.query.get("as", "")
    if not _CHAT.fullmatch(chat):
        raise web.HTTPBadRequest(text="chat: 1 to 64 of A-Z, a-z, 0-9, _ and -")
    if acting_as not in AS:
        raise web.HTTPBadRequest(text="as: telegram or whatsapp")
    return f"{chat}@{acting_as}" if acting_as else chat


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise web.HTTPBadRequest(text="after: the id of a message")
    return int(text)


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        found = json.loads(await read_body(request))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise web.HTTPBadRequest(text='a JSON object such as {"text": "ciao"}')
    return found


def _inbound(row: dict[str, Any], languages: str) -> Inbound:
    hint = re.split("[,;-]", languages)[0].strip()[:8]
    match row:
        case {"text": str(text)} if clean(text) and len(text) <= _MOST_TEXT:
            start = text.removeprefix("/start ") if text.startswith("/start ") else ""
            return Inbound(start=start, hint=hint) if start else Inbound(clean(text), hint=hint)
        case {"tap": str(tap)} if 0 < len(tap.encode("utf-8", "replace")) <= 64:
            return Inbound(tap=clean(tap), hint=hint)
        case {"location": [int() | float() as lat, int() | float() as lon]} if (
            abs(lat) <= 90 and abs(lon) <= 180
        ):
            return Inbound(location=Position(float(lat), float(lon)), hint=hint)
    raise web.HTTPBadRequest(text='{"text": …} of 1 to 4096 letters, {"tap": …} or {"location": …}')
