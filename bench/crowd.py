"""People who write to any number of webhooks over one loopback Telegram, and wait for the reply."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, cycle

from bench.__main__ import SECRET
from bench.people import BotApi, Line
from bench.script import ANSWERS, update

SLOWEST = 60  # seconds; whoever waits longer for a reply ends the measurement
LANES = 50


@dataclass
class Heard:
    """Seconds of each turn: from the update to the reply, and from its 200 to the reply."""

    waits: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Turns per second."""
        return len(self.waits) / self.seconds


class Crowd:
    """People on one loopback Telegram, spread over the webhooks; each talk is with somebody new."""

    def __init__(self, api: BotApi, ports: Sequence[int]) -> None:
        self._api, self._ports = api, cycle(ports)
        self._chats, self._numbers = count(1_000_000), count(1)

    async def talk(self, people: int, seconds: float, pause: float = 0.0) -> Heard:
        """So many go through the intake again and again, for ``seconds``; late replies count."""
        heard, began = Heard(), time.perf_counter()
        people_talk = (self._person(heard, began + seconds, pause) for _ in range(people))
        await asyncio.gather(*people_talk)
        heard.seconds = time.perf_counter() - began
        return heard

    async def write(self, people: int) -> None:
        """So many new people say one word each, and wait for nothing."""
        words = [self._said(next(self._chats), "ciao") for _ in range(people)]

        async def lane(mine: Sequence[bytes]) -> None:
            line = Line(next(self._ports), SECRET)
            for body in mine:
                await line.post(body)
            line.close()

        await asyncio.gather(*(lane(words[place::LANES]) for place in range(LANES)))

    async def _person(self, heard: Heard, end: float, pause: float) -> None:
        line = Line(next(self._ports), SECRET)
        while time.perf_counter() < end:
            chat = next(self._chats)
            for said in ANSWERS:
                if time.perf_counter() < end:
                    await self._turn(line, heard, chat, said)
                    await asyncio.sleep(pause)
        line.close()

    async def _turn(self, line: Line, heard: Heard, chat: int, said: str) -> None:
        seen = asyncio.get_running_loop().create_future()
        self._api.waiting[str(chat)] = seen
        began = time.perf_counter()
        if b'"sendMessage"' in (reply := await line.post(self._said(chat, said))):
            self._api.seen(str(chat), reply)
        stored = time.perf_counter()
        async with asyncio.timeout(SLOWEST):
            await seen
        heard.waits.append(time.perf_counter() - began)
        heard.stored.append(time.perf_counter() - stored)

    def _said(self, chat: int, words: str) -> bytes:
        return json.dumps(update(next(self._numbers), chat, words)).encode()
