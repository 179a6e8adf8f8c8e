"""How Twilio posts to a webhook: signed, and again as the address says."""

import asyncio
from urllib.parse import urldefrag

import aiohttp
from twilio.request_validator import (  # type: ignore[import-untyped]
    HMAC_SHA1,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)
from yarl import URL


class SignedPosts:
    """Requests for ``public`` go to ``actual`` instead, as through a proxy, signed for ``public``.

    ``answers`` are the statuses that came back, one per try; ``algorithm`` signs.
    """

    def __init__(self, auth_token: str) -> None:
        self.auth_token, self.algorithm = auth_token, HMAC_SHA1
        self.public = self.actual = ""
        self.retry_seconds = 0.01
        self.answers: list[int] = []

    def signed(self, url: str, form: dict[str, str]) -> dict[str, str]:
        """The headers that Twilio adds."""
        validator = RequestValidator(self.auth_token)
        headers = {SIGNATURE_HEADER: validator.compute_signature(url, form, self.algorithm)}
        if self.algorithm != HMAC_SHA1:
            headers[SIGNATURE_SETTINGS_HEADER] = f"key=k1,algorithm={self.algorithm}"
        return headers

    async def post(self, url: str, form: dict[str, str]) -> int:
        """The last status, 0 for no connection.

        Again as often as the fragment says (``rc``, by default once) after a lost connection, and
        after a status only with ``rp=all`` (Twilio, webhook connection overrides).
        """
        address, fragment = urldefrag(url)
        asked = dict(part.split("=") for part in fragment.split("&") if "=" in part)
        status = 0
        for _ in range(1 + int(asked.get("rc", "1"))):
            status = await self._try(address, form)
            if 200 <= status < 300 or (status and asked.get("rp") != "all"):
                break
            await asyncio.sleep(self.retry_seconds)
        return status

    async def _try(self, url: str, form: dict[str, str]) -> int:
        there = self.actual + url.removeprefix(self.public) if self.public else url
        headers = self.signed(url, form)
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(URL(there, encoded=True), data=form, headers=headers) as response,
            ):
                self.answers.append(response.status)
                return response.status
        except (aiohttp.ClientError, OSError):
            return 0
