"""How well each language is served, the worst first."""

from statistics import median

from sqlalchemy import Connection, case, func, or_, select
from sqlmodel import col

from flows.understanding.fitting import TOPIC_OF
from storage.models import Event
from storage.stats.facts import done, within
from storage.stats.persons import Persons
from storage.stats.questions import outcomes
from storage.stats.scope import Scope
from storage.stats.table import Row, Table, Value, base, key, number, percent, share

_SHARES = (3, 5, 7)  # what decides who is served worst
_LISTS = {("browse", "offer"), ("answer", "offers")}

_COLUMNS = (
    key("language", "The language of their conversation."),
    base("people", "Different people who wrote in the period."),
    base("shown", "Of them: were shown at least one offer that fits."),
    share("offers", "people", "In a hundred: were shown at least one offer that fits."),
    base("asked", "Asked in own words."),
    share("answered", "asked", "In a hundred of who asked: were answered at least once."),
    base("begun", "Began the intake in the period."),
    share("complete", "begun", "In a hundred of who began the intake: finished it in the period."),
    number("steps", "shown", "Median questions put to them before the first offers."),
)


def by_language(connection: Connection, scope: Scope, persons: Persons) -> Table:
    """Ordered by the mean of the shares that are known."""
    everybody, found = set(persons), outcomes(connection, scope, persons)
    asked = {contact for contact, _ in found}
    answered = {contact for (contact, _), best in found.items() if best == "answered"}
    begun, finished = _intake(connection, scope, persons)
    shown = _saw_list(connection, scope, persons) | _had_offers(found)
    before = _before(connection, scope, persons)
    pairs = ((everybody, shown), (asked, answered), (begun, finished))
    rows = []
    for language in {one.group("language") for one in persons.values()}:
        them = {id for id, one in persons.items() if one.group("language") == language}
        lengths = [before[id] for id in them if id in before]
        rows.append(_row(language, [(them & some, them & got) for some, got in pairs], lengths))
    return Table(
        "quality",
        "How far people of each language get, the language served worst first.",
        _COLUMNS,
        tuple(sorted(rows, key=_served)),
    )


def _row(language: str, pairs: list[tuple[set[int], set[int]]], lengths: list[int]) -> Row:
    (people, shown), *others = pairs
    row: list[Value] = [language, len(people), len(shown), percent(len(shown), len(people))]
    for some, got in others:
        row += [len(some), percent(len(got), len(some))]
    return (*row, median(lengths) if lengths else None)


def _served(row: Row) -> tuple[float, str]:
    known = [float(row[place] or 0) for place in _SHARES if row[place] is not None]
    return (sum(known) / len(known) if known else 101.0, str(row[0]))


def _intake(connection: Connection, scope: Scope, persons: Persons) -> tuple[set[int], set[int]]:
    begun, finished = set(), set()
    kinds = ("started", "told")
    for contact, kind, _, step, _ in done(connection, scope, persons, kinds, "intake"):
        if kind == "started":
            begun.add(contact)
        elif step == "saved":
            finished.add(contact)
    return begun, begun & finished


def _saw_list(connection: Connection, scope: Scope, persons: Persons) -> set[int]:
    return {
        contact
        for flow, list_ in _LISTS
        for contact, _, _, step, _ in done(connection, scope, persons, ("asked",), flow)
        if step == list_
    }


def _had_offers(found: dict[tuple[int, str], str]) -> set[int]:
    """Who had a question about offers answered: with some, also in the middle of a form."""
    return {
        contact
        for (contact, intent), best in found.items()
        if best == "answered" and intent in TOPIC_OF
    }


def _before(connection: Connection, scope: Scope, persons: Persons) -> dict[int, int]:
    """How many questions were put to each before the first list of offers."""
    e = Event
    is_list = or_(*((col(e.flow) == flow) & (col(e.step) == step) for flow, step in sorted(_LISTS)))
    first = func.min(case((is_list, col(e.id)))).over(partition_by=col(e.contact_id))
    asked = (
        select(col(e.contact_id).label("who"), col(e.id).label("id"), first.label("first"))
        .where(*within(scope), col(e.kind) == "asked")
        .subquery()
    )
    earlier = func.sum(case((asked.c.id < asked.c.first, 1), else_=0))
    query = select(asked.c.who, earlier).where(asked.c.first.is_not(None)).group_by(asked.c.who)
    return {row[0]: int(row[1]) for row in connection.execute(query) if row[0] in persons}
