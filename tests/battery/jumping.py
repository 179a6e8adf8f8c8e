"""The program with a clock that is ahead by the seconds in the file ``ahead``; ticks are brisk.

What counts seconds by itself (leases of threads, timeouts) is not moved, as on a real machine.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from bot import runtime, scheduler
from bot.settings import Settings
from tests.brisk import main

_AHEAD = Path("ahead")
_TICKED = Path("ticked")
_make_parts, _tick = runtime.make_parts, scheduler.Scheduler.tick


def now() -> datetime:
    """This moment, and what the file adds."""
    try:
        ahead = float(_AHEAD.read_text() or 0)
    except FileNotFoundError:
        ahead = 0.0
    return datetime.now(UTC) + timedelta(seconds=ahead)


def make_parts(settings: Settings) -> runtime.Parts:
    """As the program makes them, but for the clock."""
    parts = _make_parts(settings)
    parts.now = now
    return parts


async def tick(self: scheduler.Scheduler) -> None:
    """As the scheduler's own; the file ``ticked`` says which moment was dealt with, and by whom."""
    began = now()
    await _tick(self)
    write_whole(_TICKED, f"{began.isoformat()} {os.getpid()}")


def write_whole(path: Path, text: str) -> None:
    """Nobody ever reads half of it, or nothing."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(path)


if __name__ == "__main__":
    from bot import __main__ as program

    with (
        patch.object(program, "make_parts", make_parts),
        patch.object(scheduler, "_TICK_SECONDS", 0.5),
        patch.object(scheduler, "_BEAT_SECONDS", 0.25),
        patch.object(scheduler.Scheduler, "tick", tick),
    ):
        sys.exit(main())
