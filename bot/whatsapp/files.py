"""A file on WhatsApp is an address of ours that works for an hour.

Twilio hands on PDF and pictures, but no JSON and no calendars, and keeps a copy of all it does.
"""

import hmac
from collections.abc import Callable
from datetime import timedelta

from aiohttp import web

from bot.channel import File
from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.documents import answer

PATH = "/whatsapp/files/"
_WORKS = timedelta(hours=1)
_MOST_LETTERS = 150


class FileLinks:
    """Signed addresses: nobody can guess one, or make one work longer."""

    def __init__(self, root: str, token: str, now: Now) -> None:
        self._root, self._now = root, now
        self._key = hmac.digest(token.encode(), b"sportello files", "sha256")

    def to(self, letter: int) -> str:
        """Where the file of outbox row ``letter`` is to be had from now on."""
        until = int((self._now() + _WORKS).timestamp())
        return f"{self._root}{PATH}{self._signed(letter, until)}"

    def letter(self, ticket: str) -> int | None:
        """The outbox row that the end of an address stands for, or None: false, or too late."""
        parts = ticket.split("-")
        if len(ticket) > _MOST_LETTERS or len(parts) != 3 or not ticket.isascii():
            return None
        if not (parts[0].isdecimal() and parts[1].isdecimal()):
            return None
        letter, until = int(parts[0]), int(parts[1])
        genuine = hmac.compare_digest(self._signed(letter, until), ticket)
        return letter if genuine and self._now().timestamp() < until else None

    def _signed(self, letter: int, until: int) -> str:
        said = f"{letter}-{until}"
        return f"{said}-{hmac.digest(self._key, said.encode(), 'sha256').hex()}"


def routes(
    links: FileLinks, database: DatabaseThread, file_of: Callable[[int], File | None]
) -> list[web.RouteDef]:
    """Where the addresses lead; 404 for what is false, too late or gone."""

    async def fetch(request: web.Request) -> web.StreamResponse:
        letter = links.letter(request.match_info["ticket"])
        return answer(await database.run(file_of, letter) if letter is not None else None)

    return [web.get(f"{PATH}{{ticket}}", fetch)]
