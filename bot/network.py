"""What both providers' clients share: one session each, how long they wait, which errors mean
"never left", and what an operator reads of them.
"""

from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.channel import Failed, Problem

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 20.0
_MOST_CONNECTIONS = 100

# Raised before the first byte of a request was written: surely nothing was sent.
_NEVER_LEFT = (
    aiohttp.ClientConnectorError,  # no address, refused, TLS failed
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ConnectionTimeoutError,  # while connecting or waiting for a free connection
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)

Answer = tuple[int, Mapping[str, str], bytes]


class Connections:
    """One aiohttp session to a provider, opened at the first call.

    No proxy is taken from the environment, no redirect followed, nothing retried or logged.
    ``not_sent`` is raised when surely nothing was sent, ``lost`` when nobody knows: the errors of
    this provider. Neither holds the URL, because a URL may hold a token or a number.
    """

    def __init__(
        self,
        not_sent: type[Exception],
        lost: type[Exception],
        connect_seconds: float = CONNECT_SECONDS,
        user_agent: str = "",
    ) -> None:
        self._not_sent, self._lost = not_sent, lost
        self._connect_seconds = connect_seconds
        self._headers = {"User-Agent": user_agent} if user_agent else {}
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def reopen(self) -> None:
        """Make it usable again after `close`."""
        self._closed = False

    async def close(self) -> None:
        """Close all connections; a call after this raises ``not_sent``."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(self, method: str, url: str, seconds: float, **content: Any) -> Answer:
        """Status, headers and body, after at most ``seconds``. Raises ``not_sent`` or ``lost``."""
        times = aiohttp.ClientTimeout(total=seconds, connect=self._connect_seconds)
        try:
            async with self._open().request(
                method, url, timeout=times, allow_redirects=False, **content
            ) as response:
                return response.status, response.headers, await response.read()
        except _NEVER_LEFT as error:
            failure = self._not_sent(type(error).__name__)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            failure = self._lost(type(error).__name__)
        raise failure  # outside of the handler: its context would hold the URL

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise self._not_sent("closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                trust_env=False,
            )
        return self._session


def explained(provider: str, credentials: str, failed: Failed) -> str:
    """One line for the operator: what is wrong and what to do. Holds no secret."""
    match failed.problem:
        case Problem.CREDENTIALS:
            return f"{provider} does not accept {credentials}"
        case Problem.NOT_SENT:
            return f"{provider} cannot be reached ({failed.code}): check the network"
        case Problem.BUSY:
            return f"{provider} is busy: try again later"
    return f"{provider} does not answer as it should ({failed.code})"
