"""What is worth drawing of a table: which rows, which numbers, piled up or side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.stats.disclosure import HIDDEN
from storage.stats.table import Row, Table, Value

MOST_ROWS, MOST_SERIES, MOST_BARS = 16, 6, 30  # that fit on a page
AS_THEY_STAND = ("people_by_age", "quality")
"""Tables whose rows are not put in the order of their numbers, beside those that say so."""
_APART = ("needs_by_group", "work_over_time")  # too many rows of too many kinds for one chart


@dataclass(frozen=True, slots=True)
class Bars:
    """What is drawn of a table: these columns of these rows; ``piled``: parts of one sum."""

    rows: tuple[Row, ...]
    columns: tuple[int, ...]
    piled: bool

    @property
    def most(self) -> float:
        """How long the longest bar is."""
        longest = sum if self.piled else max
        return max(longest(drawn(row[n]) or 0 for n in self.columns) for row in self.rows) or 1


def bars_of(table: Table) -> Bars | None:
    """What to draw of a table; None where nothing would be seen."""
    if table.name in _APART:
        return None
    rows = list(_rows(table))
    columns, piled = _columns(table, rows)
    shares = all(table.columns[n].kind == "share" for n in columns)
    rows = [row for row in rows if shares or any(row[n] for n in columns)]
    if not columns or not any(drawn(row[n]) is not None for row in rows for n in columns):
        return None
    if not table.in_order and not shares and table.name not in AS_THEY_STAND:
        leads = columns if piled else columns[:1]
        rows.sort(key=lambda row: -sum(weight(row[n]) for n in leads))
    most = MOST_ROWS if piled else min(MOST_ROWS, MOST_BARS // len(columns))
    return Bars(tuple(rows[:most]), columns, piled)


def drawn(value: Value) -> float | None:
    """A number that can be drawn; None of what is hidden or not known."""
    return float(value) if isinstance(value, int | float) else None


def weight(value: Value) -> float:
    """Where a row belongs among others: what is hidden is more than nothing."""
    return 0.5 if value == HIDDEN else drawn(value) or 0.0


def _columns(table: Table, rows: Sequence[Row]) -> tuple[tuple[int, ...], bool]:
    """Parts of a sum, which are piled up (the sum alone where a part is hidden: a pile without it
    would look like less); or shares, or whatever else is counted, side by side; no medians.
    """
    names = table.names
    if parts := tuple(names.index(name) for name in table.parts):
        whole = any(row[n] == HIDDEN for row in rows for n in parts)
        return ((names.index(table.whole),), False) if whole else (parts, True)
    shares = tuple(n for n, column in enumerate(table.columns) if column.kind == "share")
    counted = (n for n, column in enumerate(table.columns) if column.kind in ("people", "open"))
    return (shares or tuple(counted)[:MOST_SERIES], False)


def _rows(table: Table) -> Iterator[Row]:
    """The sums of each block where there are blocks, else all rows but the sum."""
    sums = bool(table.block) and any(map(table.is_total, table.rows))
    return (row for row in table.rows if table.is_total(row) == sums)
