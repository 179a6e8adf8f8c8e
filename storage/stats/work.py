"""Kinds of work: who wants and can do them, beside the jobs there are, now and over time."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, select
from sqlmodel import col

from storage.listings import showable
from storage.models import Contact, Listing
from storage.stats.facts import Facts, done
from storage.stats.persons import Persons, comune_name
from storage.stats.scope import Scope, parts_of_calendar
from storage.stats.table import ALL, UNKNOWN, Column, Row, Table, key, people

_EXPERIENCED = ("year", "years")
_WORK = (
    key("sector", "The kind of work."),
    key("comune", "Where they live; where the job is."),
    people("experienced", "Have done such work for a year or more."),
    people("beginners", "Have done less, none, or have not said."),
    people("people", "Different people who would like it, as their answers stand now."),
    Column("jobs", "open", "Jobs that are shown now."),
)


def now(connection: Connection, known: Persons, scope: Scope, today: date) -> Table:
    """Skills on offer beside skills wanted; each person is in one comune."""
    wanted: dict[str, Counter[tuple[str, bool]]] = defaultdict(Counter)
    for one in known.values():
        able = one.profile.pick("experience") in _EXPERIENCED
        for sector in one.profile.many("sectors"):
            wanted[sector][one.group("comune"), able] += 1
    offered = _jobs(connection, scope, today)
    rows: list[Row] = []
    for sector in {*wanted, *offered}:
        rows += _block(sector, wanted[sector], offered[sector])
    return Table(
        "work",
        "Kinds of work that people want, beside the jobs that are shown now.",
        _WORK,
        tuple(sorted(rows, key=lambda row: (str(row[0]), -int(row[4] or 0), str(row[1])))),
        parts=("experienced", "beginners"),
        whole="people",
        block=1,
    )


def over_time(facts: Facts, known: Persons) -> Table:
    """Month by month, or in a longer period quarter by quarter."""
    connection, periods = facts.connection, parts_of_calendar(facts.scope)
    asked: dict[tuple[str, str], set[int]] = defaultdict(set)
    published: Counter[tuple[str, str]] = Counter()
    for name, part in periods.items():
        for sector, contact in _asked(connection, part, known):
            asked[sector, name].add(contact)
        for sector in _published(connection, part):
            published[sector, name] += 1
    sectors = sorted({sector for sector, _ in (*asked, *published)})
    rows: list[Row] = [
        (sector, name, len(asked[sector, name]), published[sector, name])
        for sector in sectors
        for name in periods
    ]
    return Table(
        "work_over_time",
        "Kinds of work that people asked for, and jobs that were published, as time went by.",
        (
            key("sector", "The kind of work."),
            key("period", "A month, or a quarter."),
            people(
                "people",
                "Asked for it then in own words, or first wrote then and would like it, as their "
                "answers stand now.",
            ),
            Column("published", "open", "Jobs that people could first see then."),
        ),
        tuple(rows),
        in_order=True,
    )


def _jobs(connection: Connection, scope: Scope, today: date) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    jobs = select(col(Listing.details), col(Listing.comune)).where(
        col(Listing.topic) == "job", *showable()
    )
    for details, where in connection.execute(jobs, {"today": today}):
        if scope.comune in ("", where):
            found[details.get("sector") or UNKNOWN][comune_name(where)] += 1
    return found


def _block(sector: str, wanted: Counter[tuple[str, bool]], offered: Counter[str]) -> Iterator[Row]:
    for name in sorted({*offered, *(home for home, _ in wanted)}):
        able, others = wanted[name, True], wanted[name, False]
        yield (sector, name, able, others, able + others, offered[name])
    able = sum(count for (_, can), count in wanted.items() if can)
    yield (sector, ALL, able, wanted.total() - able, wanted.total(), offered.total())


def _asked(connection: Connection, part: Scope, known: Persons) -> Iterator[tuple[str, int]]:
    for contact, what in done(Facts(connection, part), known, ("sought",)):
        yield what.step, contact
    first = select(col(Contact.id)).where(
        col(Contact.created_at) >= part.starts, col(Contact.created_at) < part.ends
    )
    for (id,) in connection.execute(first):
        if id in known:
            for sector in known[id].profile.many("sectors"):
                yield sector, id


def _published(connection: Connection, part: Scope) -> Iterator[str]:
    query = select(col(Listing.details), col(Listing.comune)).where(
        col(Listing.topic) == "job",
        col(Listing.shown_at) >= part.starts,
        col(Listing.shown_at) < part.ends,
    )
    for details, where in connection.execute(query):
        if part.comune in ("", where):
            yield details.get("sector") or UNKNOWN
