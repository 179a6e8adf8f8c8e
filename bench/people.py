"""People and Telegram in one: posts updates, sees the replies, in the answer or by the Bot API."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from bench.script import update


@dataclass
class Line:
    """One kept-alive connection to the webhook."""

    port: int
    secret: str
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def post(self, body: bytes) -> bytes:
        """The body of the answer. Raises RuntimeError when it is not 200."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self.reader is not None
        self.writer.write(
            b"POST /telegram/webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"X-Telegram-Bot-Api-Secret-Token: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (self.secret.encode(), len(body), body)
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode())
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return await self.reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        if self.writer:
            self.writer.close()


@dataclass
class BotApi:
    """A Bot API on a loopback port that says yes to everything, and who is waiting for what.

    ``keyboards`` holds the JSON of each chat's newest message.
    """

    waiting: dict[str, "asyncio.Future[None]"] = field(default_factory=dict)
    keyboards: dict[str, bytes] = field(default_factory=dict)
    messages: int = 0

    async def start(self) -> int:
        """The port it listens on."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def seen(self, chat: str, body: bytes) -> None:
        """A message for ``chat`` has come."""
        self.messages += 1
        self.keyboards[chat] = body
        future = self.waiting.pop(chat, None)
        if future and not future.done():
            future.set_result(None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await _body(reader, head)
                path = head.split(b" ", 2)[1].decode()
                answer = self._answer(path.rpartition("/")[2], body)
                text = json.dumps({"ok": True, "result": answer}).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(text), text)
                )
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, method: str, body: bytes) -> object:
        if method.lower() == "getme":
            return {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
        if method not in ("sendMessage", "editMessageText"):
            return True
        chat = _field(body, "chat_id")
        self.seen(chat, body)
        return {
            "message_id": self.messages,
            "date": 1_795_000_000,
            "chat": {"id": int(chat), "type": "private"},
            "text": "x",
        }


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.split(b":")[1]))
        if line.startswith(b"transfer-encoding:"):
            return await _chunks(reader)
    return b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = b""
    while size := int((await reader.readline()).strip(), 16):
        found += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return found


def _field(body: bytes, name: str) -> str:
    """A parameter of a Bot API call: JSON, form or multipart."""
    if body.startswith(b"{"):
        return str(json.loads(body)[name])
    if b'name="%b"' % name.encode() in body:
        after = body.split(b'name="%b"' % name.encode(), 1)[1]
        return after.split(b"\r\n\r\n", 1)[1].split(b"\r\n", 1)[0].decode()
    return parse_qs(body.decode())[name][0]


@dataclass
class Result:
    """What a run measured; ``waits`` are the round trips in seconds, sorted."""

    turns: int
    seconds: float
    waits: list[float]

    def quantile(self, q: float) -> float:
        """In milliseconds."""
        return self.waits[min(len(self.waits) - 1, int(q * len(self.waits)))] * 1000


def answer(said: str, shown: bytes) -> str:
    """``[key]`` as the tap on the button with that key in the newest message; other words as is."""
    if not said.startswith("["):
        return said
    end = f":{said[1:-1]}"
    markup = json.loads(shown)["reply_markup"]
    rows = (json.loads(markup) if isinstance(markup, str) else markup)["inline_keyboard"]
    taps = [str(button["callback_data"]) for row in rows for button in row]
    return "tap:" + next(tap for tap in taps if tap.endswith(end))


async def talk(
    api: BotApi,
    port: int,
    secret: str,
    script: Sequence[str],
    people: int,
    rounds: int,
    first: int,
) -> Result:
    """``people`` at once go through ``script`` ``rounds`` times, each time as somebody new."""
    waits: list[float] = []
    numbers = iter(range(first * 1000, 10**12))

    async def person(place: int) -> None:
        line = Line(port, secret)
        for turn in range(rounds):
            chat = first + place + turn * people
            for said in script:
                text = answer(said, api.keyboards.get(str(chat), b""))
                body = json.dumps(update(next(numbers), chat, text)).encode()
                seen = asyncio.get_running_loop().create_future()
                api.waiting[str(chat)] = seen
                began = time.perf_counter()
                if b'"sendMessage"' in (reply := await line.post(body)):
                    api.seen(str(chat), reply)
                async with asyncio.timeout(30):
                    await seen
                waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(person(place) for place in range(people)))
    return Result(len(waits), time.perf_counter() - began, sorted(waits))
