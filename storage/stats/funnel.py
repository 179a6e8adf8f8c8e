"""Where people stop: question by question in the intake, and from a list of offers to interest."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlmodel import col

from flows.desk import TOPICS
from flows.intake import intake
from storage.models import Appointment, Interest, Listing, Ticket
from storage.stats.crowds import NOBODY, Crowd, crowd
from storage.stats.facts import Facts, done
from storage.stats.happened import What
from storage.stats.persons import Persons, by_group
from storage.stats.scope import Scope
from storage.stats.table import ALL, Row, Table, key, people

_STEPS = [step.name for step in intake.steps]


def intake_steps(facts: Facts, persons: Persons) -> Table:
    """The funnel of everybody, then of each language."""
    groups = {ALL: crowd(persons), **by_group(persons, "language")}
    asked, answered = (by_step(facts.who(kind, "intake")) for kind in ("asked", "answered"))
    reached = {
        (step, name): some & group
        for step, some in asked.items()
        for name, group in groups.items()
        if some & group
    }
    where = sorted(reached, key=lambda which: (which[1] != ALL, which[1], _order(which[0])))
    return Table(
        "intake",
        "Different people who were asked each question of the intake, and of each language.",
        _COLUMNS,
        tuple(_row(which, reached[which], answered.get(which[0], NOBODY)) for which in where),
        parts=("answered", "left"),
        whole="reached",
        block=1,
        in_order=True,
    )


def by_step(did: dict[What, Crowd]) -> dict[str, Crowd]:
    """Who did something of it, step by step."""
    found: dict[str, Crowd] = defaultdict(int)
    for what, some in did.items():
        found[what.step] |= some
    return found


def offers(facts: Facts, persons: Persons) -> Table:
    """From a topic to one of its offers, and on to "I am interested"."""
    connection = facts.connection
    found = connection.execute(select(col(Listing.id), col(Listing.topic)))
    topics = {row[0]: row[1] for row in found}
    listed, looked = (defaultdict[str, Crowd](int) for _ in range(2))
    everybody = crowd(persons)
    for kind in ("started", "answered"):
        for (_, _, step, what), some in facts.who(kind, "browse").items():
            if what in TOPICS and (kind == "started" or step == "topic"):
                listed[what] |= some & everybody
            if step == "offer" and what in topics:
                looked[topics[what]] |= some & everybody
    keen, reached = _interested(facts, persons, topics)
    rows: list[Row] = [
        (
            topic,
            *(found[topic].bit_count() for found in (listed, looked)),
            *(len(found[topic]) for found in (keen, reached)),
        )
        for topic in TOPICS
    ]
    return Table(
        "offers",
        "Different people who looked through offers, by topic.",
        (
            key("topic", "What the offers are about."),
            people("listed", "Opened the list of the topic."),
            people("looked", "Opened an offer from a list."),
            people("interested", "Said that they are interested in an offer that still exists."),
            people(
                "contacted",
                "Of the interested, in the period: said that they were in contact about such an "
                "offer, or were later answered by a person of the desk or seen at an appointment.",
            ),
        ),
        tuple(rows),
        in_order=True,
    )


_Found = dict[str, set[int]]


def _interested(facts: Facts, persons: Persons, topics: dict[str, str]) -> tuple[_Found, _Found]:
    """By topic who was interested, and of them who said that they were in contact, or whom the
    desk has met or answered since.
    """
    connection, scope = facts.connection, facts.scope
    keen, reached = (defaultdict[str, set[int]](set) for _ in range(2))
    met = _met(connection, scope)
    said = {
        (what.flow, contact)
        for contact, what in done(facts, persons, ("outcome",))
        if what.step == "contacted"
    }
    query = select(col(Interest.contact_id), col(Interest.listing_id), col(Interest.at)).where(
        col(Interest.at) >= scope.starts, col(Interest.at) < scope.ends
    )
    for contact, listing, at in connection.execute(query):
        if contact in persons:
            keen[topics[listing]].add(contact)
            since = contact in met and met[contact] >= at
            if since or (topics[listing], contact) in said:
                reached[topics[listing]].add(contact)
    return keen, reached


def _met(connection: Connection, scope: Scope) -> dict[int, datetime]:
    """When in the period somebody was last answered by the desk, or came to it."""
    a, t = Appointment, Ticket
    came = select(col(a.contact_id), func.max(col(a.starts_at))).where(
        col(a.status) == "attended", col(a.starts_at) >= scope.starts, col(a.starts_at) < scope.ends
    )
    replied: Any = col(t.first_reply_at)
    answered = select(col(t.contact_id), func.max(replied)).where(
        replied >= scope.starts, replied < scope.ends
    )
    found: dict[int, datetime] = {}
    for query in (came.group_by(col(a.contact_id)), answered.group_by(col(t.contact_id))):
        for contact, at in connection.execute(query):
            if contact is not None:
                found[contact] = max(at, found.get(contact, at))
    return found


def _order(step: str) -> int:
    return _STEPS.index(step) if step in _STEPS else len(_STEPS)


def _row(which: tuple[str, str], reached: Crowd, answered: Crowd) -> Row:
    stayed, all_ = (answered & reached).bit_count(), reached.bit_count()
    return (*which, stayed, all_ - stayed, all_)


_COLUMNS = (
    key("step", "The question."),
    key("language", "The language of their conversation."),
    people("answered", "Answered or skipped it in the period."),
    people("left", "Were asked it and have not answered in the period."),
    people("reached", "Were asked it in the period."),
)
