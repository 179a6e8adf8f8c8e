"""``kill -9``, again and again, under turns, bookings and a broadcast."""

import asyncio

from tests.battery.figures import Figure, Place
from tests.battery.world import World

_PER_SECOND = 30  # so that the broadcast lasts as long as the kills do


async def run(place: Place, module: str = "tests.brisk") -> list[Figure]:
    """50 kills (4 in haste), each after a second of work."""
    kills = 4 if place.short else 50
    rate = {"TELEGRAM_MESSAGES_PER_SECOND": str(_PER_SECOND)}
    async with World(place, module=module, **rate) as world:
        world.broadcast(kills * 12)
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended))
        for _ in range(kills):
            await asyncio.sleep(1)
            await world.server.restart_killed()
        ended.set()
        await load
        await world.until_quiet(120)
        return [Figure("kill -9", kills, "", True), *world.reckon(kills)]
