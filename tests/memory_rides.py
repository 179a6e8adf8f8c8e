"""The social taxi in memory: as strict as `storage.rides.person.DatabaseRides`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from flows.hours import parse_hours
from flows.rides import possible
from flows.rides.port import AnswerProposal, AskRide, CancelRide, NoteWish, Ride, RideCommand
from flows.rides.rules import Point, Request, Taxi
from flows.rides.sharing import Run
from tests.conftest import START
from tests.memory_agenda import ROME

MONALE, CASTELLERO, SETTIME, ASTI, MONTAFIA = "005067", "005026", "005106", "005005", "005073"
TAXI = Taxi(
    "Taxi sociale",
    "0141 000 013",
    {
        MONALE: (Point("municipio", "Municipio"),),
        CASTELLERO: (Point("sportello", "Sportello"),),
        SETTIME: (Point("municipio", "Municipio"),),
        ASTI: (Point("stazione", "Stazione"), Point("mercato", "Mercato")),
    },
    parse_hours("mon-fri 07:00-18:00"),
    ahead=9,
    grid=120,
)
_LIVE = ("asked", "proposed", "confirmed")


class MemoryRides:
    """`flows.rides.port.Rides` for one person; ``runs`` are the drives of others."""

    def __init__(
        self,
        taxi: Taxi | None = TAXI,
        now: datetime = START,
        rides: Sequence[Ride] = (),
        runs: Sequence[Run] = (),
    ) -> None:
        self._taxi, self.now, self.zone, self.runs = taxi, now, ROME, runs
        self._rides = {ride.id: ride for ride in rides}
        self.wishes: list[NoteWish] = []

    def taxi(self) -> Taxi | None:
        return self._taxi

    def days(self) -> Sequence[date]:
        return possible.days(self._taxi, self.now, ROME) if self._taxi else ()

    def judge(self, request: Request) -> possible.Verdict:
        assert self._taxi
        return possible.judge(self._taxi, request, self.runs, self.now, ROME)

    def mine(self) -> Sequence[Ride]:
        live = (ride for ride in self._rides.values() if ride.state in _LIVE)
        ahead = (ride for ride in live if ride.request.leaves > self.now)
        return sorted(ahead, key=lambda ride: (ride.request.leaves, ride.id))

    def one(self, id: int) -> Ride | None:
        return self._rides.get(id)

    def all(self) -> Sequence[Ride]:
        return tuple(self._rides.values())

    def perform(self, command: RideCommand) -> str:
        if self._taxi is None:
            return "gone"
        match command:
            case AskRide(request):
                return self._ask(request)
            case CancelRide(id):
                return self._cancel(id)
            case AnswerProposal(id, take):
                return self._answer(id, take)
            case NoteWish():
                self.wishes.append(command)
                return "done"

    def _ask(self, request: Request) -> str:
        if self.judge(request).broken:
            return "broken"
        if len(self.mine()) >= 10:
            return "enough"
        if any(ride.request.leaves == request.leaves for ride in self.mine()):
            return "twice"
        number = max([0, *self._rides]) + 1
        self._rides[number] = Ride(number, request)
        return str(number)

    def _cancel(self, id: int) -> str:
        ride = self._rides.get(id)
        if ride is None or ride.state not in _LIVE:
            return "gone"
        assert self._taxi
        near = ride.request.leaves < self.now + self._taxi.cancel
        if ride.state == "confirmed" and near:
            return "late"
        self._rides[id] = replace(ride, state="cancelled")
        return "done"

    def _answer(self, id: int, take: bool) -> str:
        ride = self._rides.get(id)
        if ride and ride.state == "confirmed" and take:
            return "done"
        if ride is None or ride.state != "proposed":
            return "gone"
        self._rides[id] = replace(ride, state="confirmed" if take else "refused")
        return "done"


def at(text: str) -> datetime:
    """Local time of 2026: ``11-26 08:00``."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ROME)


REQUEST = Request(MONALE, ASTI, at("11-26 09:00"), 1, 0, "", "stazione", "job")
ASKED, CONFIRMED = Ride(1, REQUEST), Ride(2, REQUEST, "confirmed")
PROPOSED = Ride(3, replace(REQUEST, leaves=REQUEST.leaves + timedelta(hours=2)), "proposed")
