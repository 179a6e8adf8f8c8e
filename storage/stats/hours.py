"""Needs at certain hours, beside what is offered then."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, select
from sqlmodel import col

from flows.desk import TOPICS
from flows.hours import PARTS, parse_hours, parts_of
from storage.listings import showable
from storage.models import Listing, RideWish
from storage.stats.facts import Facts, done
from storage.stats.persons import Persons, comune_name
from storage.stats.scope import Scope
from storage.stats.table import ALL, Column, Row, Table, key, people

_Which = tuple[str, str]
"""A need and a part of the week."""
_COLUMNS = (
    key("need", "What it is about."),
    key("hours", "The part of the week; evenings are 18 to 22, nights until 5."),
    key("comune", "Where they live; where the offer is."),
    people(
        "people",
        "Asked for it then, missed it behind a job, refused a job for want of it, or could have "
        "no ride then, in the period; or, for work, can work then as their answers stand now.",
    ),
    Column("offers", "open", "Offers that are shown now and are open at least an hour then."),
    Column("places", "open", "Places in them, where that was said."),
)


def needs_by_hour(facts: Facts, persons: Persons, known: Persons, today: date) -> Table:
    """By need, part of the week and comune; each person is in one comune."""
    wanted: dict[_Which, set[int]] = defaultdict(set)
    for which, contact in _wanted(facts, persons, known):
        wanted[which].add(contact)
    offered = _offered(facts.connection, facts.scope, today)
    rows: list[Row] = []
    for which in {*wanted, *offered}:
        rows += _block(which, wanted[which], known, offered[which])
    return Table(
        "needs_by_hour",
        "What people need at a certain time of the day or week, beside what is offered then.",
        _COLUMNS,
        tuple(sorted(rows, key=_place)),
        block=2,
    )


def _wanted(facts: Facts, persons: Persons, known: Persons) -> Iterator[tuple[_Which, int]]:
    for contact, what in done(facts, persons, ("wanted",)):
        yield (what.flow, what.step), contact
    w, scope = RideWish, facts.scope
    wishes = select(col(w.contact_id), col(w.band)).where(
        col(w.at) >= scope.starts, col(w.at) < scope.ends, col(w.band) != ""
    )
    for who, part in facts.connection.execute(wishes):
        if who is not None:
            yield ("transport", part), who
    for id, one in known.items():
        if "job" in one.profile.many("needs"):
            for part in one.profile.many("times"):
                yield ("job", part), id


def _offered(
    connection: Connection, scope: Scope, today: date
) -> dict[_Which, dict[str, tuple[int, int]]]:
    """By need and part of the week: offers and places of each comune."""
    found: dict[_Which, dict[str, tuple[int, int]]] = defaultdict(dict)
    query = select(
        col(Listing.topic), col(Listing.comune), col(Listing.places), col(Listing.details)
    ).where(*showable(), col(Listing.topic).in_(TOPICS))
    for topic, where, places, details in connection.execute(query, {"today": today}):
        if scope.comune in ("", where):
            for part in _parts(details.get("hours", "")):
                offers, before = found[topic, part].get(where, (0, 0))
                found[topic, part][where] = offers + 1, before + (places or 0)
    return found


def _parts(hours: str) -> set[str]:
    """Of an offer's hours; what cannot be read is open at no known time."""
    try:
        return {part for one in parse_hours(hours) for part in parts_of(one)}
    except ValueError:
        return set()


def _block(
    which: _Which, wanted: set[int], known: Persons, offered: dict[str, tuple[int, int]]
) -> Iterator[Row]:
    homes = Counter(known[id].group("comune") for id in wanted if id in known)
    here = {comune_name(where): found for where, found in offered.items()}
    for name in {*homes, *here}:
        yield (*which, name, homes[name], *here.get(name, (0, 0)))
    sums = (sum(some) for some in zip(*here.values(), strict=True)) if here else (0, 0)
    yield (*which, ALL, homes.total(), *sums)


def _place(row: Row) -> tuple[object, ...]:
    need, part, name = row[:3]
    order = PARTS.index(str(part)) if part in PARTS else len(PARTS)
    return need, order, -int(row[3] or 0), name
