"""How python-telegram-bot reaches the Bot API: aiohttp, a fifth of the cost of its own httpx.

What is raised here holds no URL, because the URL holds the token.
"""

import json
import logging
from typing import Any

import aiohttp
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from bot.network import CONNECT_SECONDS, TOTAL_SECONDS, Connections

_SERVER_ERROR, _TOO_MANY, _UNAVAILABLE = 500, 429, 503
_DEFAULT_WAIT = 5.0


class NotSentError(NetworkError):
    """No connection could be made: surely nothing was sent."""


class AnswerLostError(NetworkError):
    """The request may have left and its answer is missing or a server error: nobody knows."""


class BusyError(TelegramError):
    """Refused for now; ``seconds`` is how long Telegram asks the whole bot to wait.

    python-telegram-bot's own RetryAfter warns of a deprecation whenever it is made.
    """

    def __init__(self, status: int, seconds: float) -> None:
        super().__init__(f"{status}, wait {seconds:g} s")
        self.status, self.seconds = status, seconds


class AiohttpRequest(BaseRequest):
    """`telegram.request.BaseRequest` over `Connections`."""

    __slots__ = ("_connections", "_total_seconds")

    def __init__(
        self, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        self._total_seconds = total_seconds
        self._connections = Connections(
            NotSentError, AnswerLostError, connect_seconds, self.USER_AGENT
        )

    @property
    def read_timeout(self) -> float | None:
        """Seconds a call may take in all."""
        return self._total_seconds

    async def initialize(self) -> None:
        """Make it usable again after `shutdown`; the session is opened at the first call."""
        self._connections.reopen()

    async def shutdown(self) -> None:
        """Close all connections; a call after this raises NotSentError."""
        await self._connections.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises NotSentError, AnswerLostError or BusyError.

        ``read_timeout`` is the time for the whole call; the other timeouts are this object's.
        """
        seconds = float(read_timeout) if isinstance(read_timeout, int | float) else None
        status, _, payload = await self._connections.call(
            method, url, seconds or self._total_seconds, **_content(request_data)
        )
        return _judged(status, payload)

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As python-telegram-bot does it, but an unreadable answer is not written to the log."""
        try:
            found = json.loads(payload)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise AnswerLostError("unreadable answer")
        return found


def _content(request_data: RequestData | None) -> dict[str, Any]:
    if request_data is None:
        return {}
    if not request_data.contains_files:
        headers = {"Content-Type": "application/json"}
        return {"data": request_data.json_payload, "headers": headers}
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}


def _judged(status: int, payload: bytes) -> tuple[int, bytes]:
    """The answer, unless its status alone says what happened.

    503 means "not handled" (RFC 9110, 15.6.4). After any other 5xx the message may be there: the
    server, or what stands before it, failed after it had taken the request.
    """
    if status in (_TOO_MANY, _UNAVAILABLE):
        raise BusyError(status, _wait(payload) if status == _TOO_MANY else 0.0)
    if status >= _SERVER_ERROR:
        raise AnswerLostError(str(status))
    return status, payload


def _wait(payload: bytes) -> float:
    """``parameters.retry_after`` (Bot API, ResponseParameters), or some seconds without it."""
    try:
        seconds = json.loads(payload)["parameters"]["retry_after"]
        return max(1.0, min(float(seconds), 3600.0))
    except (ValueError, KeyError, TypeError, RecursionError):
        return _DEFAULT_WAIT


def _no_details(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def keep_quiet() -> None:
    """Stop python-telegram-bot from logging the token (its URL) and people's messages.

    It does both at DEBUG. A filter holds at whatever level somebody sets later.
    """
    for name in ("telegram.Bot", "telegram.BaseRequest"):
        logging.getLogger(name).addFilter(_no_details)
