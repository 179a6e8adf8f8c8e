"""The waitlist, where something comes between: on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, select, update
from sqlmodel import col

from bot.correspondence import Correspondence
from flows.agenda.slots import Wish
from flows.speech import Languages
from storage.agenda import booking, waiting
from storage.models import Address, Appointment, DeskRules, Outbox, Waiting
from tests.conftest import START
from tests.memory_agenda import ROME
from tests.test_agenda_booking import (
    CV,
    book,
    desk,  # noqa: F401 a fixture
    slot_at,
    statuses,
    url,  # noqa: F401 a fixture
)


def _waiting(connection: Connection) -> list[int]:
    query = select(col(Waiting.contact_id)).where(col(Waiting.closed_at).is_(None))
    return sorted(connection.execute(query).scalars())


def _can_be_written_to(connection: Connection, *contacts: int) -> None:
    for id in contacts:
        row = {"contact_id": id, "channel": "simulator", "address": f"a{id}", "state": "ok"}
        connection.execute(insert(Address).values(**row, heard_at=START))


@pytest.mark.parametrize("minutes", [5, 30, 120])
def test_an_hour_is_held_however_short_the_hold(desk: Engine, minutes: int) -> None:  # noqa: F811
    with desk.begin() as connection:
        connection.execute(update(DeskRules).values(hold_minutes=minutes))
        waiting.wait(connection, 1, CV, None, START)
        (offer,) = waiting.offer_freed(connection, START, ROME)
        assert offer.until == START + timedelta(minutes=minutes)


def test_who_cannot_be_written_to_keeps_nobody_waiting(
    desk: Engine,  # noqa: F811
    languages: Languages,
) -> None:
    """The hour goes to the next in the same minute, and is not held again for nobody."""
    writes = Correspondence(languages, ROME)
    with desk.begin() as connection:
        _can_be_written_to(connection, 2)
        for contact in (1, 2):
            waiting.wait(connection, contact, CV, None, START)
        writes.offer_freed(connection, START)
        assert statuses(connection) == {"declined": 1, "offered": 1}
        assert _waiting(connection) == [2]
        assert connection.execute(select(col(Outbox.contact_id))).scalars().all() == [2]


def test_who_has_three_does_not_get_a_fourth_by_waiting(desk: Engine) -> None:  # noqa: F811
    with desk.begin() as connection:
        waiting.wait(connection, 1, Wish("housing", "", "castellero"), None, START)
        (offer,) = waiting.offer_freed(connection, START, ROME)
        last = [book(connection, 1, slot_at(hour)) for hour in (10, 11, 12)][-1]
        assert waiting.answer(connection, offer.appointment, 1, START, take=True) == "enough"
        booking.cancel(connection, int(last), 1, START)  # the hour is still held for them
        taken = waiting.answer(connection, offer.appointment, 1, START, take=True)
        assert taken == str(offer.appointment)


def test_who_found_an_hour_alone_waits_no_more(desk: Engine) -> None:  # noqa: F811
    with desk.begin() as connection:
        for contact in (1, 2):
            waiting.wait(connection, contact, CV, None, START)
        waiting.wait(connection, 1, Wish("housing"), None, START)
        book(connection, 1)
        assert _waiting(connection) == [1, 2]  # for housing, and the other person


def test_nobody_waits_for_what_is_past(desk: Engine) -> None:  # noqa: F811
    with desk.begin() as connection:
        id = book(connection, 1)
        waiting.wait(connection, 1, CV, int(id), START)
        begun = slot_at(9).starts
        waiting.offer_freed(connection, begun - timedelta(hours=1), ROME)
        assert _waiting(connection) == [1]
        waiting.offer_freed(connection, begun, ROME)
        assert _waiting(connection) == []


def test_who_waits_for_what_is_cancelled_does_not_wait(desk: Engine) -> None:  # noqa: F811
    with desk.begin() as connection:
        id = book(connection, 1)
        booking.cancel(connection, int(id), 1, START)
        waiting.wait(connection, 1, CV, int(id), START)
        waiting.wait(connection, 1, CV, 999, START)
        assert _waiting(connection) == []


def test_what_one_is_offered_the_next_is_not(desk: Engine) -> None:  # noqa: F811
    """Everybody is looked for in what is left after those before them."""
    with desk.begin() as connection:
        for contact in range(1, 9):
            waiting.wait(connection, contact, CV, None, START)
        offers = waiting.offer_freed(connection, START, ROME)
        assert [offer.contact_id for offer in offers] == list(range(1, 9))
        query = select(col(Appointment.starts_at), col(Appointment.room)).where(
            col(Appointment.status) == "offered"
        )
        assert len(set(connection.execute(query).all())) == 8


def test_who_waits_for_two_things_is_asked_one_at_a_time(desk: Engine) -> None:  # noqa: F811
    with desk.begin() as connection:
        waiting.wait(connection, 1, CV, None, START)
        waiting.wait(connection, 1, Wish("housing", "", "castellero"), None, START)
        (first,) = waiting.offer_freed(connection, START, ROME)
        waiting.answer(connection, first.appointment, 1, START, take=True)
        (second,) = waiting.offer_freed(connection, START, ROME)
        assert second.appointment != first.appointment
