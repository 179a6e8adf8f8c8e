"""Where blocking database code runs: off the event loop, a thread per writer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Engine

from storage.database import is_sqlite

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class DatabaseThread:
    """SQLite takes one writer at a time, so all its work in this process stands in one queue."""

    def __init__(self, engine: Engine) -> None:
        self._threads = ThreadPoolExecutor(1 if is_sqlite(engine) else 4, "database")

    async def run(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """The result of ``work(*arguments)``, or what it raised."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, work, *arguments)

    def close(self) -> None:
        """Finish what is under way."""
        self._threads.shutdown(wait=True)
