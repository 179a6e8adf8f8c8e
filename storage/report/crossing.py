"""Tables that are read across: a row for each group, a column for each need; or for each month."""

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


def over_time(table: Table, name: str) -> Table:
    """One number of `work_over_time`: a row for each kind of work, a column for each time."""
    place = table.names.index(name)
    kind = table.columns[place].kind
    told = {(row[0], str(row[1])): row[place] for row in table.rows}
    times = sorted({time for _, time in told})
    rows = [
        (sector, *(told.get((sector, time)) for time in times))
        for sector in dict.fromkeys(sector for sector, _ in told)
    ]
    columns = (table.columns[0], *(Column(time, kind, "") for time in times))
    return Table(f"{table.name}-{name}", "", columns, tuple(rows))
