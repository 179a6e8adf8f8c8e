"""How long people waited until a person of the desk answered."""

from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from storage.models import Ticket
from storage.stats.persons import Persons
from storage.stats.scope import Scope
from storage.stats.table import ALL, UNKNOWN, Row, Table, key, number, people, percent, share

_HOUR, _DAY = 3600, timedelta(days=1)


def answer_times(connection: Connection, scope: Scope, persons: Persons) -> Table:
    """By language: nobody should wait longer for the language they speak."""
    t = Ticket
    query: Any = select(col(t.contact_id), col(t.opened_at), col(t.first_reply_at)).where(
        col(t.opened_at) >= scope.starts,
        col(t.opened_at) < scope.ends,
        col(t.reason) != "desk",
    )
    found: dict[str, list[tuple[Any, Any]]] = {}
    for contact, opened, replied in connection.execute(query):
        one = persons.get(contact)
        if one or not scope.narrowed:
            group = one.group("language") if one else UNKNOWN
            found.setdefault(group, []).append((opened, replied))
    rows = [_row(language, some) for language, some in sorted(found.items())]
    everything = [pair for some in found.values() for pair in some]
    return Table(
        "answer_times",
        "Requests for a person opened in the period, by language; none that ended over 90 days "
        "ago.",
        (
            key("language", "The language of their conversation."),
            people("replied", "Answered by a person of the desk."),
            people("waiting", "Without such an answer, whether open or closed."),
            people("tickets", "All of them."),
            share("within_day", "tickets", "In a hundred: answered within 24 hours."),
            number("reply_hours", "replied", "Median hours to the answer, where there was one."),
        ),
        (*rows, _row(ALL, everything)),
        parts=("replied", "waiting"),
        whole="tickets",
    )


def _row(language: str, pairs: list[tuple[Any, Any]]) -> Row:
    waits = [replied - opened for opened, replied in pairs if replied]
    soon = sum(wait <= _DAY for wait in waits)
    hours = round(median(waits).total_seconds() / _HOUR, 1) if waits else None
    return (
        language,
        len(waits),
        len(pairs) - len(waits),
        len(pairs),
        percent(soon, len(pairs)),
        hours,
    )
