"""Needs by group as tables that are read across: a row for each group, a column for each need."""

from collections.abc import Iterator

from storage.stats.table import ALL, Column, Table, Value, key, people


def crossed(table: Table) -> Iterator[tuple[str, Table]]:
    """By what the groups are told apart, and the table; whatever is not there was zero, or not
    told with its whole block.
    """
    told = {(str(need), str(by), str(group)): count for need, by, group, count in table.rows}
    needs = sorted({need for need, _, _ in told})
    columns: tuple[Column, ...] = tuple(people(need, "") for need in needs)
    for by in dict.fromkeys(by for _, by, _ in told):
        groups = {group for _, other, group in told if other == by}
        rows = [
            (group, *(_count(told, need, by, group) for need in needs))
            for group in sorted(groups, key=lambda group: (group == ALL, group))
        ]
        yield by, Table(f"{table.name}-{by}", "", (key(by, ""), *columns), tuple(rows))


def _count(told: dict[tuple[str, str, str], Value], need: str, by: str, group: str) -> Value:
    """Zero only where the block was told and holds no such row."""
    if (need, by, group) in told:
        return told[need, by, group]
    blocked = not any(other[:2] == (need, by) and other[2] != ALL for other in told)
    return None if blocked else 0
