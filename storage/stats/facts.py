"""Events as statistics read them: who did what, once each."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, select
from sqlmodel import col

from storage.models import Event
from storage.stats.persons import Persons
from storage.stats.scope import Scope


def done(
    connection: Connection, scope: Scope, persons: Persons, kinds: tuple[str, ...], flow: str = ""
) -> Iterator[tuple[int, str, str, str, str]]:
    """Contact, kind, flow, step and key of what these people did in the period."""
    e = Event
    columns = (col(e.contact_id), col(e.kind), col(e.flow), col(e.step), col(e.key))
    query = select(*columns).distinct().where(*within(scope), col(e.kind).in_(kinds))
    if flow:
        query = query.where(col(e.flow) == flow)
    for row in connection.execute(query.execution_options(yield_per=5000)):
        if row[0] in persons:
            yield row[0], row[1], row[2], row[3], row[4]


def within(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """Events of the period that still have a person."""
    at: Any = col(Event.at)
    return at >= scope.starts, at < scope.ends, col(Event.contact_id).is_not(None)
