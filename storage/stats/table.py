"""A table of statistics: what its columns hold, and in one sentence what they mean."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["key", "people", "base", "open", "share", "number"]
"""``people``: people, or things that belong to them, which may give somebody away; ``base``: the
people whom a ``share`` (in %) or a ``number`` (a median) is of, for use inside only; ``open``: a
count of offers or places.
"""
Value = str | int | float | None
Row = tuple[Value, ...]
ALL = "all"
UNKNOWN = "unknown"
VERSION = "2"
"""Of the definitions: goes up when a number begins to mean something else."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, and what it counts; ``of`` names the column whose people a share is of."""

    name: str
    kind: Kind
    says: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """``parts`` are columns that add up to the column ``whole``.

    Rows with the same first ``block`` keys belong together. Where one of them is of ``all``, each
    person is in exactly one of the others, and it is their sum. ``in_order``: the rows have an
    order of their own; else it is that of their numbers.
    """

    name: str
    says: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    parts: tuple[str, ...] = ()
    whole: str = ""
    block: int = 0
    in_order: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def keys(self) -> int:
        """How many columns say what a row is about; they come first."""
        return sum(column.kind == "key" for column in self.columns)

    def is_total(self, row: Row) -> bool:
        """Whether it is the sum of its block."""
        return row[self.keys - 1] == ALL

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types, with the definitions."""
        return {
            "name": self.name,
            "says": self.says,
            "columns": [asdict(column) for column in self.columns],
            "rows": [list(row) for row in self.rows],
            "parts": list(self.parts),
            "whole": self.whole,
            "block": self.block,
            "in_order": self.in_order,
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Table":
        """What `to_json` wrote."""
        columns = tuple(Column(**column) for column in row["columns"])
        rows = tuple(tuple(line) for line in row["rows"])
        return cls(**row | {"columns": columns, "rows": rows, "parts": tuple(row["parts"])})


def key(name: str, says: str) -> Column:
    """What a row is about."""
    return Column(name, "key", says)


def people(name: str, says: str) -> Column:
    """Different people, or things that belong to them."""
    return Column(name, "people", says)


def base(name: str, says: str) -> Column:
    """Different people, or their things, that a share or a median is of."""
    return Column(name, "base", says)


def number(name: str, of: str, says: str) -> Column:
    """A median."""
    return Column(name, "number", says, of)


def share(name: str, of: str, says: str) -> Column:
    """How many in a hundred."""
    return Column(name, "share", says, of)


def percent(part: int, whole: int) -> int | None:
    """So many in a hundred; None of nobody."""
    return round(100 * part / whole) if whole else None
