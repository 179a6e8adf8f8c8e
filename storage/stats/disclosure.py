"""Statistics that give nobody away: small numbers hidden, with whatever else would reveal them.

The attacker is thought to know everything that is published, how this works, and which of the
hidden numbers are small. docs/reasons.md says what that rules out, and what it does not.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from storage.stats.sums import Amount, Point, can_differ
from storage.stats.table import Row, Table, Value

K = 5
"""Fewer people than so many are not told."""
BASE = 5
"""What is told is a multiple of it."""
HIDDEN = "hidden"

Cell = tuple[int, int]
"""Row and column, counted from 0."""

_STEPS = (5, 10, 20, 25, 50, 100)


def protected(table: Table) -> Table:
    """The table as it may be published."""
    rows: list[Row] = []
    for _, some in groupby(_sorted(table), key=lambda row: row[: table.block]):
        rows += _published(block_of(table, tuple(some)))
    kept = [place for place, column in enumerate(table.columns) if column.kind != "base"]
    columns = tuple(replace(table.columns[place], of="") for place in kept)
    told = tuple(tuple(row[place] for place in kept) for row in rows)
    return replace(table, columns=columns, rows=told)


def rounded(count: int) -> int:
    """To the nearest multiple of `BASE`."""
    return (count + BASE // 2) // BASE * BASE


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that belong together; ``total`` is the place of the one that is the others' sum."""

    table: Table
    rows: tuple[Row, ...]
    total: int | None = None

    def value(self, cell: Cell) -> int:
        """The number there."""
        return int(self.rows[cell[0]][cell[1]] or 0)

    def cells(self) -> Iterator[Cell]:
        """All numbers that may give somebody away."""
        columns = [n for n, column in enumerate(self.table.columns) if column.kind == "people"]
        return ((row, column) for row in range(len(self.rows)) for column in columns)


def block_of(table: Table, rows: tuple[Row, ...]) -> Block:
    """These rows of the table, with their sum where it is among them."""
    return Block(table, rows, next((n for n, row in enumerate(rows) if table.is_total(row)), None))


def hidden_cells(block: Block) -> set[Cell] | None:
    """What has to be hidden; None when nothing may be told of it, but for its sum.

    The sum's row is the same in several tables: so it is told, or none of what it is the sum of is.
    """
    total = block.total
    small = {cell for cell in block.cells() if 0 < block.value(cell) < K}
    if any(row == total for row, _ in small):
        return None
    hidden = set(small)
    while found := (_exposed(block, small, hidden) or _cramped(block, small, hidden)):
        rest = [c for c in block.cells() if block.value(c) and c not in hidden and c[0] != total]
        if not rest:
            return None
        near = [cell for cell in rest if cell in found]
        hidden.add(min(near or rest, key=lambda cell: (block.value(cell), cell)))
    return hidden


def _exposed(block: Block, small: set[Cell], hidden: set[Cell]) -> set[Cell]:
    """What stands in one row or column with a small number that could be worked out."""
    amounts: dict[Hashable, Amount] = {
        cell: Amount(
            *_way(block, cell), block.value(cell), *((1, K - 1) if cell in small else (K,))
        )
        for cell in hidden
    }
    which = next((cell for cell in sorted(small) if not can_differ(cell, amounts)), None)
    if which is None:
        return set()
    return {cell for cell in block.cells() if cell[0] == which[0] or cell[1] == which[1]}


def _cramped(block: Block, small: set[Cell], hidden: set[Cell]) -> set[Cell]:
    """A sum whose hidden numbers together leave a small one less room than 1 to `K` - 1.

    What is hidden of a sum is its total without what is told: 3 and 1 would be 4 people.
    """
    for line in _lines(block, hidden):
        some = line & hidden
        most = sum(map(block.value, some)) - (len(some) - 1)
        if some & small and most < K - 1:
            return line
    return set()


def _lines(block: Block, hidden: set[Cell]) -> Iterator[set[Cell]]:
    """Numbers whose sum is told: columns, and the parts of a row."""
    table = block.table
    if block.total is not None:
        for column in sorted({column for _, column in block.cells()}):
            yield {cell for cell in block.cells() if cell[1] == column and cell[0] != block.total}
    parts = [table.names.index(name) for name in table.parts]
    for row in range(len(block.rows)) if parts else ():
        if (row, table.names.index(table.whole)) not in hidden:
            yield {(row, part) for part in parts}


def _way(block: Block, cell: Cell) -> tuple[Point, Point]:
    """From where to where a number flows, so that sums are what flows in and out of a point."""
    row, column = cell
    table, total = block.table, block.total
    name = table.names[column]
    if name != table.whole and name not in table.parts:
        if total is None:
            return ("alone", column), ("alone", column)
        ends = ("rows", column), ("sum", column)
        return ends if row != total else ends[::-1]
    line: Point = ("row", row)
    if total is None:
        return (line, ("end", row)) if name in table.parts else (("end", row), line)
    if row == total:
        return ("sums", "wholes") if name == table.whole else (("column", column), "sums")
    return ("wholes", line) if name == table.whole else (line, ("column", column))


def _published(block: Block) -> list[Row]:
    if block.total is None:
        return [row for one in block.rows for row in _alone(block.table, one)]
    hidden = hidden_cells(block)
    if hidden is not None:
        return [_told(block, place, hidden) for place in range(len(block.rows))]
    is_open = [place for place, column in enumerate(block.table.columns) if column.kind == "open"]
    everything = set(block.cells())
    offered = [
        _told(block, place, everything)
        for place, row in enumerate(block.rows)
        if place != block.total and any(row[column] for column in is_open)
    ]
    return [*offered, *_alone(block.table, block.rows[block.total])]


def _alone(table: Table, row: Row) -> list[Row]:
    """One row, as far as it can be told without any other."""
    block = Block(table, (row,))
    hidden = hidden_cells(block)
    return [] if hidden is None else [_told(block, 0, hidden)]


def _told(block: Block, place: int, hidden: set[Cell]) -> Row:
    told: list[Value] = []
    for number, column in enumerate(block.table.columns):
        value = block.rows[place][number]
        match column.kind:
            case "key" | "open" | "base":
                told.append(value)
            case "people":
                told.append(HIDDEN if (place, number) in hidden else rounded(int(value or 0)))
            case "share" | "number":
                told.append(_of_people(block, (place, number), hidden))
    return tuple(told)


def _of_people(block: Block, cell: Cell, hidden: set[Cell]) -> Value:
    """A share or a median of enough people; a share so coarse that it stands for several counts."""
    column, value = block.table.columns[cell[1]], block.rows[cell[0]][cell[1]]
    of = (cell[0], block.table.names.index(column.of))
    count = block.value(of)
    if value is None:
        return None
    if count < K or of in hidden:
        return HIDDEN
    if column.kind == "number":
        return value
    step = next(step for step in _STEPS if step * count >= 100 * BASE)
    return round(float(value) / step) * step


def _sorted(table: Table) -> list[Row]:
    """Blocks together, and not in the order of their numbers, which would tell a little of them."""
    first: dict[Row, int] = {}
    for row in table.rows:
        first.setdefault(row[: table.block], len(first))

    def place(row: Row) -> tuple[object, ...]:
        if table.in_order:
            return (first[row[: table.block]],)
        words = tuple(map(str, row[: table.keys]))
        return (words[: table.block], table.is_total(row), words)

    return sorted(table.rows, key=place)
