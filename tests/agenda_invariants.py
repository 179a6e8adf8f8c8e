"""What must hold of the agenda at every moment, whoever does what beside whom."""

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select

from flows.agenda.slots import quarters
from storage.agenda.booking import LIVE, MOST
from storage.agenda.operators import stranded
from storage.models import Appointment, Hold, Waiting
from tests.memory_agenda import ROME


def rows(connection: Connection, model: Any) -> list[Any]:
    """All of a table."""
    return list(connection.execute(select(model.__table__)))


def every_live_appointment_holds_its_hour_and_nothing_else_does(connection: Connection) -> None:
    held = Counter(hold.appointment_id for hold in rows(connection, Hold))
    for row in rows(connection, Appointment):
        parties = 2 + bool(row.mediator) + (row.contact_id is not None)
        wanted = parties * len(quarters(row.starts_at, row.ends_at))
        assert held.pop(row.id, 0) == (wanted if row.status in LIVE else 0), row
    assert not held


def nobody_and_nothing_is_in_two_places(connection: Connection) -> None:
    """Told from the appointments alone, by the minute: no word of how it is prevented."""
    busy: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in rows(connection, Appointment):
        if row.status in LIVE:
            room = f"room:{row.place}:{row.room}"
            for who in (row.colleague, row.mediator or None, row.contact_id, room):
                if who is not None:
                    busy.setdefault(str(who), []).append((row.starts_at, row.ends_at))
    for who, spans in busy.items():
        spans.sort()
        for (_, ends), (starts, _) in pairwise(spans):
            assert ends <= starts, who


def nobody_is_expected_at_a_closed_door(connection: Connection, now: datetime) -> None:
    assert list(stranded(connection, now, ROME)) == []


def who_waits_to_come_earlier_has_a_live_appointment(connection: Connection) -> None:
    live = {row.id for row in rows(connection, Appointment) if row.status == "booked"}
    for row in rows(connection, Waiting):
        assert row.closed_at is not None or row.appointment_id in {None, *live}


def nobody_has_more_than_they_may(connection: Connection, now: datetime) -> None:
    found = rows(connection, Appointment)
    ahead = Counter(r.contact_id for r in found if r.status == "booked" and r.ends_at > now)
    offers = Counter(row.contact_id for row in found if row.status == "offered")
    del ahead[None]
    assert all(count <= MOST for count in ahead.values()), ahead
    assert all(count == 1 for count in offers.values()), offers


def everything_holds(connection: Connection, now: datetime) -> None:
    """All of it."""
    every_live_appointment_holds_its_hour_and_nothing_else_does(connection)
    nobody_and_nothing_is_in_two_places(connection)
    nobody_is_expected_at_a_closed_door(connection, now)
    who_waits_to_come_earlier_has_a_live_appointment(connection)
    nobody_has_more_than_they_may(connection, now)
