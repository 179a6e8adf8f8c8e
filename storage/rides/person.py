"""The social taxi as one person sees it, and what they may have done there."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from flows.rides import possible
from flows.rides.port import AnswerProposal, AskRide, CancelRide, NoteWish, Ride, RideCommand
from flows.rides.rules import Request, Taxi
from flows.rides.sharing import Run
from storage import notices
from storage.audit import By
from storage.content.providers import BY_ITSELF
from storage.models import Ride as Row
from storage.rides import drives, states
from storage.rides.rules import load_taxi

MOST = 10
"""Rides one person may be waiting for or have ahead: to work and back for a week."""

CALLED_OFF = "Ride {id} is cancelled by the person: nobody is to drive"
TAKEN = "Ride {id}: the time you proposed suits the person, the car is to come"
REFUSED = "Ride {id}: the time you proposed does not suit the person"
_RIDE: Any = Row.__table__  # type: ignore[attr-defined]


class DatabaseRides:
    """`flows.rides.port.Rides` for one contact, in one transaction; each thing is read once."""

    def __init__(
        self, connection: Connection, contact_id: int, now: datetime, zone: ZoneInfo, channel: str
    ) -> None:
        self._connection, self._contact_id, self._channel = connection, contact_id, channel
        self._now, self.zone = now, zone
        self._taxi: tuple[Taxi | None] | None = None
        self._mine: Sequence[Ride] | None = None
        self._runs: Sequence[Run] | None = None

    def taxi(self) -> Taxi | None:
        """The rules, or None where there is no such service."""
        if self._taxi is None:
            today = self._now.astimezone(self.zone).date()
            self._taxi = (load_taxi(self._connection, today),)
        return self._taxi[0]

    def days(self) -> Sequence[date]:
        """The days on which one may ask for a ride, the soonest first."""
        taxi = self.taxi()
        return possible.days(taxi, self._now, self.zone) if taxi else ()

    def judge(self, request: Request) -> possible.Verdict:
        """What it breaks, and what is possible instead."""
        taxi = self.taxi()
        assert taxi is not None, "nothing is asked of a service that does not exist"
        if self._runs is None:
            self._runs = drives.runs(self._connection, self._now, self.zone)
        return possible.judge(taxi, request, self._runs, self._now, self.zone)

    def mine(self) -> Sequence[Ride]:
        """Their own that are not over, the soonest first."""
        if self._mine is None:
            which = (_RIDE.c.status.in_(drives.LIVE), _RIDE.c.leaves_at > self._now)
            self._mine = self._read(*which)
        return self._mine

    def one(self, id: int) -> Ride | None:
        """A ride of this person, whatever became of it."""
        return next(iter(self._read(_RIDE.c.id == id)), None)

    def perform(self, command: RideCommand) -> str:
        """Do it; the result is as the command promises."""
        taxi = self.taxi()
        if taxi is None:
            return "gone"
        drives.lock(self._connection)
        self._mine = self._runs = None
        by = states.Change(self._now, self.zone, taxi, self._channel)
        match command:
            case AskRide(request):
                return self._ask(request, by)
            case CancelRide(id):
                return self._cancel(id, by)
            case AnswerProposal(id, take):
                return self._answer(id, by, take=take)
            case NoteWish():
                states.note_wish(self._connection, self._contact_id, command, by)
                return "done"

    def _read(self, *which: Any) -> list[Ride]:
        query = select(_RIDE).where(_RIDE.c.contact_id == self._contact_id, *which)
        rows = self._connection.execute(query.order_by(_RIDE.c.leaves_at, _RIDE.c.id))
        return [ride_of(row, self.zone) for row in rows]

    def _ask(self, request: Request, by: states.Change) -> str:
        if self.judge(request).broken:
            return "broken"
        if len(self.mine()) >= MOST:
            return "enough"
        self._mine = None
        id = states.add(self._connection, self._contact_id, request, by)
        if id is None:
            return "twice"
        tell(self._connection, id, "Ride {id} waits for an answer: rides list", by.now)
        return str(id)

    def _cancel(self, id: int, by: states.Change) -> str:
        row = self._live(id)
        if row is None:
            return "gone"
        if row.status == "confirmed" and row.leaves_at < by.now + by.taxi.cancel:
            return "late"
        states.end(self._connection, row, "cancelled", by)
        if row.status == "confirmed":
            tell(self._connection, id, CALLED_OFF, by.now)
        return "done"

    def _answer(self, id: int, by: states.Change, *, take: bool) -> str:
        row = self._live(id)
        if row is not None and row.status == "confirmed" and take:
            return "done"  # tapped twice
        if row is None or row.status != "proposed" or row.answer_by <= by.now:
            return "gone"
        if take:
            states.confirm(self._connection, row, by)
        else:
            states.end(self._connection, row, "refused", by)
        tell(self._connection, id, TAKEN if take else REFUSED, by.now)
        return "done"

    def _live(self, id: int) -> Any:
        row = states.live(self._connection, id)
        return row if row is not None and row.contact_id == self._contact_id else None


def tell(connection: Connection, id: int, text: str, now: datetime) -> None:
    """The operators see it in `inbox list`."""
    by = By(BY_ITSELF, now)
    notices.add(connection, by, "ride", f"ride:{id}", text.format(id=id))


def ride_of(row: Any, zone: ZoneInfo) -> Ride:
    """A row as flows and letters see it."""
    return Ride(row.id, drives.request_of(row, zone), row.status)
