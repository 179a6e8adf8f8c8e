"""One person on each channel, so that one suite can be run against all of them."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar
from urllib.request import Request, urlopen

from tests.loopback.telegram import LoopbackTelegram
from tests.loopback.twilio import LoopbackTwilio

T = TypeVar("T")
_SECONDS = 8.0


class LoopThread:
    """An event loop that runs beside the tests; the loopback servers live in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, run there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def call(self, work: Callable[[], None]) -> None:
        """Run ``work`` there."""
        self._loop.call_soon_threadsafe(work)

    def stop(self) -> None:
        """End it, and what still runs in it."""
        self.run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _cancel_all(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Person(Protocol):
    """What anybody can do on any channel; each returns what they then see."""

    name: str

    def says(self, text: str) -> "Sight": ...
    def taps(self, label: str) -> "Sight": ...
    def shares(self, lat: float, lon: float) -> "Sight": ...
    def sends_voice(self) -> "Sight": ...
    def takes_file(self) -> Any: ...


class Sight:
    """A message as a person sees it: its text, and its buttons by label."""

    def __init__(self, text: str, buttons: list[str]) -> None:
        self.text, self.buttons = text, buttons

    def number_of(self, label: str) -> str:
        """The number that stands before ``label`` in a numbered list, or an empty string."""
        found = re.search(rf"^\u200f?(\d+)\. .*{re.escape(label)}", self.text, re.MULTILINE)
        return found[1] if found else ""

    def offers(self, label: str) -> bool:
        """Whether ``label`` can be chosen, by button or by number."""
        return any(label in button for button in self.buttons) or bool(self.number_of(label))


def chooses(person: Person, seen: Sight, label: str) -> Sight:
    """Tap ``label``; where it is no button type its number, or what it says."""
    if any(label in button for button in seen.buttons):
        return person.taps(label)
    return person.says(seen.number_of(label) or re.sub(r"^\W+", "", label).lower())


def wait_for(found: Callable[[], T | None]) -> T:
    """What ``found`` returns once it is something. Raises AssertionError after some seconds."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if (value := found()) is not None:
            return value
        time.sleep(0.02)
    raise AssertionError("nothing came back")


class OnTelegram:
    """Somebody on Telegram."""

    name = "telegram"

    def __init__(self, loop: LoopThread, server: LoopbackTelegram, chat: int) -> None:
        self._loop, self._server, self._chat = loop, server, chat
        self._message_id = 0
        self._taps: dict[str, str] = {}

    def says(self, text: str) -> Sight:
        return self._push(lambda: self._server.said(self._chat, text))

    def taps(self, label: str) -> Sight:
        shown, data = next((k, v) for k, v in self._taps.items() if label in k)
        if not data:  # a reply keyboard sends its label
            return self.says(shown)
        return self._push(lambda: self._server.tapped(self._chat, data, self._message_id))

    def shares(self, lat: float, lon: float) -> Sight:
        where = {"latitude": lat, "longitude": lon}
        return self._push(lambda: self._server.said(self._chat, location=where))

    def sends_voice(self) -> Sight:
        return self._push(lambda: self._server.said(self._chat, voice={"file_id": "x"}))

    def takes_file(self) -> Any:
        document = self._mine()[-1].document
        assert document and document[0] == "my-data.json"
        return json.loads(document[1])

    def _mine(self) -> list[Any]:
        return [m for m in self._server.messages if m.chat_id == self._chat]

    def _push(self, update: Callable[[], dict[str, Any]]) -> Sight:
        before = len(self._mine())
        self._loop.call(lambda: self._server.push(update()))
        wait_for(lambda: True if len(self._mine()) > before else None)
        message = self._mine()[-1]
        markup = message.reply_markup or {}
        markup = json.loads(markup) if isinstance(markup, str) else markup
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        self._taps = {b["text"]: b.get("callback_data", "") for row in rows for b in row}
        self._message_id = message.edits or message.message_id
        return Sight(message.text, list(self._taps))


def _fetched(url: str) -> Any:
    """What a browser would save."""
    with urlopen(url, timeout=10) as answer:
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.headers["Cache-Control"] == "no-store"
        return json.loads(answer.read())


class OnWhatsApp:
    """Somebody on WhatsApp."""

    name = "whatsapp"

    def __init__(self, loop: LoopThread, server: LoopbackTwilio, address: str) -> None:
        self._loop, self._server, self._address = loop, server, address

    def says(self, text: str) -> Sight:
        return self._do(self._server.person_sends(self._address, text))

    def taps(self, label: str) -> Sight:
        shown = self._mine()[-1]
        place = next(n for n, button in enumerate(shown.buttons) if label in button[0])
        return self._do(self._server.person_taps(shown, place))

    def shares(self, lat: float, lon: float) -> Sight:
        where = {"Latitude": str(lat), "Longitude": str(lon), "MessageType": "location"}
        return self._do(self._server.person_sends(self._address, "", **where))

    def sends_voice(self) -> Sight:
        media = {"NumMedia": "1", "MediaContentType0": "audio/ogg", "MessageType": "audio"}
        return self._do(self._server.person_sends(self._address, "", **media))

    def takes_file(self) -> Any:
        link = re.search(r"^https?://\S+$", self._mine()[-1].body, re.MULTILINE)
        assert link, self._mine()[-1].body
        return _fetched(link[0])

    def _mine(self) -> list[Any]:
        return [m for m in self._server.messages if m.to == f"whatsapp:{self._address}"]

    def _do(self, work: Coroutine[Any, Any, int]) -> Sight:
        before = len(self._mine())
        assert self._loop.run(work) == 200
        wait_for(lambda: True if len(self._mine()) > before else None)
        shown = self._mine()[-1]
        return Sight(shown.body, [button[0] for button in shown.buttons])


class OnSimulator:
    """Somebody on the chat page."""

    name = "simulator"

    def __init__(self, url: str, chat: str) -> None:
        self._url = f"{url}/simulator/{chat}/messages"
        self._file: dict[str, Any] | None = None
        self._taps: dict[str, str] = {}

    def says(self, text: str) -> Sight:
        return self._post({"text": text})

    def taps(self, label: str) -> Sight:
        return self._post({"tap": next(v for k, v in self._taps.items() if label in k)})

    def shares(self, lat: float, lon: float) -> Sight:
        return self._post({"location": [lat, lon]})

    def sends_voice(self) -> Sight:
        return self._post({"text": "🎤"})

    def takes_file(self) -> Any:
        assert self._file and self._file["name"] == "my-data.json"
        return _fetched(self._url.replace("/messages", f"/files/{self._file['letter']}"))

    def _post(self, body: dict[str, Any]) -> Sight:
        with urlopen(Request(self._url, json.dumps(body).encode()), timeout=10) as answer:
            sent = json.loads(answer.read())["id"]

        def said() -> dict[str, Any] | None:
            with urlopen(f"{self._url}?after={sent}", timeout=10) as answer:
                messages = json.loads(answer.read())["messages"]
            return next((m for m in messages if m["from"] == "bot"), None)

        message = wait_for(said)
        self._taps = {option["label"]: option["tap"] for option in message["options"]}
        self._file = message.get("file")
        return Sight(message["text"], list(self._taps))
