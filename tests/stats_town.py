"""A town to count in: what happens is written in the database and in the plain lists."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, delete, update
from sqlmodel import col

from storage.models import (
    Appointment,
    Broadcast,
    Conversation,
    Event,
    Interest,
    Listing,
    Outbox,
    RideWish,
    Ticket,
)
from storage.models.records import Notice
from storage.outreach import report
from tests.memory_rides import MONALE, SETTIME
from tests.slow_world import Fact, Meeting, Offer, Request, Sending, Somebody, Wish, World
from tests.test_stats import person, put

PEOPLE = 6
HOURS = {
    "mon-fri 08:00-14:00": ("morning", "afternoon"),
    "sat 18:00-22:00": ("evening", "weekend"),
    "tue 11:30-13:00": ("afternoon",),
    "mon 22:30-06:30; wed 18:15-19:15": ("night", "early", "evening"),
    "by arrangement": (),
    "": (),
}
"""Of offers, and the parts of the week in which they are open for an hour at least."""


def a_town(connection: Connection) -> World:
    """Six people, one of whom writes for the first time in the period's last hours; two offers."""
    world = World()
    for id in range(1, PEOPLE + 1):
        one = _somebody(id)
        person(connection, id, one.language, one.created, **_profile(one))
        world.people[id] = one
    for name, topic in (("job1", "job"), ("home1", "housing")):
        offer(connection, world, Offer(name, topic, SETTIME), "")
    made = datetime(2026, 10, 31, 10, tzinfo=UTC)
    for place, (who, status) in enumerate(((1, "attended"), (2, "no_show"), (3, "moved"))):
        meet(connection, world, Meeting(who, "cv", status, made, made + timedelta(days=place + 1)))
    opened = made - timedelta(hours=5)
    request(connection, world, Request(1, "asked", opened, closed=made))
    request(connection, world, Request(4, "asked", opened))
    wish(connection, world, Wish(2, MONALE, "from", made))
    like(connection, world, 1, "job1", made)
    return world


def _somebody(id: int) -> Somebody:
    one = Somebody(id, "fr" if id % 2 else "ur", datetime(2026, 2, 26 + id % 3, 12, tzinfo=UTC))
    one.comune = ("", SETTIME, MONALE)[id % 3]
    one.needs = (("job",), ("job", "childcare"), ())[id % 3]
    one.times = ("evening", "weekend") if id % 2 else ("morning",)
    one.sectors = {1: ("care",), 2: ("care", "green"), 6: ("green",)}.get(id, ())
    one.experience = {1: "year", 2: "none", 6: "years"}.get(id, "")
    if id == PEOPLE:
        one.created, one.age = datetime(2026, 10, 31, 22, 30, tzinfo=UTC), "25_34"
    return one


def _profile(one: Somebody) -> dict[str, object]:
    told = {"comune": one.comune, "age": one.age, "experience": one.experience}
    many = {"needs": one.needs, "sectors": one.sectors, "times": one.times}
    return told | {name: list(some) for name, some in many.items()}


def move(connection: Connection, one: Somebody, comune: str) -> None:
    """Somebody lives elsewhere from now on."""
    one.comune = comune
    state = json.dumps({"language": one.language, "profile": _profile(one)})
    of = col(Conversation.contact_id) == one.id
    connection.execute(update(Conversation).where(of).values(state=state))


def fact(connection: Connection, world: World, one: Fact) -> None:
    """An event."""
    world.facts.append(one)
    event = Event(contact_id=one.who, kind=one.kind, channel=one.channel, at=one.at)
    event.flow, event.step, event.key = one.flow, one.step, one.key
    put(connection, event)


def listing(id: str, topic: str) -> Listing:
    """One that nobody sees any more."""
    day = date(2026, 1, 1)
    days = {"valid_from": day, "valid_until": day, "checked_on": day}
    words = {"organisation": "o", "phone": "1", "checked_by": "anna", "source": "phone"}
    where = {"comune": SETTIME, "status": "paused"}
    return Listing.model_validate({"id": id, "topic": topic, **days, **words, **where})


def offer(connection: Connection, world: World, one: Offer, hours: str) -> None:
    """A listing that is open at these hours."""
    one.parts = HOURS[hours]
    world.offers[one.id] = one
    row = listing(one.id, one.topic)
    row.comune, row.places, row.status = one.comune, one.places, one.status
    row.valid_from, row.valid_until, row.shown_at = one.first, one.last, one.since
    told = {"sector": one.sector, "hours": hours}
    row.details = {name: value for name, value in told.items() if value}
    put(connection, row)


def like(connection: Connection, world: World, who: int, id: str, at: datetime) -> None:
    """Somebody is interested: once in each offer."""
    if (who, id) not in {one[:2] for one in world.interests}:
        put(connection, Interest(contact_id=who, listing_id=id, at=at))
        world.interests.append((who, id, at))


def meet(connection: Connection, world: World, one: Meeting) -> None:
    """An appointment."""
    row = Appointment(contact_id=one.who, place="p", colleague="c", room=1, topic=one.topic)
    row.status, row.created_at = one.status, one.made
    row.starts_at = row.ends_at = one.starts
    put(connection, row)
    world.meetings.append(one)


def request(connection: Connection, world: World, one: Request) -> None:
    """A ticket; where one is open already, this one was closed at once."""
    if any(other.who == one.who and not other.closed for other in world.requests):
        one = replace(one, closed=one.closed or one.opened)
    id = next(world.numbers)
    put(connection, Notice(id=id, at=one.opened, kind="person", text=""))
    row = Ticket(id=id, contact_id=one.who, reason=one.reason, urgency=2, listens=True)
    row.opened_at = row.heard_at = one.opened
    row.first_reply_at, row.closed_at = one.replied, one.closed
    put(connection, row)
    world.requests.append(one)


def wish(connection: Connection, world: World, one: Wish) -> None:
    """A ride that could not be, on a day of its own."""
    day = date(2026, 3, 1) + timedelta(days=next(world.numbers))
    row = RideWish(origin=one.origin, destination=SETTIME, day=day, reason=one.reason, at=one.at)
    row.contact_id, row.band = one.who, one.band
    put(connection, row)
    world.wishes.append(one)


def send(connection: Connection, world: World, one: Sending) -> None:
    """A broadcast and its messages."""
    row = Broadcast(id=one.id, name=one.name, created_by="anna", created_at=one.started)
    row.started_at = one.started
    put(connection, row)
    for letter in one.letters:
        message = Outbox(
            channel="simulator", address=f"a{letter.who}", body="{}", origin="broadcast"
        )
        message.contact_id, message.broadcast_id = letter.who, one.id
        message.status, message.due_at = letter.status, letter.queued
        message.created_at, message.closed_at = letter.queued, letter.closed
        put(connection, message)
    world.sendings.append(one)


def tidy(connection: Connection, world: World, most: int) -> None:
    """Closed messages of the first so many people are deleted, once they are counted."""
    closed = col(Outbox.closed_at).is_not(None) & (col(Outbox.contact_id) <= most)
    report.fold(connection, closed)
    connection.execute(delete(Outbox).where(closed))
    world.tidy(most)
