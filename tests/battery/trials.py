"""The trials, by name."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.battery import (
    clocks,
    database_trouble,
    hostility,
    kills,
    provider_trouble,
    stopping,
    upgrades,
)
from tests.battery.figures import Figure, Place

_BOTH = ("sqlite", "postgresql")
_SERVER = ("postgresql",)


@dataclass(frozen=True, slots=True)
class Trial:
    """One kind of fault: what it is, how it is tried, on which databases it means something."""

    title: str
    run: Callable[[Place], Coroutine[Any, Any, list[Figure]]]
    databases: tuple[str, ...] = _BOTH


TRIALS = {
    "kills": Trial("kill -9 under turns, bookings and a broadcast", kills.run),
    "restarted": Trial("the database crashes and recovers", database_trouble.restarted, _SERVER),
    "locked": Trial("the database is locked for seconds", database_trouble.locked),
    "slow": Trial("the database is slow", database_trouble.slow),
    "full": Trial("the disk is full for seconds", database_trouble.full),
    "provider": Trial("Telegram answers 429, 403, 500, nonsense, nothing", provider_trouble.run),
    "jumps": Trial("the clock jumps by an hour and a day", clocks.jumps),
    "schedulers": Trial("two schedulers, days in seconds", clocks.two_schedulers),
    "nights": Trial("the nights in which the clocks change", clocks.clock_change),
    "poison": Trial("messages that break every turn they are in", hostility.poison),
    "slow_clients": Trial("connections that never end", hostility.slow_clients),
    "repeated": Trial("deliveries three times, some out of order", hostility.repeated),
    "statuses": Trial("statuses twice and out of order", hostility.statuses),
    "sigterm": Trial("SIGTERM under turns, bookings and a broadcast", stopping.run),
    "upgrade": Trial("an upgrade with people in mid-conversation", upgrades.run),
}
