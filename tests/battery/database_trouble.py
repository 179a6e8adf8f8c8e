"""The database restarts, is locked, is slow, is full; people go on writing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlsplit

from sqlalchemy import text

from tests.battery.figures import Figure, Place, at_least, at_most
from tests.battery.own_cluster import own_cluster
from tests.battery.relay import Relay
from tests.battery.world import World

_MAIL = 60
_WIRE_SECONDS = 0.01
_FULL_DISK = (
    "CREATE FUNCTION disk_is_full() RETURNS trigger AS"
    " 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100''; END' LANGUAGE plpgsql",
    *(
        f"CREATE TRIGGER full_{table} BEFORE INSERT OR UPDATE ON {table}"
        " EXECUTE FUNCTION disk_is_full()"
        for table in ("inbox", "outbox", "conversation")
    ),
)


async def restarted(place: Place) -> list[Figure]:
    """A PostgreSQL that crashes and recovers, 3 times (10)."""
    with own_cluster() as cluster:
        place = replace(place, database=cluster.url)

        async def crash(_: World) -> None:
            await asyncio.to_thread(cluster.crash)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(cluster.start)

        return await _troubled(place, crash, times=3 if place.short else 10)


async def locked(place: Place) -> list[Figure]:
    """Somebody else holds all that writes need for three seconds, again and again."""

    async def lock(world: World) -> None:
        with world.engine.begin() as connection:
            if place.dialect == "postgresql":
                connection.execute(text("LOCK TABLE inbox, outbox IN ACCESS EXCLUSIVE MODE"))
            await asyncio.sleep(3)

    return await _troubled(place, lock, times=2 if place.short else 6)


async def slow(place: Place) -> list[Figure]:
    """PostgreSQL over a wire of 20 ms there and back; SQLite beside somebody who writes a lot."""
    seconds = 3 if place.short else 20
    if place.dialect == "sqlite":

        async def write_beside(world: World) -> None:
            for _ in range(seconds * 4):
                with world.engine.begin():
                    await asyncio.sleep(0.15)
                await asyncio.sleep(0.1)

        return await _troubled(place, write_beside, times=1)
    parts = urlsplit(place.database)
    relay = Relay(parts.port or 5432, _WIRE_SECONDS)
    await relay.start()
    far = place.database.replace(f":{parts.port}/", f":{relay.port}/")
    try:
        return await _troubled(place, lambda _: asyncio.sleep(seconds), times=1, far=far)
    finally:
        await relay.stop()


async def full(place: Place) -> list[Figure]:
    """The disk has no room, for three seconds, again and again."""

    async def fill(world: World) -> None:
        (place.folder / "full").touch()
        if place.dialect == "postgresql":
            with world.engine.begin() as connection:
                for statement in _FULL_DISK:
                    connection.execute(text(statement))
        await asyncio.sleep(3)
        (place.folder / "full").unlink()
        if place.dialect == "postgresql":
            with world.engine.begin() as connection:
                connection.execute(text("DROP FUNCTION disk_is_full CASCADE"))

    times = 2 if place.short else 6
    return await _troubled(place, fill, times, module="tests.battery.cramped")


async def _troubled(
    place: Place,
    trouble: Callable[[World], Awaitable[None]],
    times: int,
    *,
    module: str = "tests.brisk",
    far: str = "",
) -> list[Figure]:
    async with World(place, module=module, DATABASE_URL=far or place.database) as world:
        world.broadcast(_MAIL)
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended))
        for _ in range(times):
            await asyncio.sleep(1)
            await trouble(world)
        ended.set()
        await load
        await world.until_quiet(120)
        # what is in flight when the database goes away is hidden as by a kill
        figures = world.reckon(kills=times)
        return [
            at_least("times", times, 1),
            *figures,
            at_most("slowest answer, s", max(world.waits), 30),
        ]
