"""What operators do with rides, for tests that are about something else."""

from datetime import datetime

from sqlalchemy import Connection

from bot import ride_letters
from bot.correspondence import Correspondence
from bot.runtime import Parts
from flows.rides.rules import Request
from storage.audit import By
from storage.rides import drives, operators, states
from tests.memory_agenda import ROME
from tests.memory_rides import CASTELLERO, SETTIME


def answer_ride(
    connection: Connection, parts: Parts, answer: str, number: int, moment: str = ""
) -> None:
    """``confirm``, ``decline`` or ``propose`` (with a ``moment``), and the person is told."""
    post, who = Correspondence(parts.languages, ROME), By("anna", parts.now())
    by, row = ride_letters.change(connection, parts.now(), post), states.live(connection, number)
    assert by and row, number
    if answer == "propose":
        leaves = datetime.fromisoformat(moment).replace(tzinfo=ROME)
        assert operators.propose(connection, row, leaves, by, who) == ""
        assert ride_letters.proposed(connection, row, by, post)
    elif answer == "decline":
        operators.decline(connection, row, by, who)
        assert ride_letters.declined(connection, row, by, post)
    else:
        assert operators.confirm(connection, row, by, who) == ""
        assert ride_letters.confirmed(connection, row, by, post)


def take_every_car(connection: Connection, parts: Parts, leaves: datetime) -> None:
    """Somebody else's confirmed rides, until no car is free then."""
    by = ride_letters.change(connection, parts.now(), Correspondence(parts.languages, ROME))
    assert by
    for _ in range(by.taxi.cars):
        id = states.add(connection, None, Request(SETTIME, CASTELLERO, leaves, 4), by)
        row = states.live(connection, id or 0)
        assert states.confirm(connection, row, by)
    assert not drives.board(
        connection, 0, drives.request_of(row, ROME), by.taxi, drives.runs(connection, by.now, ROME)
    )
