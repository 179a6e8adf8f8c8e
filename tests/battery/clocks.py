"""The clock jumps, is put forward and back; two schedulers tick."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlmodel import col

from storage.models import Outbox
from tests.battery.figures import Figure, Place, at_least, at_most, exactly, none
from tests.battery.jumping import write_whole
from tests.battery.world import BOOKS, World

_JUMPING = "tests.battery.jumping"
_ROWS = text("SELECT count(*) FROM outbox WHERE origin = 'reminder'")
_REMINDED = text("SELECT count(*) FROM reminder")
_APPOINTMENTS = text("SELECT count(*) FROM appointment WHERE status = 'booked'")
_SUBSCRIBES = ("ciao", "italiano", "no", "3", "sì")
_PEOPLE, _TALKING = 5, 8
_KILL_AT = 400
_CHANGES = {3: "spring", 10: "autumn"}  # at one in UTC 02:00 is 03:00, and 03:00 is 02:00 again


async def jumps(place: Place) -> list[Figure]:
    """An hour ahead, an hour back, a day ahead, while people write and a broadcast goes out."""
    async with World(place, module=_JUMPING) as world:
        world.broadcast(120)
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended, _TALKING))
        for hours in (1, 0, 24):
            await asyncio.sleep(1.5)
            _set(place, timedelta(hours=hours))
        await asyncio.sleep(1.5)
        ended.set()
        await load
        await world.until_quiet(60)
        # What is in flight when the clock jumps ahead is as old as a dead sender's. A reply that is
        # queued when it goes back is due in an hour, and the next ones, in answers, come before.
        return [*world.reckon(kills=2, out_of_order=2 * _TALKING), world.errors()]


async def two_schedulers(place: Place) -> list[Figure]:
    """Two days pass, 40 minutes a step; in the middle the one that ticks is killed."""
    roles = (("web", "worker", "sender"), ("scheduler",), ("scheduler",))
    early = _early_on_a_wednesday() - datetime.now(UTC)
    _set(place, early)
    async with World(place, module=_JUMPING, roles=roles) as world:
        for _ in range(4):
            await world.person(BOOKS, booking=True)
        appointments, taken_over = world.count(_APPOINTMENTS), 0.0
        for minutes in range(0, 48 * 60, 40):
            await _step(world, early + timedelta(minutes=minutes))
            if minutes == _KILL_AT:
                taken_over = await _kill_the_ticking_one(world)
            if world.count(_ROWS) >= 2 * appointments:
                break
        await world.until_quiet(60)
        return [
            at_least("appointments", appointments, 3),
            at_least("reminders", world.count(_ROWS), appointments),
            none("reminders written twice", world.count(_ROWS) - world.count(_REMINDED)),
            at_least("seconds until the other took over", taken_over, 0.001),
            at_most("seconds until the other took over", taken_over, 30),
            world.stuck(),
            world.errors(),
        ]


async def _kill_the_ticking_one(world: World) -> float:
    """Seconds until the other one ticks; 0 when there is no such process."""
    ticked = world.place.folder / "ticked"
    leader = int(ticked.read_text().split()[1])
    for server in world.servers:
        if server.pid == leader:
            await asyncio.to_thread(server.kill)
            began = time.monotonic()
            await world.until(lambda: not ticked.read_text().endswith(f" {leader}"), 30)
            return time.monotonic() - began
    return 0.0


def _early_on_a_wednesday() -> datetime:
    """The desk is open the day after; nothing can be booked at such short notice today."""
    today = datetime.now(UTC).replace(hour=5, minute=0)
    return today + timedelta(days=(2 - today.weekday()) % 7)


async def clock_change(place: Place) -> list[Figure]:
    """A broadcast each day at 02:30, in the nights the clocks change: once for each person."""
    async with World(place, module=_JUMPING) as world:
        for _ in range(_PEOPLE):
            await world.person(_SUBSCRIBES)
        await asyncio.to_thread(_plan, world)
        nights = coming_changes(datetime.now(UTC))
        found = [await _one_night(world, _CHANGES[night.month], night) for night in nights]
        return [*found, world.stuck(), world.errors()]


def coming_changes(now: datetime) -> list[datetime]:
    """The next two nights in which the clocks change, the sooner first, as midnights in UTC.

    The last Sundays of March and October (Directive 2000/84/EC).
    """
    ends = [datetime(now.year + n, month, 31, tzinfo=UTC) for n in range(2) for month in _CHANGES]
    sundays = [end - timedelta(days=(end.weekday() + 1) % 7) for end in ends]
    return [night for night in sundays if night > now][:2]


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
    write_whole(place.folder / "ahead", str(ahead.total_seconds()))
