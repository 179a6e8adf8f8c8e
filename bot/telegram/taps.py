"""Acknowledging taps in the background, so that no answer waits for a spinner."""

import asyncio

from bot.channel import Received
from bot.telegram.channel import TelegramChannel

_MOST_AT_ONCE = 32  # leaves connections free for letters


class Acknowledger:
    """Starts acknowledgements and keeps hold of them; under a storm the rest goes without."""

    def __init__(self, channel: TelegramChannel) -> None:
        self._channel = channel
        self._flying: set[asyncio.Task[None]] = set()

    def soon(self, received: Received) -> None:
        """Acknowledge the tap of ``received``, if it is one, without waiting."""
        if not received.tap_id:
            return
        if len(self._flying) >= _MOST_AT_ONCE:
            self._channel.counts["unacknowledged"] += 1
            return
        task = asyncio.create_task(self._channel.acknowledge(received))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)
