"""What people asked in their own words, and what became of it."""

from collections import defaultdict

from sqlalchemy import Connection, func, select
from sqlmodel import col

from storage.models import Event
from storage.stats.facts import done, within
from storage.stats.persons import Persons
from storage.stats.scope import Scope
from storage.stats.table import Row, Table, key, people

_KINDS = ("question", "unsure", "nothing_fits")
_COLUMNS = (
    key("intent", "What was understood, or guessed."),
    people("answered", "Had an answer to at least one such question."),
    people("nothing_fits", "Never had one: there was no offer that fits."),
    people("unsure", "Never had one: they were not understood."),
    people("people", "Asked it at least once in the period."),
    people("handed_over", "Asked it, and asked for a person of the desk in the same period."),
)


def outcomes(connection: Connection, scope: Scope, persons: Persons) -> dict[tuple[int, str], str]:
    """By person and intent the best that became of it: answered, nothing_fits or unsure."""
    e = Event
    query = (
        select(col(e.contact_id), col(e.step), col(e.kind), func.count())
        .where(*within(scope), col(e.kind).in_(_KINDS), col(e.flow) == "answer")
        .group_by(col(e.kind), col(e.step), col(e.contact_id))
    )
    counts: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for contact, intent, kind, count in connection.execute(query):
        if contact in persons:
            counts[contact, intent][kind] = count
    return {which: _best(some) for which, some in counts.items() if "question" in some}


def by_intent(connection: Connection, scope: Scope, persons: Persons) -> Table:
    """What is asked most comes first."""
    asked_desk = {
        contact for contact, *_ in done(connection, scope, persons, ("started",), "person")
    }
    groups: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for (contact, intent), best in outcomes(connection, scope, persons).items():
        groups[intent][best].add(contact)
    rows: list[Row] = []
    for intent, some in groups.items():
        everybody = set().union(*some.values())
        parts = [len(some[name]) for name in ("answered", "nothing_fits", "unsure")]
        rows.append((intent, *parts, len(everybody), len(everybody & asked_desk)))
    return Table(
        "questions",
        "Different people who asked in their own words, by what they asked.",
        _COLUMNS,
        tuple(sorted(rows, key=lambda row: (-int(row[4] or 0), row[0]))),
        parts=("answered", "nothing_fits", "unsure"),
        whole="people",
    )


def _best(some: dict[str, int]) -> str:
    unsure, nothing = some.get("unsure", 0), some.get("nothing_fits", 0)
    if some["question"] > unsure + nothing:
        return "answered"
    return "nothing_fits" if nothing else "unsure"
