"""What a command prints: plain lines, tables, JSON; and one line when it stops."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, NoReturn, TypeVar

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
T = TypeVar("T")
_LONG = 500


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
    """A table that fits the terminal; cells that are too long are folded."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(printable(short(cell)) for cell in row))
    Console().print(table)


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


def with_progress(rows: Sequence[T], doing: str) -> Iterator[T]:
    """The same rows, with a progress bar when they are many."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    quiet = len(rows) < _LONG or not console.is_terminal
    yield from track(rows, doing, console=console, disable=quiet)
