"""The trials, by name."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.battery import database_trouble, kills, provider_trouble
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
}
