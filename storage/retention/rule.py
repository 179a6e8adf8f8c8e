"""What a rule of the schedule is made of, and which rows it is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, or_, select
from sqlmodel import col

from storage.models import (
    DeskTopic,
    Event,
    JobRun,
    Notice,
    Outbox,
    Ride,
    Run,
    Ticket,
    TicketMessage,
)

Which = Callable[[datetime, datetime], ColumnElement[bool]]
"""The rows that go, from (now - keep) and now."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table that go: deleted, or with ``values`` only changed.

    ``first`` is done with them before, in the same transaction; ``instead`` of all that, their keys
    are given to it.
    """

    table: Any
    which: Which
    values: Mapping[str, Any] | None = None
    first: Callable[[Connection, ColumnElement[bool]], None] | None = None
    instead: Callable[[Connection, list[int], datetime], None] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the schedule. Without ``keep`` it goes with its person, or stays as it says."""

    key: str
    what: str
    tables: str
    keep: timedelta | None
    since: str
    why: str
    parts: tuple[Part, ...] = ()


def days(number: int) -> timedelta:
    """So many of them."""
    return timedelta(days=number)


def older(column: Any) -> Which:
    """What that moment of lies before."""
    return lambda before, _: col(column) < before


def words_of_over(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Words of tickets that ended before then, when no letter of them is still on its way."""
    message = TicketMessage
    open_letter = exists().where(
        col(message.ticket_id) == col(Ticket.id),
        col(Outbox.id) == col(message.letter_id),
        col(Outbox.closed_at).is_(None),
    )
    over = select(col(Ticket.id)).where(col(Ticket.closed_at) < before, ~open_letter)
    return col(message.ticket_id).in_(over)


def letters_of_over(before: datetime, now: datetime) -> ColumnElement[bool]:
    """Their letters, but for those that go as messages that were sent."""
    words = (words_of_over(before, now), col(TicketMessage.letter_id).is_not(None))
    letters = select(col(TicketMessage.letter_id)).where(*words)
    return col(Outbox.id).in_(letters) & (col(Outbox.closed_at) >= before)


def silent_topics(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Topics in the operators' group of people without a ticket since then."""
    recent = exists().where(
        col(Ticket.contact_id) == col(DeskTopic.contact_id),
        or_(col(Ticket.closed_at).is_(None), col(Ticket.closed_at) >= before),
    )
    return ~recent


def unused_runs(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Drives without a ride since then."""
    return ~exists().where(col(Ride.run_id) == col(Run.id), col(Ride.leaves_at) >= before)


def done_notices(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Closed before then; a ticket's stays as long as the ticket."""
    ticket = exists().where(col(Ticket.id) == col(Notice.id))
    return (col(Notice.closed_at) < before) & ~ticket


def personless(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Facts of before then whose person is gone."""
    return (col(Event.at) < before) & col(Event.contact_id).is_(None)


def with_person(table: Any, moment: Any) -> Which:
    """What that moment of lies before, and still has a person."""
    return lambda before, _: (col(moment) < before) & col(table.contact_id).is_not(None)


def plain_letters(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Closed before then, of no broadcast."""
    return (col(Outbox.closed_at) < before) & col(Outbox.broadcast_id).is_(None)


def broadcast_letters(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Closed before then, of a broadcast."""
    return (col(Outbox.closed_at) < before) & col(Outbox.broadcast_id).is_not(None)


def key_of(table: Any) -> Any:
    """The number of a row; None where batches are not needed."""
    return {DeskTopic: col(DeskTopic.contact_id), JobRun: None}.get(
        table, getattr(table, "id", None)
    )
