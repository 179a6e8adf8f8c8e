"""Twilio's Content API: templates, and what Meta says of those it was asked to approve."""

import itertools
from typing import Any

from aiohttp import web

from tests.loopback.twilio_rules import check_approval, check_content, refuse_when

_CONTENT_API = "https://content.twilio.com"


class Shelf:
    """``contents`` and ``approvals`` by sid; the routes are one account's."""

    def __init__(self) -> None:
        self.contents: dict[str, dict[str, Any]] = {}
        self.approvals: dict[str, dict[str, Any]] = {}
        self.most_per_page = 50
        self._numbers = itertools.count(1)

    def routes(self) -> list[web.RouteDef]:
        """What the API answers to."""
        return [
            web.post("/v1/Content", self._create_content),
            web.get("/v1/Content", self._list_contents),
            web.get("/v1/ContentAndApprovals", self._list_contents),
            web.post("/v1/Content/{content}/ApprovalRequests/whatsapp", self._ask_approval),
        ]

    async def _create_content(self, request: web.Request) -> web.Response:
        refuse_when(request.content_type != "application/json", 20001, "JSON, please", 415)
        sid = f"HX{next(self._numbers):032x}"
        content = self.contents[sid] = {**check_content(await request.json()), "sid": sid}
        return web.json_response(content, status=201)

    async def _ask_approval(self, request: web.Request) -> web.Response:
        """201 and ``received``; once only. Meta's word comes later: `judge`."""
        refuse_when(request.content_type != "application/json", 20001, "JSON, please", 415)
        sid = request.match_info["content"]
        refuse_when(sid not in self.contents, 20404, "Not found", 404)
        refuse_when(sid in self.approvals, 20409, "There is an approval request already", 409)
        self.approvals[sid] = check_approval(await request.json(), self.contents[sid])
        return web.json_response(self.approvals[sid], status=201)

    def judge(self, name: str, status: str, reason: str = "", category: str = "") -> None:
        """Meta has looked at the template of this friendly name."""
        sid = next(sid for sid, c in self.contents.items() if c["friendly_name"] == name)
        said = {"status": status, "rejection_reason": reason}
        self.approvals[sid] |= said | ({"category": category} if category else {})

    async def _list_contents(self, request: web.Request) -> web.Response:
        found = list(self.contents.values())
        if request.path == "/v1/ContentAndApprovals":
            found = [c | {"approval_requests": self.approvals.get(c["sid"], {})} for c in found]
        page, following = self.page(request, found)
        meta = {"key": "contents", "next_page_url": following and f"{_CONTENT_API}{following}"}
        return web.json_response({"contents": page, "meta": meta})

    def page(self, request: web.Request, found: list[Any]) -> tuple[list[Any], str | None]:
        """One page of ``found``, and where the next one is."""
        size = min(int(request.query.get("PageSize", 50)), self.most_per_page)
        start = int(request.query.get("Page", 0)) * size
        more = start + size < len(found)
        following = request.rel_url.update_query(Page=start // size + 1) if more else None
        return found[start : start + size], str(following) if following else None
