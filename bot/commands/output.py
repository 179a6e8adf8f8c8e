"""What a command prints: plain lines, tables, JSON; and one line when it stops."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Any, NoReturn, TypeVar

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
T = TypeVar("T")
_LONG = 500
_BRIEF = 40


def say(text: str) -> None:
    """One paragraph."""
    typer.echo(text)


def stop(text: str) -> NoReturn:
    """Say why on the error stream, and end with exit code 2."""
    typer.echo(text, err=True)
    sys.exit(2)


def print_json(rows: Any) -> None:
    """One JSON document."""
    say(json.dumps(rows, ensure_ascii=False, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table that fits the terminal; cells that are too long are folded, hours are the desk's."""
    from rich.console import Console
    from rich.table import Table

    from bot.commands.opening import settings

    zone = settings().zone

    table = Table(box=None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(printable(short(_at_the_desk(cell, zone))) for cell in row))
    Console().print(table)


def _at_the_desk(cell: Any, zone: tzinfo) -> Any:
    return cell.astimezone(zone) if isinstance(cell, datetime) and cell.tzinfo else cell


def printable(text: str) -> str:
    """``text`` without anything a terminal would obey."""
    from rich.markup import escape

    from flows.folding import clean

    return escape(clean(text))


def short(value: Any) -> str:
    """A value as a cell: lists with commas, moments to the minute, nothing for None."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "hour") else str(value or "")


def changes(row: dict[str, Any]) -> str:
    """What a change of the audit log did: ``places: 1 → 7; address: Via Roma 1 → nothing``."""
    before, after = row["before"] or {}, row["after"] or {}
    if not before and "topic" in after:
        return f"new: {after['title']}"
    said = [
        f"{name}: {_brief(before.get(name))} → {_brief(after.get(name))}"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
    language = row["action"].partition("translate ")[2]
    return "; ".join([*([language] if language else []), *said])


def _brief(value: Any) -> str:
    text = short(value) or "nothing"
    return text if len(text) <= _BRIEF else f"{text[: _BRIEF - 1]}…"


def with_progress(rows: Sequence[T], doing: str) -> Iterator[T]:
    """The same rows, with a progress bar when they are many."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    quiet = len(rows) < _LONG or not console.is_terminal
    yield from track(rows, doing, console=console, disable=quiet)
