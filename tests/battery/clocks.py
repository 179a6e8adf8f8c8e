"""The clock jumps, is put forward and back; two schedulers tick."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlmodel import col

from storage.models import Outbox
from tests.battery.figures import Figure, Place, at_least, exactly, none
from tests.battery.world import World

_JUMPING = "tests.battery.jumping"
_ROWS = text("SELECT count(*) FROM outbox WHERE origin = 'reminder'")
_REMINDED = text("SELECT count(*) FROM reminder")
_APPOINTMENTS = text("SELECT count(*) FROM appointment WHERE status = 'booked'")
_SUBSCRIBES = ("ciao", "italiano", "no", "3", "sì")
_PEOPLE = 5
_DAYS = 5
_CHANGES = {
    "spring": datetime(2027, 3, 28, tzinfo=UTC),  # at one in UTC, 02:00 is 03:00
    "autumn": datetime(2027, 10, 31, tzinfo=UTC),  # at one in UTC, 03:00 is 02:00 again
}


async def jumps(place: Place) -> list[Figure]:
    """An hour ahead, an hour back, a day ahead, while people write and a broadcast goes out."""
    async with World(place, module=_JUMPING) as world:
        world.broadcast(120)
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended))
        for hours in (1, 0, 24):
            await asyncio.sleep(1.5)
            _set(place, timedelta(hours=hours))
        await asyncio.sleep(1.5)
        ended.set()
        await load
        await world.until_quiet(60)
        return [*world.reckon(), world.errors()]


async def two_schedulers(place: Place) -> list[Figure]:
    """Five days pass, twenty minutes a step: each reminder is written once, by one of the two."""
    roles = (("web", "worker", "sender"), ("scheduler",), ("scheduler",))
    async with World(place, module=_JUMPING, roles=roles) as world:
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended, people=4))
        await world.until(lambda: world.count(_APPOINTMENTS) >= 3, 60)
        ended.set()
        await load
        appointments = world.count(_APPOINTMENTS)
        for minutes in range(0, _DAYS * 24 * 60, 20):
            _set(place, timedelta(minutes=minutes))
            await asyncio.sleep(0.12)
            if world.count(_ROWS) >= 2 * appointments:
                break
        await world.until_quiet(60)
        return [
            at_least("appointments", appointments, 3),
            at_least("reminders", world.count(_ROWS), 3),
            none("reminders written twice", world.count(_ROWS) - world.count(_REMINDED)),
            world.stuck(),
            world.errors(),
        ]


async def clock_change(place: Place) -> list[Figure]:
    """A broadcast each day at 02:30, in the nights the clocks change: once for each person."""
    async with World(place, module=_JUMPING) as world:
        for _ in range(_PEOPLE):
            await world.person(_SUBSCRIBES)
        await asyncio.to_thread(_plan, world)
        found = [await _one_night(world, name, night) for name, night in _CHANGES.items()]
        return [*found, world.stuck(), world.errors()]


def _plan(world: World) -> None:
    world.server.cli("broadcast", "new", "night", "--text", "Ciao!")
    world.server.cli("broadcast", "schedule", "1", "--repeat", "30 2 * * *", "--yes")


async def _one_night(world: World, name: str, night: datetime) -> Figure:
    """From one or two to half past four on the wall, a quarter of an hour a step."""
    for minutes in range(0, 211, 15):
        await _step(world, night + timedelta(minutes=minutes) - datetime.now(UTC))
    await world.until_quiet(60)
    mailed = select(func.count()).where(
        col(Outbox.origin) == "broadcast",
        col(Outbox.created_at) > night + timedelta(minutes=5),  # before, last night's was caught up
        col(Outbox.created_at) < night + timedelta(hours=4),
    )
    return exactly(f"{name}: sent at half past two", world.count(mailed), _PEOPLE)


async def _step(world: World, ahead: timedelta) -> None:
    """Set the clock and wait until a scheduler has done all that is due then."""
    _set(world.place, ahead)
    then = datetime.now(UTC) + ahead
    ticked = world.place.folder / "ticked"
    await world.until(lambda: ticked.exists() and ticked.read_text() > then.isoformat(), 20)


def _set(place: Place, ahead: timedelta) -> None:
    """From now on the program's clock is so far ahead."""
    (place.folder / "ahead").write_text(str(ahead.total_seconds()))
