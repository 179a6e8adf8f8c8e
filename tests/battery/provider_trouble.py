"""Telegram refuses, fails, talks nonsense, or says nothing; people go on writing."""

import asyncio

from sqlalchemy import text

from tests.battery.figures import Figure, Place, at_least, at_most, none
from tests.battery.world import World

_FAILED = text("SELECT count(*) FROM outbox WHERE status = 'failed'")
_UNKNOWN = text("SELECT count(*) FROM outbox WHERE status = 'unknown' AND origin = 'reply'")
_HIDING = 6  # 500, 502, 503, nonsense, a cut and silence: whether it came is unknown
_SEND = "sendMessage"


async def run(place: Place) -> list[Figure]:
    """Each kind of trouble, 2 times (10); polling, so that every reply is a call."""
    times = 2 if place.short else 10
    async with World(place, mode="polling") as world:
        telegram = world.telegram
        world.broadcast(100 * times)
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended))
        for _ in range(times):
            await asyncio.sleep(1)
            telegram.fail_next(429, method=_SEND, retry_after=1)
            telegram.fail_next(403, method=_SEND)
            for status in (500, 502, 503):
                telegram.fail_next(status, method=_SEND)
            telegram.garble(_SEND)
            telegram.drop(_SEND)
            telegram.hang(_SEND)
            await world.until(lambda: not telegram.faults, 30)
        ended.set()
        await load
        await world.until_quiet(120)
        # a reply whose coming is unknown goes out once more; if that hides too, it is given up
        return [
            none("troubles that nothing met", len(telegram.faults)),
            at_least("troubles", times * 8, 8),
            *world.reckon(kills=times, but_for=("failed", "unknown")),
            at_most("replies hidden twice, given up", world.count(_UNKNOWN), times * _HIDING / 2),
            at_most("refused for good (≤ 403 said)", world.count(_FAILED), times),
        ]
