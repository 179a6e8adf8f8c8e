"""The statistics, put together as they are asked for: summary, funnel, needs, quality."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from storage.stats import (
    conversations,
    funnel,
    individuals,
    ladder,
    needs,
    quality,
    questions,
    services,
    waits,
)
from storage.stats.facts import Facts
from storage.stats.persons import Persons, active, everybody, known
from storage.stats.scope import Scope
from storage.stats.table import Table

Report = Callable[[Connection, Scope, date], list[Table]]


@dataclass(frozen=True, slots=True)
class _Read:
    """What is read once for all tables."""

    facts: Facts
    known: Persons
    active: Persons
    today: date


def summary(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """Who wrote, what they asked, and what the desk did."""
    return _summary(_read(connection, scope, today))


def funnel_tables(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """Where people stop."""
    return _funnel(_read(connection, scope, today))


def needs_tables(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """What people need beside what there is."""
    return _needs(_read(connection, scope, today))


def quality_tables(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """How well each language is served."""
    return _quality(_read(connection, scope, today))


def everything(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """All of them, as `stats export` writes them."""
    return _everything(_read(connection, scope, today))


def with_people(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """All of them, and a row for each person: never to be published."""
    read = _read(connection, scope, today)
    return [*_everything(read), individuals.table(read.facts, read.active)]


WORDS: dict[Report, str] = {
    summary: "summary",
    funnel_tables: "funnel",
    needs_tables: "needs",
    quality_tables: "quality",
    everything: "report",
    with_people: "export",
}
"""The command of each."""


def _read(connection: Connection, scope: Scope, today: date) -> _Read:
    facts, all_ = Facts(connection, scope), everybody(connection, scope)
    return _Read(facts, known(connection, scope, all_), active(facts, all_), today)


def _everything(read: _Read) -> list[Table]:
    return [*_summary(read), *_funnel(read), *_needs(read), *_quality(read)]


def _summary(read: _Read) -> list[Table]:
    connection, scope = read.facts.connection, read.facts.scope
    return [
        *conversations.tables(read.active),
        questions.by_intent(read.facts, read.active),
        services.appointments(connection, scope, read.active),
        services.rides(read.facts, read.active),
        services.tickets(connection, scope, read.active),
        waits.answer_times(connection, scope, read.active),
        services.broadcasts(connection, scope),
        ladder.outcomes(read.facts, read.active),
    ]


def _funnel(read: _Read) -> list[Table]:
    return [
        funnel.intake_steps(read.facts, read.active),
        funnel.offers(read.facts, read.active),
    ]


def _needs(read: _Read) -> list[Table]:
    return list(needs.tables(read.facts, read.known, read.active, read.today))


def _quality(read: _Read) -> list[Table]:
    return [quality.by_language(read.facts, read.active)]
