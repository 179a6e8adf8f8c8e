"""Who wrote: new and returning people, by each thing that is known of them."""

from collections import Counter
from collections.abc import Iterator

from storage.stats.persons import Persons
from storage.stats.table import ALL, Column, Table, key, people

_GROUPS = (
    key("language", "The language of their conversation."),
    key("channel", "Where they wrote last in the period."),
    key("comune", "Where they said they live."),
    key("age", "Their age band."),
    key("situation", "What they said they do now."),
)


def tables(persons: Persons) -> Iterator[Table]:
    """One for each of these; each person is in one row."""
    for column in _GROUPS:
        yield _by(column, persons)


def _by(column: Column, persons: Persons) -> Table:
    group = column.name
    new = Counter(one.group(group) for one in persons.values() if one.new)
    active = Counter(one.group(group) for one in persons.values())
    rows = [
        (name, new[name], count - new[name], count)
        for name, count in sorted(active.items(), key=lambda item: (-item[1], item[0]))
    ]
    rows.append((ALL, new.total(), active.total() - new.total(), active.total()))
    return Table(
        f"people_by_{group}",
        "Different people who wrote in the period.",
        (
            column,
            people("new", "First wrote in the period."),
            people("returning", "Had written before it."),
            people("people", "Wrote, tapped or were asked something in the period."),
        ),
        tuple(rows),
        parts=("new", "returning"),
        whole="people",
    )
