"""The statistics, put together as they are asked for: summary, funnel, needs, quality."""

from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection

from storage.stats import conversations, funnel, needs, quality, questions, services, waits
from storage.stats.persons import Persons, active, known
from storage.stats.scope import Scope
from storage.stats.table import Table

Report = Callable[[Connection, Scope, date], list[Table]]


def summary(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """Who wrote, what they asked, and what the desk did."""
    persons = active(connection, scope)
    return [*conversations.tables(persons), *_done(connection, scope, persons)]


def funnel_tables(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """Where people stop."""
    persons = active(connection, scope)
    steps = funnel.intake_steps(connection, scope, persons)
    return [steps, funnel.offers(connection, scope, persons)]


def needs_tables(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """What people need beside what there is."""
    persons, everybody = active(connection, scope), known(connection, scope)
    return list(needs.tables(connection, scope, everybody, persons, today))


def quality_tables(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """How well each language is served."""
    return [quality.by_language(connection, scope, active(connection, scope))]


def everything(connection: Connection, scope: Scope, today: date) -> list[Table]:
    """All of them, as `stats export` writes them."""
    reports: tuple[Report, ...] = (summary, funnel_tables, needs_tables, quality_tables)
    return [table for report in reports for table in report(connection, scope, today)]


def _done(connection: Connection, scope: Scope, persons: Persons) -> list[Table]:
    return [
        questions.by_intent(connection, scope, persons),
        services.appointments(connection, scope, persons),
        services.rides(connection, scope, persons),
        services.tickets(connection, scope, persons),
        waits.answer_times(connection, scope, persons),
        services.broadcasts(connection, scope),
    ]
