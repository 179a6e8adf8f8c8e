"""An attacker tries to work out the hidden numbers of what is published."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.stats.disclosure import (
    BASE,
    HIDDEN,
    Block,
    Cell,
    K,
    block_of,
    hidden_cells,
    protected,
    rounded,
)
from storage.stats.table import ALL, Column, Row, Table, base, key, number, people, share

Grid = tuple[tuple[int, ...], ...]
_MOST = 40  # what the attacker thinks a number can be at most


def grid(parts: Grid) -> Table:
    """A table of people in rows and columns, with all sums; one column has no sum of its row."""
    width = len(parts[0])
    names = tuple(f"part{n}" for n in range(width)) if width > 1 else ()
    columns = [key("group", "."), *(people(name, ".") for name in names), people("whole", ".")]
    rows: list[Row] = [(f"row{n}", *_with_sum(row)) for n, row in enumerate(parts)]
    sums = [sum(column) for column in zip(*parts, strict=True)]
    rows.append((ALL, *_with_sum(sums)))
    return Table("t", "T.", tuple(columns), tuple(rows), names, "whole" if names else "")


def _with_sum(row: tuple[int, ...] | list[int]) -> tuple[int, ...]:
    return (*row, sum(row)) if len(row) > 1 else tuple(row)


def solutions(parts: Grid, block: Block, hidden: set[Cell]) -> Iterator[Grid]:
    """Every table that agrees with what is told; the attacker knows which numbers are small."""
    last, width = len(parts), len(parts[0])

    def agrees(cell: Cell, value: int) -> bool:
        true = block.value(cell)
        if cell not in hidden:
            return value == true
        return 1 <= value < K if true < K else value >= K

    def rows(place: int) -> Iterator[tuple[int, ...]]:
        ranges = []
        for column in range(width):
            cell = (place, column + 1)
            ranges.append([v for v in range(_MOST + 1) if agrees(cell, v)])
        for values in product(*ranges):
            if width == 1 or agrees((place, width + 1), sum(values)):
                yield values

    def go_on(done: Grid) -> Iterator[Grid]:
        if len(done) < last:
            for row in rows(len(done)):
                yield from go_on((*done, row))
            return
        sums = _with_sum([sum(column) for column in zip(*done, strict=True)])
        if all(agrees((last, n + 1), value) for n, value in enumerate(sums)):
            yield done

    return go_on(())


def worked_out(parts: Grid, block: Block, hidden: set[Cell]) -> set[Cell]:
    """The small numbers that have only one value in all tables that agree."""
    cells = [(r, c) for r in range(len(parts)) for c in range(len(parts[0]))]
    small = {cell for cell in cells if 0 < parts[cell[0]][cell[1]] < K}
    values: dict[Cell, set[int]] = {cell: set() for cell in small}
    for found in solutions(parts, block, hidden):
        for row, column in small:
            values[row, column].add(found[row][column])
        if all(len(some) > 1 for some in values.values()):
            break
    return {cell for cell, some in values.items() if len(some) < 2}


def attack(parts: Grid) -> None:
    """Nothing small can be worked out from the exact numbers; rounding tells still less."""
    table = grid(parts)
    block = block_of(table, table.rows)
    hidden = hidden_cells(block)
    told = protected(table)
    for row in told.rows:
        for value in row[1:]:
            assert value == HIDDEN or (int(value or 0) % BASE == 0)
    if hidden is None:
        assert len(told.rows) <= 1, "only the sum, or nothing"
        return
    assert not worked_out(parts, block, hidden), (parts, hidden)


@pytest.mark.parametrize("last", [0, 1, 2, 4, 5, 6, 9])
def test_all_small_tables_of_two_by_two(last: int) -> None:
    values = (0, 1, 2, 4, 5, 6, 9)
    for a, b, c in product(values, repeat=3):
        attack(((a, b), (c, last)))


def test_all_columns_of_four() -> None:
    for values in product((0, 1, 2, 4, 5, 6), repeat=4):
        attack(tuple((value,) for value in values))


@given(
    st.integers(2, 3).flatmap(
        lambda width: st.lists(
            st.tuples(*[st.integers(0, 9)] * width), min_size=2, max_size=3 if width == 3 else 4
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_larger_tables(rows: list[tuple[int, ...]]) -> None:
    attack(tuple(rows))


def test_the_attacker_succeeds_where_only_small_numbers_are_hidden() -> None:
    parts = ((9, 2), (8, 7))
    table = grid(parts)
    block = block_of(table, table.rows)
    small = {cell for cell in block.cells() if 0 < block.value(cell) < K}
    assert worked_out(parts, block, small) == {(0, 1)}
    hidden = hidden_cells(block)
    assert hidden is not None and len(hidden) >= 4


def test_a_sum_under_five_is_not_told_apart() -> None:
    told = protected(grid(((3, 0), (0, 9))))
    assert told.rows == ((ALL, HIDDEN, HIDDEN, 10),)
    assert protected(grid(((1,), (2,)))).rows == ((ALL, HIDDEN),)


def test_rows_are_not_in_the_order_of_their_numbers() -> None:
    told = protected(grid(((2,), (4,), (20,), (1,))))
    assert [row[0] for row in told.rows] == ["row0", "row1", "row2", "row3", ALL]
    assert [row[1] for row in told.rows] == [HIDDEN, HIDDEN, 20, HIDDEN, 25]


def test_parts_of_one_row_are_as_safe() -> None:
    columns = (key("k", "."), people("met", "."), people("not_met", "."), people("asked", "."))
    rows = (("a", 9, 2, 11), ("b", 8, 7, 15), ("c", 1, 0, 1), ("d", 0, 0, 0))
    told = protected(Table("t", "T.", columns, rows, ("met", "not_met"), "asked"))
    assert told.rows == (
        ("a", HIDDEN, HIDDEN, 10),
        ("b", 10, 5, 15),
        ("c", HIDDEN, 0, HIDDEN),
        ("d", 0, 0, 0),
    )


def test_blocks_are_told_apart_each_by_itself() -> None:
    columns = (key("need", "."), key("comune", "."), people("people", "."))
    offers = Column("offers", "open", ".")
    rows: tuple[Row, ...] = (
        ("job", "all", 9, 3),
        ("job", "Monale", 6, 0),
        ("job", "Settime", 3, 3),
        ("home", "Settime", 2, 0),
        ("home", "Asti", 0, 4),
        ("home", "all", 2, 4),
    )
    told = protected(Table("t", "T.", (*columns, offers), rows, block=1))
    assert told.rows == (
        ("home", "Asti", HIDDEN, 4),
        ("home", "all", HIDDEN, 4),
        ("job", "Monale", HIDDEN, 0),
        ("job", "Settime", HIDDEN, 3),
        ("job", "all", 10, 3),
    )


def test_shares_and_medians_need_enough_people() -> None:
    columns = (
        key("language", "."),
        base("asked", "."),
        share("answered", "asked", "."),
        number("steps", "asked", "."),
    )
    rows: tuple[Row, ...] = (
        ("bn", 4, 25, 3),
        ("fr", 9, 89, 2),
        ("ur", 100, 7, 5),
        ("x", 0, None, None),
    )
    told = protected(Table("t", "T.", columns, rows))
    assert told.names == ("language", "answered", "steps")
    assert told.rows == (
        ("bn", HIDDEN, HIDDEN),
        ("fr", 100, 2),
        ("ur", 5, 5),
        ("x", None, None),
    )


def test_rounding() -> None:
    assert [rounded(n) for n in (0, 5, 7, 8, 12, 13, 99)] == [0, 5, 5, 10, 10, 15, 100]
