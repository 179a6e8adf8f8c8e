"""What leaves the desk: once for each period, protected, and the same ever after."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlmodel import col

from storage.audit import By, record
from storage.locks import Lock, one_at_a_time
from storage.models import Publication
from storage.stats import disclosure
from storage.stats.reports import WORDS, Report, everything
from storage.stats.scope import Scope, is_calendar
from storage.stats.table import VERSION, Table


class PublishError(Exception):
    """It may not be published; what it says tells what would be right."""


@dataclass(frozen=True, slots=True)
class Export:
    """Tables as they leave, with the version of their definitions, and when they were counted."""

    tables: list[Table]
    at: datetime
    definitions: str = VERSION


def publish(connection: Connection, scope: Scope, by: By) -> Export:
    """The protected tables of a period that is over; those that were published, if they were.

    Raises PublishError for days that were published in another period, for a part of the people,
    and for days that are no month, quarter or year: the difference between two such exports would
    show single people.
    """
    today = by.now.astimezone(scope.zone).date()
    _refuse(scope, today)
    one_at_a_time(connection, Lock.STATISTICS)
    for row in connection.execute(_overlapping(scope)):
        if (row.first, row.last) != (scope.first, scope.last):
            raise PublishError(
                f"{row.first} to {row.last} was published: nothing that overlaps it can be, "
                "because the difference would show single people."
            )
        _note(connection, scope, by, "stats export again")
        tables = [Table.from_json(table) for table in row.tables]
        return Export(tables, row.at, row.definitions)
    tables = [disclosure.protected(table) for table in everything(connection, scope, today)]
    _keep(connection, scope, tables, by)
    _note(connection, scope, by, "stats export")
    return Export(tables, by.now)


def inside(connection: Connection, scope: Scope, by: By, report: Report = everything) -> Export:
    """Every number as it is, for use inside of the desk; who took them is written down."""
    today = by.now.astimezone(scope.zone).date()
    made = Export(report(connection, scope, today), by.now)
    # Only now: who erases somebody waits for the roll-ups first, and then for the audit, too.
    _note(connection, scope, by, f"stats {WORDS[report]} internal")
    return made


def about(scope: Scope, whom: str, export: Export, query: dict[str, str]) -> dict[str, Any]:
    """What a manifest says of an export; ``query`` is what was asked, as it was typed."""
    hides = {"k": disclosure.K, "rounded_to": disclosure.BASE, "hidden_as": disclosure.HIDDEN}
    return {
        "query": query,
        "scope": scope.to_json(),
        "for": whom,
        "counted_at": export.at.isoformat(timespec="seconds"),
        "definitions": export.definitions,
        "suppression": hides if whom == "funder" else None,
    }


def _refuse(scope: Scope, today: date) -> None:
    if scope.narrowed:
        raise PublishError(
            "All people or none: no --comune, --language or --channel in what is published; the "
            "tables tell them apart."
        )
    if not is_calendar(scope.first, scope.last):
        raise PublishError("Only a month, a quarter or a year is published: --period 2026-Q3.")
    if scope.last >= today:
        raise PublishError(f"It is not over: what ends on {scope.last} is published after it.")


def _overlapping(scope: Scope) -> Any:
    table: Any = Publication.__table__  # type: ignore[attr-defined]
    return select(table).where(
        col(Publication.first) <= scope.last, col(Publication.last) >= scope.first
    )


def _keep(connection: Connection, scope: Scope, tables: list[Table], by: By) -> None:
    row = {
        "first": scope.first,
        "last": scope.last,
        "at": by.now,
        "operator": by.operator,
        "definitions": VERSION,
        "tables": [table.to_json() for table in tables],
    }
    connection.execute(insert(Publication), [row])


def _note(connection: Connection, scope: Scope, by: By, action: str) -> None:
    narrowed = {name: value for name, value in asdict(scope).items() if name in _FILTERS and value}
    subject = f"stats:{scope.first}:{scope.last}"
    record(connection, by, action, [(subject, None, narrowed or None)])


_FILTERS = ("comune", "language", "channel")
