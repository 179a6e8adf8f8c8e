"""The desk's agenda in memory: as strict as `storage.agenda.person.DatabaseAgenda`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

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
from flows.agenda.rules import TOPICS, Colleague, Place, Rules
from flows.agenda.slots import Crew, Slot, Wish, crews, free, next_open, quarters, slot_of
from flows.hours import parse_hours
from storage.agenda.person import opening_of
from tests.conftest import START

ROME = ZoneInfo("Europe/Rome")
FEW = Rules(
    places=(
        Place("castellero", "Sportello delle opportunità", "005026", "Via della Demo 8",
              "0141 000 011", parse_hours("wed 14:00-15:30")),
        Place("phone", "Telefono", "", "", "0141 000 011", parse_hours("thu 09:00-10:00"),
              phone_only=True),
    ),
    staff=(
        Colleague("anna", "Anna", frozenset({"it", "en"})),
        Colleague("amal", "Amal", frozenset({"ar", "bn", "fa"}), mediates=True),
    ),
    topics=dict.fromkeys(TOPICS, 30),
    notice=timedelta(hours=12),
    ahead=9,
)  # fmt: skip


class MemoryAgenda:
    """`flows.agenda.port.Agenda` for one person, who is alone in it."""

    def __init__(
        self, rules: Rules = FEW, now: datetime = START, booked: Sequence[Appointment] = ()
    ) -> None:
        self.rules, self.now, self.zone = rules, now, ROME
        self._booked = {one.id: one for one in booked}
        self._waits: set[int] = set()
        self._free: dict[Wish, Sequence[Slot]] = {}
        self.full = False

    def places(self) -> Sequence[Place]:
        return self.rules.places

    def opening(self) -> Opening | None:
        found = next_open(self.rules, self.now, ROME)
        return opening_of(found, self.now, ROME) if found else None

    def languages(self) -> frozenset[str]:
        return frozenset().union(*(one.languages for one in self.rules.staff))

    def free(self, wish: Wish) -> Sequence[Slot]:
        if self.full:
            return []
        if wish not in self._free:
            self._free[wish] = list(free(self.rules, wish, self._taken(), self.now, ROME))
        return self._free[wish]

    def ever(self, wish: Wish) -> bool:
        return any(free(self.rules, wish, (), self.now, ROME))

    def mine(self) -> Sequence[Appointment]:
        mine = sorted(self._booked.values(), key=lambda one: one.starts)
        return [replace(one, waits=one.id in self._waits) for one in mine]

    def perform(self, command: AgendaCommand) -> str:
        self._free = {}
        match command:
            case BookAppointment():
                return self._book(command)
            case CancelAppointment(id):
                return "done" if self._booked.pop(id, None) else "gone"
            case ConfirmAppointment(id):
                if id not in self._booked:
                    return "gone"
                self._booked[id] = replace(self._booked[id], confirmed=True)
                return "done"
            case WaitForSlot(_, appointment):
                self._waits.add(appointment)
                return "done"
            case AnswerOffer(id, take):
                if id not in self._booked or self._booked[id].state != "offered":
                    return "gone"
                if not take:
                    del self._booked[id]
                    return "done"
                self._booked[id] = replace(self._booked[id], state="booked")
                return str(id)

    def _book(self, command: BookAppointment) -> str:
        if command.moves and command.moves not in self._booked:
            return "gone"
        if not command.moves and len(self._booked) >= 3:
            return "enough"
        slot = slot_of(command.slot, self.rules.topics.get(command.wish.topic, 0))
        moved = self._booked.pop(command.moves, None)
        found = slot and crews(
            self.rules, slot, command.wish.language, self._taken(), self.now, ROME
        )
        if not slot or not found:
            self._booked |= {moved.id: moved} if moved else {}
            return "taken"
        number = max([0, command.moves, *self._booked]) + 1
        self._booked[number] = self._made(number, command.wish, slot, found[0])
        return str(number)

    def _made(self, number: int, wish: Wish, slot: Slot, crew: Crew) -> Appointment:
        names = {one.id: one.name for one in self.rules.staff}
        place = self.rules.place(slot.place)
        assert place
        return Appointment(
            number,
            wish.topic,
            place,
            slot.starts.astimezone(ROME),
            slot.minutes,
            wish.language,
            names[crew.colleague],
            names.get(crew.mediator, ""),
        )

    def _taken(self) -> set[tuple[str, datetime]]:
        return {
            (resource, at)
            for one in self._booked.values()
            for resource in (f"room:{one.place.id}:1", f"staff:{one.colleague.lower()}")
            for at in quarters(one.starts, one.ends)
        }
