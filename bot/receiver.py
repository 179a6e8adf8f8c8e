"""Makes deliveries durable, many people's in one commit, and takes their turns where it may."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from bot.channel import DROPPED, FitsHere, Letter, Received, fits_nowhere
from bot.database_thread import DatabaseThread
from bot.meter import UNMEASURED, Meter
from bot.worker import Delivery, Worker

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 64


def unhurried(received: Received) -> Received:
    """As it came: nobody is too fast."""
    return received


@dataclass(slots=True)
class _Pending:
    delivery: Delivery
    result: "asyncio.Future[Letter | None]" = field(default_factory=asyncio.Future)


class Receiver:
    """Group commit: what arrives while one transaction runs goes into the next."""

    def __init__(
        self,
        worker: Worker,
        database: DatabaseThread,
        committed: Callable[[], None],
        judged: Callable[[Received], Received] = unhurried,
        meter: Meter = UNMEASURED,
    ) -> None:
        self._meter = meter
        self._worker, self._database, self._committed = worker, database, committed
        self._judged = judged
        self._waiting: deque[_Pending] = deque()
        self._running: asyncio.Task[None] | None = None

    async def receive(
        self, received: Received, *, fits_here: FitsHere = fits_nowhere
    ) -> Letter | None:
        """Returns once the delivery is durable; see `bot.channel.Receive`.

        Raises what the database raised when it could not be stored.
        """
        pending = _Pending(Delivery(self._judged(received), fits_here))
        began = perf_counter()
        self._waiting.append(pending)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._drain())
        letter = await pending.result
        self._meter.delivered(received.channel, perf_counter() - began)
        return letter

    async def _drain(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            results = await self._take([pending.delivery for pending in batch])
            for pending, result in zip(batch, results, strict=True):
                if pending.result.done():
                    continue
                if isinstance(result, Exception):
                    pending.result.set_exception(result)
                else:
                    pending.result.set_result(result)
            self._committed()

    async def _take(self, deliveries: list[Delivery]) -> list[Letter | Exception | None]:
        try:
            return await self._database.run(self._worker.take, deliveries)
        except Exception as error:
            return [error] * len(deliveries)

    def _next_batch(self) -> list[_Pending]:
        """At most one turn of an address, so that answers leave in order."""
        batch: list[_Pending] = []
        later: list[_Pending] = []
        seen: set[tuple[str, str]] = set()
        while self._waiting and len(batch) < _MOST_AT_ONCE:
            pending = self._waiting.popleft()
            received = pending.delivery.received
            key = (received.channel, received.address)
            if received.haste == DROPPED:
                batch.append(pending)
                continue
            (later if key in seen else batch).append(pending)
            seen.add(key)
        self._waiting.extendleft(reversed(later))
        return batch
