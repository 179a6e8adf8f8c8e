"""An attacker who has every published table, and solves all of them together.

They know every definition, how numbers are rounded and hidden, and may have been told which of the
hidden numbers are small.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]

from flows.understanding.fitting import TOPIC_OF
from storage.stats.disclosure import BASE, HIDDEN, K
from storage.stats.table import ALL, Row, Table

MOST = 10_000
_HIDDEN = ((1, K - 1), (K, MOST))
Cell = tuple[int, str, tuple[object, ...], str]
"""The period's place, the table, the row's keys, the column."""
Sum = dict[Cell, int]


@dataclass
class Known:
    """Each number between two bounds, and sums of them that are between two others."""

    bounds: dict[Cell, tuple[int, int]] = field(default_factory=dict)
    sums: list[tuple[Sum, float, float]] = field(default_factory=list)

    def equal(self, one: Iterable[Cell], other: Iterable[Cell]) -> None:
        """Both sides are the same."""
        self._add(one, other, 0)

    def at_most(self, one: Iterable[Cell], other: Iterable[Cell]) -> None:
        """The first is no more than the second."""
        self._add(one, other, -np.inf)

    def _add(self, one: Iterable[Cell], other: Iterable[Cell], low: float) -> None:
        factors: Sum = {}
        for cells, factor in ((one, 1), (other, -1)):
            for cell in cells:
                if cell not in self.bounds:
                    return  # not published: nothing to work with
                factors[cell] = factors.get(cell, 0) + factor
        self.sums.append((factors, low, 0))


def intervals(known: Known, wanted: Iterable[Cell]) -> dict[Cell, tuple[int, int]]:
    """Between what and what each of the ``wanted`` must be."""
    cells = sorted(known.bounds, key=str)
    place = {cell: number for number, cell in enumerate(cells)}
    matrix = np.zeros((len(known.sums), len(cells)))
    for number, (factors, _, _) in enumerate(known.sums):
        for cell, factor in factors.items():
            matrix[number, place[cell]] = factor
    rule = LinearConstraint(matrix, [one[1] for one in known.sums], [o[2] for o in known.sums])
    limits = np.array([known.bounds[cell] for cell in cells])
    bounds = Bounds(limits[:, 0], limits[:, 1])

    def extreme(cell: Cell, sign: int) -> int:
        wish = np.zeros(len(cells))
        wish[place[cell]] = sign
        found = milp(wish, integrality=np.ones(len(cells)), bounds=bounds, constraints=rule)
        assert found.status == 0, found.message
        return int(sign * round(found.fun))

    return {cell: (extreme(cell, 1), extreme(cell, -1)) for cell in wanted}


def read(
    periods: list[list[Table]], true: dict[Cell, int], *, rounds: bool, sees_small: bool
) -> Known:
    """All that the tables of consecutive periods say.

    ``sees_small``: the attacker has been told which hidden numbers are small.
    """
    known = Known()
    for number, tables in enumerate(periods):
        for table in tables:
            for row in table.rows:
                _numbers(known, true, (number, table), row, rounds=rounds)
    if not sees_small:
        hidden = [cell for cell, bounds in known.bounds.items() if bounds in _HIDDEN]
        known.bounds |= dict.fromkeys(hidden, (1, MOST))
    for number, tables in enumerate(periods):
        for table in tables:
            _sums(known, number, table)
        _definitions(known, number, {table.name: table for table in tables})
    for number in range(1, len(periods)):
        _grows(known, number)
    return known


def cells_of(number: int, table: Table) -> Iterator[tuple[Cell, int]]:
    """The numbers of a table as they are."""
    for row in table.rows:
        for column, value in zip(table.columns, row, strict=True):
            if column.kind == "people":
                yield (number, table.name, row[: table.keys], column.name), int(value or 0)


def _numbers(
    known: Known, true: dict[Cell, int], where: tuple[int, Table], row: Row, *, rounds: bool
) -> None:
    number, table = where
    for column, value in zip(table.columns, row, strict=True):
        if column.kind != "people":
            continue
        cell = (number, table.name, row[: table.keys], column.name)
        if value == HIDDEN:
            known.bounds[cell] = (1, K - 1) if true[cell] < K else (K, MOST)
        elif not rounds or not value:
            known.bounds[cell] = (int(value or 0), int(value or 0))
        else:
            known.bounds[cell] = (max(K, int(value) - BASE // 2), int(value) + BASE // 2)


def _sums(known: Known, number: int, table: Table) -> None:
    """Parts of a row are its whole; rows of a block are its row of all."""
    names = [column.name for column in table.columns if column.kind == "people"]
    blocks: dict[Row, list[Row]] = {}
    for row in table.rows:
        blocks.setdefault(row[: table.block], []).append(row[: table.keys])
        if table.whole:
            parts = [(number, table.name, row[: table.keys], name) for name in table.parts]
            known.equal(parts, [(number, table.name, row[: table.keys], table.whole)])
    for keys in blocks.values():
        total = [row for row in keys if row[-1] == ALL]
        rest = [row for row in keys if row[-1] != ALL]
        for name in names if total and rest else ():
            some = [(number, table.name, row, name) for row in rest]
            known.equal(some, [(number, table.name, total[0], name)])


def _definitions(known: Known, n: int, tables: dict[str, Table]) -> None:
    """What tables have to do with each other, because of what they count."""
    groups = [name for name in tables if name.startswith("people_by_")]
    everybody: Cell = (n, "people_by_language", (ALL,), "people")
    for name in groups[1:]:
        for column in ("new", "returning", "people"):
            known.equal([(n, name, (ALL,), column)], [(n, groups[0], (ALL,), column)])
    for cell in list(known.bounds):
        if cell[0] != n:
            continue
        match cell[1:]:
            case ("needs_by_group", (need, _, "all"), "people"):
                known.equal([cell], [(n, "needs", (need, ALL), "people")])
            case ("intake", (_, language), "reached") if language != ALL:
                known.at_most([cell], [(n, "people_by_language", (language,), "people")])
            case ("intake", (_, "all"), "reached") | ("questions", _, "people"):
                known.at_most([cell], [everybody])
            case ("questions", keys, "handed_over"):
                known.at_most([cell], [(n, "questions", keys, "people")])
            case ("questions", (intent,), "nothing_fits"):
                topic = TOPIC_OF.get(str(intent), intent)
                whole = (n, "unmet", ("nothing_fits", topic, "", ALL), "people")
                known.at_most([cell], [whole])
            case ("offers", keys, "contacted"):
                known.at_most([cell], [(n, "offers", keys, "interested")])
    _requests(known, n, tables)


def _requests(known: Known, n: int, tables: dict[str, Table]) -> None:
    """Who asked for a person are all tickets but those that the desk began itself."""
    if "answer_times" not in tables:
        return
    reasons = [row[0] for row in tables["tickets"].rows if row[0] not in (ALL, "desk")]
    for column in ("tickets",):
        some = [(n, "tickets", (reason,), column) for reason in reasons]
        if some:
            known.equal(some, [(n, "answer_times", (ALL,), column)])


def _grows(known: Known, n: int) -> None:
    """Nobody was erased, and nobody changed an answer: what is needed only grows, by new people."""
    new: Cell = (n, "people_by_language", (ALL,), "new")
    for cell in list(known.bounds):
        if cell[0] == n and cell[1] in ("needs", "needs_by_group", "work"):
            before = (n - 1, *cell[1:])
            known.at_most([before], [cell])
            known.at_most([cell], [before, new])
