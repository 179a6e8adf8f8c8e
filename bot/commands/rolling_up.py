"""Before statistics are counted: new events are taken up, with progress when they are many."""

from typing import TYPE_CHECKING

from bot.commands import opening

if TYPE_CHECKING:
    from rich.progress import Progress
    from sqlalchemy import Engine

_MANY = 100_000


def rolled_up() -> "Engine":
    """The database, with all events taken up that may be; the assistant goes on in between."""
    from rich.console import Console
    from rich.progress import Progress

    from storage.stats import rollups

    engine = opening.database()
    with engine.begin() as connection:
        start, end = rollups.held(connection).number, rollups.newest(connection)
    console = Console(stderr=True)
    quiet = not console.is_terminal or end - start < _MANY
    with Progress(console=console, disable=quiet, transient=True) as progress:
        _take_up(engine, progress, start, end)
    return engine


def _take_up(engine: "Engine", progress: "Progress", start: int, end: int) -> None:
    from storage.stats import rollups

    bar = progress.add_task("Taking up events", total=end - start)
    now, zone, more = opening.by().now, opening.settings().zone, True
    while more:
        with engine.begin() as connection:
            reached = rollups.fold(connection, zone, now)
        more = bool(reached)
        progress.update(bar, completed=reached - start)
