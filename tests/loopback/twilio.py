"""Twilio's WhatsApp on the loopback, as strict as the real one; for tests, bench, crash scripts.

``python -m tests.loopback.twilio --port 8082`` runs it; then ``GET /messages`` shows what people
see and ``POST /deliver`` (JSON: address, body, form fields) posts a signed webhook.
"""

import argparse
import asyncio
import itertools
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from tests.loopback.pace import Pace
from tests.loopback.twilio_contents import Shelf
from tests.loopback.twilio_posts import SignedPosts
from tests.loopback.twilio_rules import (
    Fault,
    Params,
    Refusal,
    Shown,
    UndeliverableError,
    check_request,
    fill,
    read_variables,
    refuse_when,
)

SENDER = "whatsapp:+390141000011"
_WINDOW = 24 * 3600


class LoopbackTwilio:
    """``messages`` is what people see, ``calls`` all sends, ``refused`` the codes.

    ``webhook_url`` is what the sender is set to, ``posts`` how it is called; ``heard`` is when
    each address last wrote, ``stopped`` who opted out, ``now`` the clock; ``shelf`` keeps the
    templates, and what Meta says of them; ``pace`` is its rate, ``calls_back`` whether statuses
    are told.
    """

    def __init__(self, account_sid: str, auth_token: str, *, port: int = 0) -> None:
        self.account_sid, self.auth_token, self.port = account_sid, auth_token, port
        self.sender, self.webhook_url = SENDER, ""
        self.posts = SignedPosts(auth_token)
        self.shelf, self.pace = Shelf(), Pace(0)
        self.calls_back = True
        self.now: Callable[[], float] = time.time
        self.messages: list[Shown] = []
        self.calls: list[Params] = []
        self.refused: list[int] = []
        self.heard: dict[str, float] = {}
        self.stopped: set[str] = set()
        self.faults: deque[Fault] = deque()
        self._records: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._calling: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None

    @property
    def contents(self) -> dict[str, dict[str, Any]]:
        """The Content templates of the account, by sid."""
        return self.shelf.contents

    @property
    def url(self) -> str:
        """The root, as in TWILIO_API_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on 127.0.0.1, on a free port when none was given."""
        account = "/2010-04-01/Accounts/{sid}"
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/messages", self._show),
                web.post("/deliver", self._deliver),
                web.get(f"{account}.json", self._account),
                web.post(f"{account}/Messages.json", self._create),
                web.get(f"{account}/Messages.json", self._list),
                *self.shelf.routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close all connections, hanging ones too; callbacks that are under way are given up."""
        for task in self._calling:
            task.cancel()
        await asyncio.gather(*self._calling, return_exceptions=True)
        if self._runner:
            await self._runner.cleanup()

    async def settle(self) -> None:
        """Wait until all status callbacks were answered or given up."""
        async with asyncio.timeout(10):
            await asyncio.gather(*self._calling, return_exceptions=True)

    # people

    async def person_sends(self, address: str, body: str = "", **form: str) -> int:
        """Somebody writes: the status our webhook answered at last, 0 when it could not be reached.

        ``form`` replaces and adds fields. Inside of the window from then on.
        """
        sid, sender = f"SM{next(self._numbers):032x}", f"whatsapp:{address}"
        fields = {
            "MessageSid": sid,
            "From": sender,
            "To": self.sender,
            "Body": body,
            "NumMedia": "0",
            "MessageType": "text",
            "ProfileName": "Amina",
            **({"WaId": address[1:]} if address.startswith("+") else {}),
            **form,
        }
        self.heard[address] = self.now()
        self._keep(fields["MessageSid"], sender, self.sender, "inbound", fields["Body"])
        return await self.posts.post(self.webhook_url, fields)

    async def person_taps(self, shown: Shown, place: int) -> int:
        """Somebody taps a button of a message, the first one is 0."""
        label, id, _ = shown.buttons[place]
        address = shown.to.removeprefix("whatsapp:")
        if shown.opens:
            return await self.person_sends(
                address, label, MessageType="interactive", ListId=id, ListTitle=label
            )
        return await self.person_sends(
            address, label, MessageType="button", ButtonPayload=id, ButtonText=label
        )

    # failures

    def fail_next(self, status: int, code: int = 20500, **headers: str) -> None:
        """Answer the next call with ``status``; ``Retry_After="7"`` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(status, code, named))

    def hang(self) -> None:
        """Never answer the next call, and do nothing."""
        self.faults.append(Fault(hang=True))

    def drop(self) -> None:
        """Do what the next call says, then close the connection without an answer."""
        self.faults.append(Fault(drop=True))

    # the interface

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Credentials, faults, and refusals as Twilio writes them."""
        if request.path in ("/messages", "/deliver"):
            return await handler(request)  # type: ignore[no-any-return]
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.hang:
            await asyncio.Event().wait()
        try:
            refuse_when(fault.status, fault.code, "Oops", fault.status)
            own = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
            given = request.headers.get("Authorization")
            refuse_when(given != f"Basic {own}", 20003, "Authenticate", 401)
            account = request.match_info.get("sid", self.account_sid)
            refuse_when(account != self.account_sid, 20404, "Not found", 404)
            response: web.StreamResponse = await handler(request)
        except Refusal as no:
            self.refused.append(no.code)
            answer = {"code": no.code, "message": no.words, "status": no.status}
            return web.json_response(answer, status=no.status, headers=fault.headers)
        if fault.drop and request.transport:
            request.transport.abort()
        return response

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(message) for message in self.messages])

    async def _deliver(self, request: web.Request) -> web.Response:
        return web.json_response(await self.person_sends(**await request.json()))

    async def _account(self, _: web.Request) -> web.Response:
        return web.json_response({"sid": self.account_sid, "status": "active"})

    async def _create(self, request: web.Request) -> web.Response:
        params = {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append(params)
        check_request(params, self.sender, self.contents)
        address = params["To"].removeprefix("whatsapp:")
        refuse_when(not self.pace.takes(address), 20429, "Too Many Requests", 429)
        refuse_when(address in self.stopped, 21610, "Attempt to send to unsubscribed recipient")
        shown = Shown(
            f"SM{next(self._numbers):032x}",
            params["To"],
            params.get("Body", ""),
            content_sid=params.get("ContentSid", ""),
            callback=params.get("StatusCallback", ""),
            at=self.now(),
        )
        failure = self._failure(address, params, shown)
        record = self._keep(shown.sid, self.sender, shown.to, "outbound-api", shown.body)
        if not failure:
            self.messages.append(shown)
        if shown.callback and self.calls_back:
            task = asyncio.create_task(self._tell(shown, failure))
            self._calling.add(task)
            task.add_done_callback(self._calling.discard)
        return web.json_response(record, status=201)

    def _failure(self, address: str, params: Params, shown: Shown) -> int:
        """The code that is told later: outside of the window, or not WhatsApp's idea of buttons."""
        outside = self.now() - self.heard.get(address, float("-inf")) >= _WINDOW
        approval = self.shelf.approvals.get(shown.content_sid, {})
        if outside and approval.get("status") != "approved":
            return 63016
        try:
            if shown.content_sid:
                values = read_variables(params.get("ContentVariables", "{}"))
                fill(self.contents[shown.content_sid], values, shown)
        except UndeliverableError as error:
            return error.code
        return 0

    async def _tell(self, shown: Shown, failure: int) -> None:
        for status in ("failed",) if failure else ("queued", "sent", "delivered"):
            form = {
                "MessageSid": shown.sid,
                "MessageStatus": status,
                "To": shown.to,
                "From": self.sender,
                **({"ErrorCode": str(failure)} if failure else {}),
            }
            await self.posts.post(shown.callback, form)

    def _keep(self, sid: str, sender: str, to: str, way: str, body: str) -> dict[str, Any]:
        at = datetime.fromtimestamp(self.now(), UTC)
        record = {
            "sid": sid,
            "account_sid": self.account_sid,
            "from": sender,
            "to": to,
            "direction": way,
            "body": body,
            "num_media": "0",
            "status": "queued",
            "date_sent": format_datetime(at),
        }
        self._records.append({**record, "at": at.strftime("%Y-%m-%dT%H:%M:%SZ")})
        return record

    async def _list(self, request: web.Request) -> web.Response:
        """Newest first."""
        query = request.query
        found = [
            {name: value for name, value in record.items() if name != "at"}
            for record in reversed(self._records)
            if query.get("To", record["to"]) == record["to"]
            and query.get("From", record["from"]) == record["from"]
            and record["at"] >= query.get("DateSent>", "")
        ]
        page, following = self.shelf.page(request, found)
        return web.json_response({"messages": page, "next_page_uri": following, "page": 0})


async def _serve(given: argparse.Namespace) -> None:
    server = LoopbackTwilio(given.sid, given.token, port=given.port)
    server.webhook_url = given.webhook
    server.posts.public, server.posts.actual = given.public, given.actual
    await server.start()
    print(server.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--sid", default=f"AC{0:032x}")
    parser.add_argument("--token", default="loopback-token")
    parser.add_argument("--webhook", default="", help="the sender's webhook, as PUBLIC_URL has it")
    parser.add_argument("--public", default="", help="what begins signed addresses")
    parser.add_argument("--actual", default="", help="where they are really posted to")
    asyncio.run(_serve(parser.parse_args()))
