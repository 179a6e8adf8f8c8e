"""The program with its protection off: deliveries are acknowledged before they are durable.

Only for `test_crash`: it proves that the test would notice.
"""

import asyncio
import sys
from typing import Any

from bot.receiver import Receiver
from tests.brisk import main

_later: set[asyncio.Task[Any]] = set()
_durable = Receiver.receive


async def receive(self: Receiver, received: Any, *, fits_here: Any = None) -> None:
    """As a library with a queue in memory does it."""

    async def store() -> None:
        await asyncio.sleep(0.15)
        await _durable(self, received)

    task = asyncio.create_task(store())
    _later.add(task)
    task.add_done_callback(_later.discard)


if __name__ == "__main__":
    Receiver.receive = receive  # type: ignore[method-assign]
    sys.exit(main())
