"""Signs of life in the background: the spinner of a tap, "typing …" when a turn takes long."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from bot.channel import Received
from bot.telegram.channel import TelegramChannel

_MOST_AT_ONCE = 32  # leaves connections free for letters
_LONG_SECONDS = 1.0
T = TypeVar("T")


class SignsOfLife:
    """Starts signs of life and keeps hold of them; under a storm the rest goes without."""

    def __init__(self, channel: TelegramChannel) -> None:
        self._channel = channel
        self._flying: set[asyncio.Task[None]] = set()

    def soon(self, received: Received) -> None:
        """Acknowledge the tap of ``received``, if it is one, without waiting."""
        if received.tap_id:
            self._start(self._channel.acknowledge(received))

    async def typing_while(self, received: Received, work: Awaitable[T]) -> T:
        """The result of ``work``; after a second of it the person sees "typing …"."""
        loop = asyncio.get_running_loop()
        if received.operator:
            return await work
        timer = loop.call_later(_LONG_SECONDS, self._type, received.address)
        try:
            return await work
        finally:
            timer.cancel()

    def _type(self, address: str) -> None:
        self._start(self._channel.typing(address))

    def _start(self, sign: Coroutine[Any, Any, None]) -> None:
        if len(self._flying) >= _MOST_AT_ONCE:
            self._channel.counts["unacknowledged"] += 1
            sign.close()
            return
        task = asyncio.create_task(sign)
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)
