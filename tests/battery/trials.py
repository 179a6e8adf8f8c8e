"""The trials, by name."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.battery import kills
from tests.battery.figures import Figure, Place

_BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Trial:
    """One kind of fault: what it is, how it is tried, on which databases it means something."""

    title: str
    run: Callable[[Place], Coroutine[Any, Any, list[Figure]]]
    databases: tuple[str, ...] = _BOTH


TRIALS = {
    "kills": Trial("kill -9 under turns, bookings and a broadcast", kills.run),
}
