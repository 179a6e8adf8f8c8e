"""What is kept for how long, from when, and why: the one place. The clock, the commands, the docs
and the notice for people all go by it.

GDPR art. 5(1)(c) and (e): no more and no longer than the purpose needs. The periods are the desk's
decision; where a source gives a number, the reason names it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, or_, select
from sqlmodel import col

from storage.models import (
    Appointment,
    Audit,
    DeskTopic,
    Erasure,
    Event,
    Inbox,
    Interest,
    JobRun,
    Notice,
    Outbox,
    Outcome,
    Ride,
    RideWish,
    Run,
    SimulatorMessage,
    Ticket,
    TicketMessage,
    Unanswered,
    Waiting,
)
from storage.outreach import report
from storage.tickets.group import delete_topics

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


def _words_of_over(before: datetime, _: datetime) -> ColumnElement[bool]:
    """Words of tickets that ended before then, when no letter of them is still on its way."""
    message = TicketMessage
    open_letter = exists().where(
        col(message.ticket_id) == col(Ticket.id),
        col(Outbox.id) == col(message.letter_id),
        col(Outbox.closed_at).is_(None),
    )
    over = select(col(Ticket.id)).where(col(Ticket.closed_at) < before, ~open_letter)
    return col(message.ticket_id).in_(over)


def _letters_of_over(before: datetime, now: datetime) -> ColumnElement[bool]:
    """Their letters, but for those that go as messages that were sent."""
    words = (_words_of_over(before, now), col(TicketMessage.letter_id).is_not(None))
    letters = select(col(TicketMessage.letter_id)).where(*words)
    return col(Outbox.id).in_(letters) & (col(Outbox.closed_at) >= before)


def _silent_topics(before: datetime, _: datetime) -> ColumnElement[bool]:
    recent = exists().where(
        col(Ticket.contact_id) == col(DeskTopic.contact_id),
        or_(col(Ticket.closed_at).is_(None), col(Ticket.closed_at) >= before),
    )
    return ~recent


def _unused_runs(before: datetime, _: datetime) -> ColumnElement[bool]:
    return ~exists().where(col(Ride.run_id) == col(Run.id), col(Ride.leaves_at) >= before)


def _done_notices(before: datetime, _: datetime) -> ColumnElement[bool]:
    ticket = exists().where(col(Ticket.id) == col(Notice.id))
    return (col(Notice.closed_at) < before) & ~ticket


def _personless(before: datetime, _: datetime) -> ColumnElement[bool]:
    return (col(Event.at) < before) & col(Event.contact_id).is_(None)


def _with_person(table: Any, moment: Any) -> Which:
    return lambda before, _: (col(moment) < before) & col(table.contact_id).is_not(None)


def _plain_letters(before: datetime, _: datetime) -> ColumnElement[bool]:
    return (col(Outbox.closed_at) < before) & col(Outbox.broadcast_id).is_(None)


def _broadcast_letters(before: datetime, _: datetime) -> ColumnElement[bool]:
    return (col(Outbox.closed_at) < before) & col(Outbox.broadcast_id).is_not(None)


# What another rule's rows hold on to comes first: so a dry run counts what a run deletes.
RULES = (
    Rule(
        "messages_sent",
        "messages to people, as they were sent",
        "outbox",
        days(7),
        "sent, failed or cancelled",
        "to find out what became of them; of broadcasts the counts stay",
        (Part(Outbox, _plain_letters), Part(Outbox, _broadcast_letters, first=report.fold)),
    ),
    Rule(
        "deliveries",
        "the provider's number of a message from a person (its text goes when it is answered)",
        "inbox",
        days(7),
        "answered",
        "a message that is delivered twice is known; Telegram's numbers start anew after a week",
        (Part(Inbox, older(Inbox.handled_at)),),
    ),
    Rule(
        "trial_chats",
        "chats of the trial page",
        "simulator_message",
        days(7),
        "written",
        "somebody who tries it can go on the next day",
        (Part(SimulatorMessage, older(SimulatorMessage.at)),),
    ),
    Rule(
        "unanswered_questions",
        "questions that were not understood, scrubbed, of who agreed",
        "unanswered",
        days(30),
        "asked",
        "long enough for somebody of the desk to look at them once a month",
        (Part(Unanswered, older(Unanswered.at)),),
    ),
    Rule(
        "ticket_words",
        "what was written between a person and the desk, and their topic in the operators' group",
        "ticket_message, outbox, desk_topic",
        days(7),
        "the ticket ended",
        "the person may still come back to it in the next days",
        (
            Part(Outbox, _letters_of_over),
            Part(TicketMessage, _words_of_over),
            Part(DeskTopic, _silent_topics, instead=delete_topics),
        ),
    ),
    Rule(
        "notices",
        "notices to the operators that are done",
        "notice",
        days(365),
        "done",
        "a look back over one year of work; of an erased person it says only that there was one",
        (Part(Notice, _done_notices),),
    ),
    Rule(
        "tickets",
        "that there was a ticket: when, why, who answered",
        "ticket",
        days(90),
        "it ended",
        "how long people wait is looked at once a quarter",
        (Part(Ticket, older(Ticket.closed_at)),),
    ),
    Rule(
        "rides",
        "rides with the social taxi",
        "ride, run",
        days(90),
        "it left",
        "the drivers' books are settled once a quarter",
        (Part(Ride, older(Ride.leaves_at)), Part(Run, _unused_runs)),
    ),
    Rule(
        "ride_wishes_person",
        "whose a ride was that could not be met (then only the wish is left)",
        "ride_wish",
        days(90),
        "asked",
        "so that one person who asks five times does not count as five",
        (Part(RideWish, _with_person(RideWish, RideWish.at), {"contact_id": None}),),
    ),
    Rule(
        "ride_wishes",
        "rides that could not be met, without the person",
        "ride_wish",
        days(730),
        "asked",
        "to plan next year's timetable with last year's wishes",
        (Part(RideWish, older(RideWish.at)),),
    ),
    Rule(
        "past_appointments",
        "whose a past appointment was (then only the hour is left)",
        "appointment",
        days(365),
        "the hour",
        "the desk sees what was talked about with whom, until the yearly report",
        (
            Part(
                Appointment,
                _with_person(Appointment, Appointment.ends_at),
                {"contact_id": None},
            ),
        ),
    ),
    Rule(
        "waiting",
        "that somebody would have come earlier",
        "waiting",
        days(90),
        "it was over",
        "no use after the appointment; a season for questions about it",
        (Part(Waiting, older(Waiting.closed_at)),),
    ),
    Rule(
        "interests",
        '"I am interested": person and offer',
        "interest",
        days(365),
        "said",
        "no offer stands longer; the desk has called them long before",
        (Part(Interest, older(Interest.at)),),
    ),
    Rule(
        "outcomes",
        "how far they came with a job or a course: person, offer, rung",
        "outcome",
        days(365),
        "last said",
        "a year after the last word nothing is asked any more, and the yearly report is written",
        (Part(Outcome, older(Outcome.said_at)),),
    ),
    Rule(
        "audit",
        "which operator looked at or changed what (numbers of people, never their words)",
        "audit",
        days(731),
        "done",
        "whoever asks who looked at their data must be answered; administrators' access logs are "
        "kept six months at least (Garante, 27 November 2008, doc. web 1577499)",
        (Part(Audit, older(Audit.at)),),
    ),
    Rule(
        "events",
        "facts we count, whose person is gone (flow, step, key)",
        "event",
        days(5 * 365),
        "it happened",
        "years are compared; nobody is in them",
        (Part(Event, _personless),),
    ),
    Rule(
        "job_runs",
        "that a daily job was done",
        "job_run",
        days(90),
        "done",
        "so that it is not done twice; nobody is in it",
        (Part(JobRun, older(JobRun.at)),),
    ),
    Rule(
        "erasures",
        "the number of somebody who was erased, and when",
        "erasure",
        days(730),
        "erased",
        "longer than any backup is kept: who was erased is erased again when one is restored",
        (Part(Erasure, older(Erasure.at)),),
    ),
)

INACTIVE = Rule(
    "inactive_people",
    "everything about a person who does not write any more",
    "contact, address, conversation, consent, search, alerted, tag and the rest",
    None,
    "they last wrote (settings: INACTIVE_MONTHS)",
    "who needs the desk again comes back within two years; no law gives a number. "
    "An orientation: the Garante lets data on habits be kept 24 months at most for sending offers "
    "(24 February 2005, doc. web 1103045)",
)

WITH_PERSON = (
    Rule(
        "consents",
        "each yes or no: purpose, version and fingerprint of the words, language, channel, time",
        "consent",
        None,
        "as the person is there",
        "a consent must be provable while it is used (GDPR art. 7(1)); after an erasure nothing is "
        "left that needs the proof",
    ),
    Rule(
        "publications",
        "published statistics: numbers of five people or more, rounded",
        "publication",
        None,
        "as they are of use",
        "they are public, and nobody is in them",
    ),
)


def key_of(table: Any) -> Any:
    """The number of a row; None where batches are not needed."""
    return {DeskTopic: col(DeskTopic.contact_id), JobRun: None}.get(
        table, getattr(table, "id", None)
    )
