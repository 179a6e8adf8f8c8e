"""Database work off the event loop: in one queue on SQLite, side by side on PostgreSQL."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from threading import Barrier
from typing import TypeVar

import pytest

from bot.database_thread import DatabaseThread
from storage.database import is_sqlite, open_database

T = TypeVar("T")


def on(database: str, work: Callable[[DatabaseThread], Awaitable[T]]) -> T:
    """What ``work`` gives with the threads for this database; nothing connects to it."""

    async def go() -> T:
        threads = DatabaseThread(open_database(database))
        try:
            async with asyncio.timeout(20):
                return await work(threads)
        finally:
            threads.close()

    return asyncio.run(go())


@pytest.fixture(params=["sqlite:///:memory:", "postgresql://127.0.0.1/none"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_item_is_in_one_share(url: str) -> None:
    found = on(url, lambda threads: threads.share(list, range(50)))
    assert sorted(item for share in found for item in share) == list(range(50))
    assert (len(found) == 1) == is_sqlite(open_database(url))
    assert on(url, lambda threads: threads.share(list, [])) == []


def test_shares_are_worked_on_at_once_and_a_thread_stays_free() -> None:
    """As many shares as there are lanes wait for each other, and for what comes beside them."""
    far = "postgresql://127.0.0.1/none"
    lanes = len(on(far, lambda threads: threads.share(list, range(50))))
    barrier = Barrier(lanes + 1, timeout=10)

    async def go(threads: DatabaseThread) -> list[int]:
        shares = asyncio.create_task(threads.share(lambda _: barrier.wait(), range(50)))
        await asyncio.sleep(0)
        return [await threads.run(barrier.wait), *await shares]

    assert sorted(on(far, go)) == list(range(lanes + 1))


def test_what_a_share_raised_is_raised_when_all_have_ended(url: str) -> None:
    done: list[int] = []

    def work(share: Sequence[int]) -> None:
        if 0 in share:
            raise ValueError("zero")
        done.extend(share)

    with pytest.raises(ValueError, match="zero"):
        on(url, lambda threads: threads.share(work, range(7)))
    lanes = len(on(url, lambda threads: threads.share(list, range(50))))
    assert sorted(done) == [item for item in range(7) if item % lanes]


def test_when_all_shares_fail_nothing_is_left_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """An exception that nobody takes is logged by asyncio, with whatever the driver says in it."""

    def work(_: Sequence[int]) -> None:
        raise ValueError("host=secret")

    with pytest.raises(ValueError, match="secret"):
        on("postgresql://127.0.0.1/none", lambda threads: threads.share(work, range(7)))
    gc.collect()
    assert caplog.messages == []
