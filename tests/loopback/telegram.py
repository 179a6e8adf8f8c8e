"""A Bot API on the loopback, as strict as the real one; for tests, benchmarks and crash scripts.

``python -m tests.loopback.telegram --port 8081`` runs it; then ``GET /messages`` shows what people
see, ``POST /push`` queues an update for getUpdates, ``POST /deliver`` posts one to the webhook.
"""

import argparse
import asyncio
import itertools
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import aiohttp
from aiohttp import web

from tests.loopback.telegram_groups import Group
from tests.loopback.telegram_methods import BotMethods, Fault, Shown, params_of, person
from tests.loopback.telegram_refusal import Params, Refusal, refuse_when

_OPERATOR = 99  # who writes in groups
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class LoopbackTelegram:
    """The server. ``messages`` is what people see, ``calls`` all calls, ``refused`` all refusals.

    A chat is known once it wrote (an update was pushed or delivered) or `add_chat` named it.
    ``limits`` turns on 30 messages a second in all and 1 a second per chat; the
    answer to a call comes ``answers_after`` seconds after it was done.
    """

    def __init__(self, token: str, *, limits: bool = False, port: int = 0) -> None:
        self.token, self.port = token, port
        self.webhook_url = self.secret = ""
        self.retry_seconds, self.most_attempts = 0.05, 12
        self.answers_after = 0.0
        self.bot = BotMethods(limits=limits)
        self.calls: list[tuple[str, Params]] = []
        self.refused: list[tuple[str, int, str]] = []
        self.faults: deque[Fault] = deque()
        self._updates: dict[int, Params] = {}
        self._allowed: list[str] = []
        self._news = asyncio.Event()
        self._poll: asyncio.Event | None = None
        self._update_ids = itertools.count(700_000_001)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The root, as in TELEGRAM_API_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[Shown]:
        """What people see, in the order in which it came; an edit is one more."""
        return self.bot.messages

    async def start(self) -> None:
        """Listen on 127.0.0.1, on a free port when none was given."""
        app = web.Application(client_max_size=50 * 1024 * 1024)
        app.add_routes(
            [
                web.get("/messages", self._show),
                web.post("/push", self._take),
                web.post("/deliver", self._take),
                web.route("*", "/bot{token}/{method}", self._api),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close all connections, hanging ones too."""
        if self._runner:
            await self._runner.cleanup()

    # people

    def add_chat(self, chat: int) -> None:
        """This person has written to the bot before."""
        self.bot.chats.add(chat)

    def said(self, chat: int, text: str = "", **more: Any) -> Params:
        """An update: a private message."""
        who = person(chat)
        message = {
            "message_id": next(self.bot.message_ids),
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private", "first_name": "Amina"},
            "from": who,
            **({"text": text} if text else {}),
            **more,
        }
        return {"update_id": next(self._update_ids), "message": message}

    def add_group(self, chat: int, *, forum: bool = True, **rights: bool) -> Group:
        """A group the bot is in; ``can_manage_topics=False`` takes that right away."""
        group = self.bot.groups[chat] = Group(forum)
        group.rights |= rights
        self.bot.chats.add(chat)
        return group

    def said_in_group(self, chat: int, thread: int, text: str = "", **more: Any) -> Params:
        """An update: a message in a topic of a group (0: the general one)."""
        update = self.said(_OPERATOR, text, **more)
        where = {"id": chat, "type": "supergroup", "title": "Sportello", "is_forum": True}
        topic = {"message_thread_id": thread, "is_topic_message": True} if thread else {}
        update["message"] = {**update["message"], "chat": where, **topic}
        return update

    def tapped(self, chat: int, data: str, message_id: int) -> Params:
        """An update: a button of a message was tapped."""
        who = person(chat)
        message = {"message_id": message_id, "date": 1, "chat": {"id": chat, "type": "private"}}
        number = next(self._update_ids)
        tap = {"id": f"tap{number}", "from": who, "message": message, "data": data}
        return {"update_id": number, "callback_query": tap}

    def push(self, update: Params) -> None:
        """Keep it for getUpdates until a higher offset was asked for."""
        self._meet(update)
        kind = next(key for key in update if key != "update_id")
        if not self._allowed or kind in self._allowed:
            self._updates[update["update_id"]] = update
            self._news.set()

    async def deliver(self, update: Params) -> int:
        """Post it to the webhook until a 2xx, and do what the answer says; how many attempts."""
        self._meet(update)
        wait, headers = self.retry_seconds, {}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        async with aiohttp.ClientSession(headers=headers) as session:
            for attempt in range(1, self.most_attempts + 1):
                try:
                    async with session.post(self.webhook_url, json=update) as response:
                        body = await response.read()
                        if 200 <= response.status < 300:
                            self._apply_answer(body)
                            return attempt
                except (aiohttp.ClientError, OSError, TimeoutError):
                    pass
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)
        raise RuntimeError("the webhook never took the update")

    def _apply_answer(self, body: bytes) -> None:
        try:
            params = json.loads(body) if body else {}
        except ValueError:
            return  # Telegram ignores what it cannot read
        if isinstance(params, dict) and (method := params.pop("method", "")):
            try:
                self._run(method, {**params, "_via": "answer"})
            except Refusal as refusal:
                self.refused.append((method, refusal.status, refusal.description))

    def _meet(self, update: Params) -> None:
        for value in update.values():
            if isinstance(value, dict):
                chat = value.get("chat") or value.get("message", {}).get("chat") or {}
                self.bot.chats.add(chat.get("id", 0))
        if "callback_query" in update:
            self.bot.taps[update["callback_query"]["id"]] = time.monotonic()

    # failures

    def fail_next(
        self, status: int, description: str = "", *, times: int = 1, method: str = "", **more: Any
    ) -> None:
        """Answer the next calls (of ``method``) with ``status``; ``more`` are its parameters."""
        words = description or {403: "Forbidden: bot was blocked by the user"}.get(status, "Oops")
        self.faults.extend(Fault(status, words, more, method.lower()) for _ in range(times))

    def hang(self, method: str = "") -> None:
        """Never answer the next call."""
        self.faults.append(Fault(hang=True, method=method.lower()))

    def drop(self, method: str = "") -> None:
        """Do what the next call says, then close the connection without an answer."""
        self.faults.append(Fault(drop=True, method=method.lower()))

    def garble(self, method: str = "") -> None:
        """Do what the next call says, then answer 200 with a page of a proxy."""
        self.faults.append(Fault(garbage=True, method=method.lower()))

    def _fault(self, method: str) -> Fault | None:
        fault = next((f for f in self.faults if f.method in ("", method)), None)
        if fault:
            self.faults.remove(fault)
        return fault

    # the interface

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(message) for message in self.messages])

    async def _take(self, request: web.Request) -> web.Response:
        update = await request.json()
        if request.path == "/push":
            self.push(update)
            return web.json_response(1)
        return web.json_response(await self.deliver(update))

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"].lower()
        if request.match_info["token"] != self.token:
            return _refused(Refusal(401, "Unauthorized"))
        params = await params_of(request)
        self.calls.append((request.match_info["method"], params))
        fault = self._fault(method)
        if fault and fault.hang:
            await asyncio.Event().wait()
        try:
            if fault and fault.status:
                raise Refusal(fault.status, fault.description, **fault.parameters)
            polls = method == "getupdates"
            result = await self._get_updates(params) if polls else self._run(method, params)
        except Refusal as refusal:
            self.refused.append((method, refusal.status, refusal.description))
            return _refused(refusal)
        if fault and fault.drop and request.transport:
            request.transport.abort()
        if fault and fault.garbage:
            return web.Response(text="<html>Bad gateway</html>", content_type="text/html")
        await asyncio.sleep(self.answers_after)
        return web.json_response({"ok": True, "result": result})

    def _run(self, method: str, params: Params) -> Any:
        own: dict[str, Callable[[Params], Any]] = {
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": lambda _: {
                "url": self.webhook_url,
                "has_custom_certificate": False,
                "pending_update_count": 0,
            },
        }
        found = own.get(method.lower()) or self.bot.by_name.get(method.lower())
        if found is None:
            raise Refusal(404, "Not Found")
        return found(params)

    def _set_webhook(self, params: Params) -> bool:
        secret = params.get("secret_token", "")
        refuse_when(secret and not _SECRET.fullmatch(secret), "secret token is invalid")
        many = not 1 <= int(params.get("max_connections", 40)) <= 100
        refuse_when(many, "max_connections is invalid")
        self.webhook_url, self.secret = params.get("url", ""), secret
        self._allowed = params.get("allowed_updates", self._allowed)
        return True

    def _delete_webhook(self, params: Params) -> bool:
        self.webhook_url = self.secret = ""
        if params.get("drop_pending_updates") in (True, "true"):
            self._updates.clear()
        return True

    async def _get_updates(self, params: Params) -> list[Params]:
        """At most 100 from the offset on; those before it are forgotten; a newer poll ends this."""
        if self.webhook_url:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        if self._poll:
            self._poll.set()
        mine = self._poll = asyncio.Event()
        self._allowed = params.get("allowed_updates", self._allowed)
        offset, seconds = int(params.get("offset", 0)), float(params.get("timeout", 0))
        self._updates = {id: u for id, u in self._updates.items() if id >= offset}
        for _ in _until(time.monotonic() + seconds):
            if mine.is_set():
                raise Refusal(409, "Conflict: terminated by other getUpdates request")
            if self._updates:
                break
            self._news.clear()
            waiting = [asyncio.create_task(event.wait()) for event in (self._news, mine)]
            await asyncio.wait(waiting, timeout=0.2, return_when="FIRST_COMPLETED")
            for task in waiting:
                task.cancel()
        self._poll = None if self._poll is mine else self._poll
        return [self._updates[id] for id in sorted(self._updates)][: int(params.get("limit", 100))]


def _until(end: float) -> Iterator[None]:
    yield
    while time.monotonic() < end:
        yield


def _refused(refusal: Refusal) -> web.Response:
    answer: Params = {"ok": False, "error_code": refusal.status, "description": refusal.description}
    if refusal.parameters:
        answer["parameters"] = refusal.parameters
    return web.json_response(answer, status=refusal.status)


async def _serve(token: str, port: int, webhook: str, secret: str, *, limits: bool) -> None:
    server = LoopbackTelegram(token, limits=limits, port=port)
    server.webhook_url, server.secret = webhook, secret
    await server.start()
    print(server.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="1:loopback")
    parser.add_argument("--webhook", default="", help="where POST /deliver posts to")
    parser.add_argument("--secret", default="")
    parser.add_argument("--limits", action="store_true", help="30 a second, 1 per chat")
    given = parser.parse_args()
    asyncio.run(_serve(given.token, given.port, given.webhook, given.secret, limits=given.limits))
