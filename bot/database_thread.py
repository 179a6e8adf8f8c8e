"""Where blocking database code runs: off the event loop, a thread per writer."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Engine

from storage.database import is_sqlite

Item = TypeVar("Item")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_THREADS = 4  # on PostgreSQL; while one waits for the network, the others work


class DatabaseThread:
    """SQLite takes one writer at a time, so all its work in this process stands in one queue."""

    def __init__(self, engine: Engine) -> None:
        threads = 1 if is_sqlite(engine) else _THREADS
        self._threads, self._lanes = ThreadPoolExecutor(threads, "database"), max(1, threads - 1)

    async def run(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """The result of ``work(*arguments)``, or what it raised."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, work, *arguments)

    async def share(self, work: Callable[[Sequence[Item]], T], items: Sequence[Item]) -> list[T]:
        """The results of ``work`` on shares of ``items``, at once; one thread stays free meanwhile.

        What a share raised is raised when all have ended.
        """
        shares = [items[lane :: self._lanes] for lane in range(min(self._lanes, len(items)))]
        lanes = (self.run(work, share) for share in shares)
        found = await asyncio.gather(*lanes, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException):
                raise one
        return [one for one in found if not isinstance(one, BaseException)]

    def close(self) -> None:
        """Finish what is under way."""
        self._threads.shutdown(wait=True)
