"""SIGTERM in the middle of everything: clean, in time, nothing half."""

import asyncio

from tests.battery.figures import Figure, Place, at_most, none
from tests.battery.world import World

_MOST_SECONDS = 10


async def run(place: Place) -> list[Figure]:
    """3 stops (20) under turns, bookings and a broadcast; each process is started again."""
    times = 3 if place.short else 20
    async with World(place, mode="polling") as world:
        world.telegram.answers_after = 0.05  # so that sends are in flight at each moment
        world.broadcast(100 * times)
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended))
        codes, longest = [], 0.0
        for _ in range(times):
            await asyncio.sleep(1)
            code, seconds = await asyncio.to_thread(world.server.stop)
            codes.append(code)
            longest = max(longest, seconds)
            await asyncio.to_thread(world.server.start)
        ended.set()
        await load
        await world.until_quiet(40 * times)  # people have not waited for replies
        return [
            none("stops that were not clean", sum(code != 0 for code in codes)),
            at_most("longest stop, s", longest, _MOST_SECONDS),
            *world.reckon(),
            world.errors(),
        ]
