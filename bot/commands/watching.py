"""How far a broadcast is, while one looks."""

from time import sleep
from typing import TYPE_CHECKING

from bot.commands import opening
from bot.commands.output import say

if TYPE_CHECKING:
    from sqlalchemy import Engine

_LOOK_SECONDS = 1.0


def queue_all() -> None:
    """Do what the assistant does by itself: queue what is being sent, page by page."""
    from bot import clock
    from bot.outreach import Outreach

    outreach = Outreach(opening.database(), opening.settings().rules)
    while outreach.expand(clock.now()):
        pass


def hold_all() -> None:
    """Put the rows of what is paused aside, and those of what goes on back."""
    from bot import clock
    from bot.outreach import Outreach

    outreach = Outreach(opening.database(), opening.settings().rules)
    while outreach.hold(clock.now()):
        pass


def watch(id: int) -> None:
    """A bar until it is over or held; Ctrl-C leaves, and the assistant goes on."""
    from rich.console import Console
    from rich.progress import Progress

    engine = opening.to_read()
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task(f"Broadcast {id}", total=None)
        while True:
            state, settled, total = _looked(engine, id)
            progress.update(bar, completed=settled, total=total or None)
            if state != "sending" or settled == total:
                break
            sleep(_LOOK_SECONDS)
    say(f"Broadcast {id}: {settled} of {total} are settled. `broadcast report {id}` says more.")


def _looked(engine: "Engine", id: int) -> tuple[str, int, int]:
    """Its state, how many messages are settled, and how many there are."""
    from bot.commands.showing import existing
    from storage.outreach.report import progress

    with engine.begin() as connection:
        state = existing(connection, id)["state"]
        counts = progress(connection, id)
    open_ = sum(counts[name] for name in ("held", "queued", "sending"))
    return state, counts.total() - open_, counts.total()
