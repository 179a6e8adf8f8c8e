"""Letters about rides: answers of the operators, reminders, and that time ran out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.correspondence import Correspondence
from flows.messages import Outbound
from flows.rides import letters
from flows.rides.port import Ride
from flows.speech import Speech
from storage.gazetteer import load_gazetteer
from storage.rides import due
from storage.rides.person import ride_of
from storage.rides.rules import load_taxi
from storage.rides.states import Change, live

Write = Callable[[Speech], Outbound]


def change(connection: Connection, now: datetime, post: Correspondence) -> Change | None:
    """What a transaction about rides works with; None where there is no such service."""
    taxi = load_taxi(connection, now.astimezone(post.zone).date())
    return Change(now, post.zone, taxi) if taxi else None


def write_due(connection: Connection, now: datetime, post: Correspondence) -> None:
    """Reminders, and a word to whoever nobody answered."""
    by = change(connection, now, post)
    if by is None:
        return
    for contact_id, ride in due.lapse(connection, by):
        not_possible(connection, contact_id, ride, by, post)
    for contact_id, ride in due.claim_reminders(connection, by):
        _about(connection, contact_id, ride, by, post, letters.reminder)


def confirmed(connection: Connection, row: Any, by: Change, post: Correspondence) -> bool:
    """The car comes; False when the person cannot be written to."""
    ride = ride_of(live(connection, row.id), by.zone)
    return _about(connection, row.contact_id, ride, by, post, letters.confirmed)


def proposed(connection: Connection, row: Any, by: Change, post: Correspondence) -> bool:
    """Another time; ``row`` is the ride as it was before."""
    now = live(connection, row.id)
    ride, wanted = ride_of(now, by.zone), now.wanted_at.astimezone(by.zone)
    places = load_gazetteer()
    return post.post(
        connection,
        row.contact_id,
        lambda speech: letters.proposed(ride, wanted, by.taxi, speech, places),
        by.now,
        about=f"ride:{ride.id}",
        until=now.answer_by,
    )


def declined(connection: Connection, row: Any, by: Change, post: Correspondence) -> bool:
    """The operators said no; ``row`` is the ride as it was before."""
    return not_possible(connection, row.contact_id, ride_of(row, by.zone), by, post)


def not_possible(
    connection: Connection, contact_id: int, ride: Ride, by: Change, post: Correspondence
) -> bool:
    """It cannot be."""
    return post.post(
        connection,
        contact_id,
        lambda speech: letters.not_possible(ride, by.taxi, speech),
        by.now,
        until=ride.request.leaves,
    )


def _about(
    connection: Connection,
    contact_id: int,
    ride: Ride,
    by: Change,
    post: Correspondence,
    write: Callable[..., Outbound],
) -> bool:
    places = load_gazetteer()
    return post.post(
        connection,
        contact_id,
        lambda speech: write(ride, by.taxi, speech, places),
        by.now,
        about=f"ride:{ride.id}",
        until=ride.request.leaves,
    )
