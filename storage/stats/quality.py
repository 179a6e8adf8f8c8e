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
from storage.stats.table import Row, Table, base, key, number, percent, share

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
    asked, answered = _asked(connection, scope, persons)
    begun, finished = _intake(connection, scope, persons)
    shown = _shown(connection, scope, persons)
    before = _before(connection, scope, persons)
    rows: list[Row] = []
    for language in {one.group("language") for one in persons.values()}:
        them = {id for id, one in persons.items() if one.group("language") == language}
        lengths = [before[id] for id in them if id in before]
        rows.append(
            (
                language,
                len(them),
                len(them & shown),
                percent(len(them & shown), len(them)),
                len(them & asked),
                percent(len(them & answered), len(them & asked)),
                len(them & begun),
                percent(len(them & finished), len(them & begun)),
                median(lengths) if lengths else None,
            )
        )
    return Table(
        "quality",
        "How far people of each language get, the language served worst first.",
        _COLUMNS,
        tuple(sorted(rows, key=_served)),
    )


def _served(row: Row) -> tuple[float, str]:
    known = [float(row[place] or 0) for place in _SHARES if row[place] is not None]
    return (sum(known) / len(known) if known else 101.0, str(row[0]))


def _asked(connection: Connection, scope: Scope, persons: Persons) -> tuple[set[int], set[int]]:
    found = outcomes(connection, scope, persons)
    return (
        {contact for contact, _ in found},
        {contact for (contact, _), best in found.items() if best == "answered"},
    )


def _intake(connection: Connection, scope: Scope, persons: Persons) -> tuple[set[int], set[int]]:
    begun, finished = set(), set()
    kinds = ("started", "told")
    for contact, kind, _, step, _ in done(connection, scope, persons, kinds, "intake"):
        if kind == "started":
            begun.add(contact)
        elif step == "saved":
            finished.add(contact)
    return begun, begun & finished


def _shown(connection: Connection, scope: Scope, persons: Persons) -> set[int]:
    """Whoever saw a list of offers, or had a question of its kind answered with some."""
    lists = {
        contact
        for flow, list_ in _LISTS
        for contact, _, _, step, _ in done(connection, scope, persons, ("asked",), flow)
        if step == list_
    }
    found = outcomes(connection, scope, persons).items()
    return lists | {who for (who, about), best in found if best == "answered" and about in TOPIC_OF}


def _before(connection: Connection, scope: Scope, persons: Persons) -> dict[int, int]:
    """How many questions were put to each before the first list of offers."""
    e = Event
    is_list = or_(*((col(e.flow) == flow) & (col(e.step) == step) for flow, step in sorted(_LISTS)))
    asked = (*within(scope), col(e.kind) == "asked")
    first = (
        select(col(e.contact_id).label("who"), func.min(col(e.id)).label("first"))
        .where(*asked, is_list)
        .group_by(col(e.contact_id))
        .subquery()
    )
    earlier = func.sum(case((col(e.id) < first.c.first, 1), else_=0))
    query = (
        select(first.c.who, earlier)
        .join(e, col(e.contact_id) == first.c.who)
        .where(*asked)
        .group_by(first.c.who)
    )
    return {who: int(n) for who, n in connection.execute(query) if who in persons}
