"""The agenda as one person sees it, and what they may have done there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, or_, select, update
from sqlmodel import col

from flows.agenda.port import (
    AgendaCommand,
    AnswerOffer,
    Appointment,
    BookAppointment,
    CancelAppointment,
    ConfirmAppointment,
    Opening,
    WaitForSlot,
)
from flows.agenda.rules import Place, Rules, Span
from flows.agenda.slots import Slot, Wish, free, next_open
from storage.agenda import booking, rules, waiting
from storage.models import Appointment as Row
from storage.models import Waiting


class DatabaseAgenda:
    """`flows.agenda.port.Agenda` for one contact, in one transaction; each thing is read once."""

    def __init__(
        self, connection: Connection, contact_id: int, now: datetime, zone: ZoneInfo
    ) -> None:
        self._connection, self._contact_id = connection, contact_id
        self._now, self.zone = now, zone
        self._rules: Rules | None = None
        self._free: dict[Wish, Sequence[Slot]] = {}
        self._mine: Sequence[Appointment] | None = None

    @property
    def rules(self) -> Rules:
        """What makes an hour bookable."""
        if self._rules is None:
            today = self._now.astimezone(self.zone).date()
            self._rules = rules.load_rules(self._connection, today)
        return self._rules

    def places(self) -> Sequence[Place]:
        """Where one can meet the desk."""
        return self.rules.places

    def opening(self) -> Opening | None:
        """Where somebody is there now, else where next."""
        found = next_open(self.rules, self._now, self.zone)
        return opening_of(found, self._now, self.zone) if found else None

    def languages(self) -> frozenset[str]:
        """What is spoken there, mediators included."""
        return frozenset().union(*(one.languages for one in self.rules.staff))

    def free(self, wish: Wish) -> Sequence[Slot]:
        """The free hours, the soonest first."""
        if wish not in self._free:
            taken = booking.taken(self._connection, self._now)
            self._free[wish] = list(free(self.rules, wish, taken, self._now, self.zone))
        return self._free[wish]

    def ever(self, wish: Wish) -> bool:
        """Whether there are such hours at all, free or taken."""
        return any(free(self.rules, wish, (), self._now, self.zone))

    def mine(self) -> Sequence[Appointment]:
        """Their own, still to come, the soonest first; freed hours held for them too."""
        if self._mine is None:
            self._mine = upcoming(self._connection, self._contact_id, self._now, self.zone)
        return self._mine

    def perform(self, command: AgendaCommand) -> str:
        """Do it; the result is as the command promises."""
        self._free, self._mine = {}, None
        connection, mine, now = self._connection, self._contact_id, self._now
        match command:
            case BookAppointment(wish, key, moves):
                slot = booking.slot_at(self.rules, key, wish.topic)
                if slot is None:
                    return "taken"
                return str(
                    booking.book(
                        connection, booking.Booking(mine, wish, slot, moves), now, self.zone
                    )
                )
            case CancelAppointment(id):
                return "done" if booking.cancel(connection, id, mine, now) else "gone"
            case ConfirmAppointment(id):
                return "done" if confirm(connection, id, mine, now) else "gone"
            case WaitForSlot(wish, appointment):
                waiting.wait(connection, mine, wish, appointment or None, now)
                return "done"
            case AnswerOffer(id, take):
                return waiting.answer(connection, id, mine, now, take=take)


def opening_of(found: tuple[Place, Span], now: datetime, zone: ZoneInfo) -> Opening:
    """In the desk's own time."""
    place, span = found
    starts, ends = span.start.astimezone(zone), span.end.astimezone(zone)
    return Opening(place, starts, ends, now=span.start <= now)


def confirm(connection: Connection, id: int, contact_id: int, now: datetime) -> bool:
    """Note that they come; False when it is not theirs or over."""
    which = and_(col(Row.id) == id, col(Row.contact_id) == contact_id, col(Row.status) == "booked")
    return connection.execute(update(Row).where(which).values(confirmed_at=now)).rowcount == 1


def upcoming(
    connection: Connection, contact_id: int, now: datetime, zone: ZoneInfo
) -> list[Appointment]:
    """A person's appointments that are not over, and the hours held for them."""
    which = and_(
        col(Row.contact_id) == contact_id,
        col(Row.ends_at) > now,
        or_(
            col(Row.status) == "booked",
            and_(col(Row.status) == "offered", col(Row.held_until) > now),
        ),
    )
    return read(connection, which, zone)


def read(connection: Connection, which: Any, zone: ZoneInfo) -> list[Appointment]:
    """Appointments as a flow and a letter see them, the soonest first."""
    table: Any = Row.__table__  # type: ignore[attr-defined]
    rows = connection.execute(select(table).where(which).order_by(table.c.starts_at)).all()
    if not rows:
        return []
    places, names = rules.places(connection), rules.names(connection)
    query = select(col(Waiting.appointment_id)).where(col(Waiting.closed_at).is_(None))
    waits = set(connection.execute(query).scalars())
    return [_appointment(row, places, names, waits, zone) for row in rows]


def _appointment(
    row: Any,
    places: dict[str, Place],
    names: dict[str, str],
    waits: set[int | None],
    zone: ZoneInfo,
) -> Appointment:
    return Appointment(
        row.id,
        row.topic,
        places[row.place],
        row.starts_at.astimezone(zone),
        (row.ends_at - row.starts_at).seconds // 60,
        row.language,
        names.get(row.colleague, ""),
        names.get(row.mediator, ""),
        row.status,
        confirmed=row.confirmed_at is not None,
        waits=row.id in waits,
    )
