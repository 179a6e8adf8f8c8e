"""Who wrote: new and returning people, by each thing that is known of them."""

from collections import Counter
from collections.abc import Iterator

from storage.stats.persons import GROUPS, Persons
from storage.stats.table import ALL, Table, key, people

_SAYS = {
    "language": "The language of their conversation.",
    "channel": "Where they wrote last in the period.",
    "comune": "Where they said they live.",
    "age": "Their age band.",
    "situation": "What they said they do now.",
}


def tables(persons: Persons) -> Iterator[Table]:
    """One for each of `GROUPS`; each person is in one row."""
    for group in GROUPS:
        yield _by(group, persons)


def _by(group: str, persons: Persons) -> Table:
    new = Counter(one.group(group) for one in persons.values() if one.new)
    active = Counter(one.group(group) for one in persons.values())
    rows = [
        (name, new[name], count - new[name], count)
        for name, count in sorted(active.items(), key=lambda item: (-item[1], item[0]))
    ]
    rows.append((ALL, new.total(), active.total() - new.total(), active.total()))
    return Table(
        f"people_by_{group}",
        f"Different people who wrote in the period, by {group}.",
        (
            key(group, _SAYS[group]),
            people("new", "First wrote in the period."),
            people("returning", "Had written before it."),
            people("people", "Wrote, tapped or were asked something in the period."),
        ),
        tuple(rows),
        parts=("new", "returning"),
        whole="people",
    )
