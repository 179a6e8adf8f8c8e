"""How twilio reaches its API: aiohttp, one timeout for all, and errors that hold no URL.

twilio's own AsyncTwilioHttpClient logs URLs with telephone numbers, ignores its timeout, posts
JSON as a form (the Content API refuses that) and keeps the last request; nothing of it is left.
"""

import base64
import json
import logging
from typing import Any
from urllib.parse import urlencode, urlsplit

from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

from bot.network import CONNECT_SECONDS, TOTAL_SECONDS, Connections

API = "https://api.twilio.com"

_SERVER_ERROR, _TOO_MANY = 500, 429
_MOST_WAIT = 3600.0


class NotSentError(Exception):
    """No connection could be made: surely nothing was sent."""


class AnswerLostError(Exception):
    """The request may have left and its answer is missing or a server error: nobody knows."""


class BusyError(Exception):
    """Refused for now: Twilio's ``code``, and ``seconds`` to wait when it says so, else 0."""

    def __init__(self, code: str, seconds: float) -> None:
        super().__init__(f"{code}, wait {seconds:g} s")
        self.code, self.seconds = code, seconds


class TwilioRequests(AsyncHttpClient):  # type: ignore[misc]
    """`twilio.http.AsyncHttpClient` over `Connections`.

    With another ``api`` than Twilio's all of its hosts (api, content) are reached there.
    """

    def __init__(
        self,
        api: str = API,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._elsewhere = "" if api.rstrip("/") == API else api.rstrip("/")
        self._total_seconds = total_seconds
        self._connections = Connections(NotSentError, AnswerLostError, connect_seconds)

    def __repr__(self) -> str:
        return "TwilioRequests()"

    async def close(self) -> None:
        """Close all connections; a call after this raises NotSentError."""
        await self._connections.close()

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # twilio's name; this object's is taken
        allow_redirects: bool = False,
    ) -> Response:
        """The answer. Raises NotSentError, AnswerLostError or BusyError."""
        status, found, payload = await self._connections.call(
            method,
            self._there(url),
            self._total_seconds,
            params={key: str(value) for key, value in (params or {}).items()},
            data=_content(data, headers or {}),
            headers={**(headers or {}), **_credentials(auth)},
        )
        return _judged(Response(status, _text(payload), dict(found)))

    def _there(self, url: str) -> str:
        if not self._elsewhere:
            return url
        parts = urlsplit(url)
        return f"{self._elsewhere}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnswerLostError(type(error).__name__) from None


def _credentials(auth: tuple[str, str] | None) -> dict[str, str]:
    """HTTP Basic (RFC 7617); aiohttp's own BasicAuth warns that it will go."""
    if auth is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(':'.join(auth).encode()).decode()}"}


def _content(data: dict[str, Any] | None, headers: dict[str, str]) -> bytes | None:
    if not data:
        return None
    if headers.get("Content-Type") == "application/json":
        return json.dumps(data).encode()
    return urlencode(data, doseq=True).encode()


def _judged(response: Response) -> Response:
    """The answer, unless its status alone says what happened."""
    if response.status_code == _TOO_MANY:
        raise BusyError(_code(response.text), _wait(response.headers))
    if response.status_code >= _SERVER_ERROR:
        raise AnswerLostError(str(response.status_code))
    return response


def _code(text: str) -> str:
    """Twilio's own number in a refusal, or the status."""
    try:
        return str(int(json.loads(text)["code"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return str(_TOO_MANY)


def _wait(headers: dict[str, str]) -> float:
    """Retry-After in seconds (RFC 9110, 10.2.3); 0 without it or when it is a date."""
    given = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
    return min(float(given), _MOST_WAIT) if given.isascii() and given.isdecimal() else 0.0
