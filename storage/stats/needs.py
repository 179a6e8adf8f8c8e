"""What people need beside what there is: the desk's analysis of needs and resources."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, func, select
from sqlmodel import col

from flows.desk import TOPICS
from flows.understanding.fitting import TOPIC_OF
from storage.listings import showable
from storage.models import Listing, RideWish, Waiting
from storage.stats import work
from storage.stats.facts import Facts, done
from storage.stats.hours import needs_by_hour
from storage.stats.persons import Persons, comune_name
from storage.stats.scope import Scope
from storage.stats.table import ALL, UNKNOWN, Column, Row, Table, key, people

_GROUPS = ("language", "age", "situation")
_Group = tuple[str, ...]


def tables(facts: Facts, known: Persons, persons: Persons, today: date) -> Iterator[Table]:
    """Needs by comune, by group, what could not be met, and work that is wanted and offered."""
    connection, scope = facts.connection, facts.scope
    offers = _offers(connection, today)
    yield _by_comune(known, offers, scope)
    yield _by_group(known)
    yield _unmet(facts, persons, known)
    yield needs_by_hour(facts, persons, known, today)
    yield work.now(connection, known, scope, today)
    yield work.over_time(facts, known)


def _by_comune(
    known: Persons, offers: dict[tuple[str, str], tuple[int, int]], scope: Scope
) -> Table:
    wanted: dict[tuple[str, str], int] = defaultdict(int)
    for one in known.values():
        for need in one.profile.many("needs"):
            wanted[need, one.profile.pick("comune")] += 1
            wanted[need, ALL] += 1
    here = {which: found for which, found in offers.items() if scope.comune in ("", which[1])}
    for (need, _), (offered, places) in list(here.items()):
        before = here.get((need, ALL), (0, 0))
        here[need, ALL] = (before[0] + offered, before[1] + places)
    rows: list[Row] = [
        (need, _where(where), wanted[need, where], *here.get((need, where), (0, 0)))
        for need, where in {*wanted, *here}
    ]
    return Table(
        "needs",
        "What people say they need, where they live, beside what is offered there now.",
        (
            _NEED,
            key("comune", "Where they live; where the offer is."),
            _PEOPLE,
            Column("offers", "open", "Offers that are shown now."),
            Column("places", "open", "Places in them, where that was said."),
        ),
        _most_first(rows, 2),
        block=1,
    )


def _by_group(known: Persons) -> Table:
    counts: dict[_Group, int] = defaultdict(int)
    for one in known.values():
        for need in one.profile.many("needs"):
            for group in _GROUPS:
                counts[need, group, one.group(group)] += 1
                counts[need, group, ALL] += 1
    return Table(
        "needs_by_group",
        "What people say they need, by language, age and situation.",
        (
            _NEED,
            key("by", "What tells the groups apart."),
            key("group", "The group."),
            _PEOPLE,
        ),
        _most_first([(*which, count) for which, count in counts.items()], 3),
        block=2,
    )


def _unmet(facts: Facts, persons: Persons, known: Persons) -> Table:
    found: dict[_Group, set[int]] = defaultdict(set)
    kinds = ("nothing_fits", "refused", "gap")
    for contact, (kind, flow, step, _) in done(facts, persons, kinds):
        nothing = kind == "nothing_fits"
        topic, why = (TOPIC_OF.get(step, step), "") if nothing else (flow or UNKNOWN, step)
        found[kind, topic, why].add(contact)
    connection, scope = facts.connection, facts.scope
    for contact, which in (*_wishes(connection, scope), *_waiting(connection)):
        found[which].add(contact)
    rows: list[Row] = []
    for which, some in found.items():
        homes = Counter(known[id].group("comune") for id in some if id in known)
        rows += [(*which, name, count) for name, count in homes.items()]
        rows += [(*which, ALL, homes.total())] if homes else []
    return Table(
        "unmet",
        "Different people for whom there was nothing, or not the right thing.",
        (
            key("what", "nothing_fits: no offer; refused; gap: behind a job; ride; waiting (now)."),
            key("topic", "What it was about."),
            key("why", "The reason, or which part was missing."),
            key("comune", "Where they live."),
            people("people", "Different people in the period."),
        ),
        _most_first(rows, 4),
        block=3,
    )


def _where(istat: str) -> str:
    return istat if istat == ALL else comune_name(istat)


def _offers(connection: Connection, today: date) -> dict[tuple[str, str], tuple[int, int]]:
    query = (
        select(
            col(Listing.topic),
            col(Listing.comune),
            func.count(),
            func.coalesce(func.sum(col(Listing.places)), 0),
        )
        .where(*showable(), col(Listing.topic).in_(TOPICS))
        .group_by(col(Listing.topic), col(Listing.comune))
    )
    rows = connection.execute(query, {"today": today})
    return {(row[0], row[1]): (row[2], int(row[3] or 0)) for row in rows}


def _wishes(connection: Connection, scope: Scope) -> Iterator[tuple[int, _Group]]:
    w = RideWish
    query = select(col(w.contact_id), col(w.reason)).where(
        col(w.at) >= scope.starts, col(w.at) < scope.ends, col(w.contact_id).is_not(None)
    )
    for contact, why in connection.execute(query):
        assert contact is not None, "the query leaves those out"
        yield contact, ("ride", "transport", why)


def _waiting(connection: Connection) -> Iterator[tuple[int, _Group]]:
    query = select(col(Waiting.contact_id), col(Waiting.topic)).where(
        col(Waiting.closed_at).is_(None)
    )
    for contact, topic in connection.execute(query):
        yield contact, ("waiting", topic, "appointment")


def _most_first(rows: list[Row], place: int) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (-int(row[place] or 0), row[:place])))


_NEED = key("need", "What they chose in the intake; one person may need several things.")
_PEOPLE = people("people", "Different people, as their answers stand now.")
