"""A table of statistics: what its columns hold, and in one sentence what they mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["key", "people", "things", "open", "share", "number"]
"""``people`` and ``things`` (of people: their appointments …) may give somebody away; ``open`` is
a count of offers or places; ``share`` (in %) and ``number`` come from the people of their row.
"""
Value = str | int | float | None
Row = tuple[Value, ...]
HIDDEN = "hidden"
ALL = "all"
UNKNOWN = "unknown"
VERSION = "1"
"""Of the definitions: goes up when a number begins to mean something else."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, and what it counts."""

    name: str
    kind: Kind
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """``parts`` are columns that add up to the column ``whole``.

    With ``total`` every person (or thing) is in exactly one row, and it is the rows' sum.
    """

    name: str
    says: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    parts: tuple[str, ...] = ()
    whole: str = ""
    total: Row | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def lines(self) -> Iterator[Row]:
        """The rows, and the total below them."""
        yield from self.rows
        if self.total is not None:
            yield self.total

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types, with the definitions."""
        return {
            "name": self.name,
            "says": self.says,
            "columns": [[column.name, column.kind, column.says] for column in self.columns],
            "rows": [list(row) for row in self.rows],
            "total": None if self.total is None else list(self.total),
            "parts": list(self.parts),
            "whole": self.whole,
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Table":
        """What `to_json` wrote."""
        total = row["total"]
        return cls(
            row["name"],
            row["says"],
            tuple(Column(*column) for column in row["columns"]),
            tuple(tuple(line) for line in row["rows"]),
            tuple(row["parts"]),
            row["whole"],
            None if total is None else tuple(total),
        )


def key(name: str, says: str) -> Column:
    """What a row is about."""
    return Column(name, "key", says)


def people(name: str, says: str) -> Column:
    """A number of different people."""
    return Column(name, "people", says)


def things(name: str, says: str) -> Column:
    """A number of things that belong to people."""
    return Column(name, "things", says)


def number(name: str, says: str) -> Column:
    """A median of the people of its row."""
    return Column(name, "number", says)


def share(name: str, says: str) -> Column:
    """How many in a hundred of the people of its row."""
    return Column(name, "share", says)


def percent(part: int, whole: int) -> int | None:
    """So many in a hundred; None of nobody."""
    return round(100 * part / whole) if whole else None
