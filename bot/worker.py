"""Turns: messages in, answers and outbox rows out, in one transaction for many people.

Everything here runs in the database thread (`bot.database_thread`), never in the event loop.
"""

import json
import logging
import random
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from bot.address_changes import apply_change
from bot.answering import Answering
from bot.blame import kind, where
from bot.channel import DROPPED, FitsHere, Letter, Received, fits_nowhere
from bot.clock import Now, local_day
from bot.from_group import take_word
from bot.meter import UNMEASURED, Meter
from bot.packing import packed, unpacked
from bot.quarantine import Quarantine
from bot.tracing import tell, telling, turn_of
from bot.turn import answers_nothing, apologise, compute, event_rows, origin_of
from flows.engine import Engine as FlowEngine
from flows.engine import Turn
from flows.messages import Outbound
from storage.audit import By
from storage.columns import to_ms
from storage.database import reading
from storage.desk import DatabaseDesk
from storage.faults import is_outage
from storage.pacing import Permits
from storage.prepared import Cursor, cursor_of
from storage.turns import IN_ANSWER, Person, Turns, Waiting
from storage.waiting import who_waits

log = logging.getLogger(__name__)

_TOGETHER = 50  # people served before the worker looks again who waits
_CHOICE = 10  # workers choose among so many times what they take at once
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery to be stored; ``fits_here``: which replies its webhook can carry."""

    received: Received
    fits_here: FitsHere = fits_nowhere


class Worker:
    """Takes turns on one database. On a ``paced`` channel a reply in an answer needs a permit too.

    ``queued`` and ``left_waiting``: since they were cleared something was queued for the sender, or
    stored for a later turn. They are hints: both are found by polling too.
    """

    def __init__(
        self,
        engine: Engine,
        flows: FlowEngine,
        zone: ZoneInfo,
        now: Now,
        *,
        takes_turns: bool = True,
        paced: Container[str] = (),
        answering: Answering | None = None,
        meter: Meter = UNMEASURED,
        notice: str = "",
    ) -> None:
        self._engine, self._flows, self._zone, self._now = engine, flows, zone, now
        self._turns, self._notice = Turns(engine.dialect), notice
        self._takes_turns, self._answering, self._meter = takes_turns, answering, meter
        self._permits = Permits(engine.dialect, paced)
        self._quarantine = Quarantine(engine, self._turns, now, self._apologise)
        self.failed_turns, self.queued, self.left_waiting = 0, False, False

    def take(self, deliveries: Sequence[Delivery]) -> list[Letter | Exception | None]:
        """Store deliveries and take the turns that are free, in one transaction.

        When the database refuses the whole, each is tried alone, so that one cannot harm the
        others; what then still fails is in its place of the result.
        """
        try:
            return list(self._in_one_transaction(deliveries))
        except Exception as error:
            if len(deliveries) == 1:
                return [self._set_aside(deliveries[0], error)]
            log.warning("a batch of %d failed (%s), one by one", len(deliveries), kind(error))
            return [result for delivery in deliveries for result in self.take([delivery])]

    def take_waiting(self) -> int:
        """Take turns for stored messages that wait; how many were taken."""
        return self.take_turns_of(self.who_waits())

    def who_waits(self) -> list[tuple[str, str]]:
        """Channel and address of some of those whose stored messages wait, by chance.

        Workers that all began with the same would mostly find each other's locks.
        """
        with reading(self._engine).begin() as connection:
            found, spoilt = who_waits(connection, _CHOICE * _TOGETHER)
        if spoilt:
            self._quarantine.of_nobody(spoilt)
        return random.sample(found, min(_TOGETHER, len(found)))

    def take_turns_of(self, addresses: Sequence[tuple[str, str]]) -> int:
        """Take a turn for each who is still waiting and free, one after another; how many."""
        return sum(self._take_one_waiting(channel, address) for channel, address in addresses)

    def _take_one_waiting(self, channel: str, address: str) -> int:
        waiting: Waiting | None = None
        try:
            with telling(), self._engine.begin() as connection:
                cursor = cursor_of(connection)
                if not self._turns.lock(cursor, channel, address):
                    return 0
                waiting = self._turns.oldest(cursor, channel, address)
                return self._handle(connection, cursor, channel, address, waiting)
        except Exception as error:
            if waiting is None or is_outage(error):
                raise
            log.error("message %d failed: %s", waiting.id, where(error))
            self._quarantine.failed(channel, address, waiting)
            return 0

    def _handle(
        self,
        connection: Connection,
        cursor: Cursor,
        channel: str,
        address: str,
        waiting: Waiting | None,
    ) -> int:
        if waiting is None:
            return 0
        received = unpacked(channel, address, waiting.external_id, waiting.body)
        now = self._now()
        self._turns.handled(cursor, waiting.id, to_ms(now))
        with turn_of(waiting.id, channel, self._meter):
            self._turn(connection, cursor, received, waiting.id, now)
        return 1

    def _apologise(
        self, connection: Connection, cursor: Cursor, received: Received, inbox_id: int
    ) -> None:
        self._turn(connection, cursor, received, inbox_id, self._now(), take=apologise)

    def _set_aside(self, delivery: Delivery, error: Exception) -> Exception | None:
        if is_outage(error):
            return error
        self.failed_turns += 1
        return self._quarantine.refused(delivery.received, error)

    def _in_one_transaction(self, deliveries: Sequence[Delivery]) -> list[Letter | None]:
        with telling(), self._engine.begin() as connection:
            cursor = cursor_of(connection)
            now = self._now()
            return [self._one(connection, cursor, delivery, now) for delivery in deliveries]

    def _one(
        self, connection: Connection, cursor: Cursor, delivery: Delivery, now: datetime
    ) -> Letter | None:
        received, at = delivery.received, to_ms(now)
        channel, address = received.channel, received.address
        if received.haste == DROPPED:
            self._turns.receive(cursor, channel, received.external_id, address, None, at)
            return None
        mine = self._takes_turns and self._turns.lock(cursor, channel, address)
        person = self._turns.person(cursor, channel, address, at) if mine else None
        waiting = not mine or (
            person.waiting if person else self._turns.oldest(cursor, channel, address) is not None
        )
        body = packed(received) if waiting else None
        inbox_id = self._turns.receive(cursor, channel, received.external_id, address, body, at)
        if inbox_id is None:
            return self._said_before(cursor, delivery)
        if waiting:
            self.left_waiting = True
            tell(inbox_id, "message %d on %s: stored", inbox_id, channel)
            return None
        with turn_of(inbox_id, channel, self._meter):
            return self._turn(
                connection, cursor, received, inbox_id, now, person, fits_here=delivery.fits_here
            )

    def _turn(
        self,
        connection: Connection,
        cursor: Cursor,
        received: Received,
        inbox_id: int,
        now: datetime,
        person: Person | None = None,
        *,
        fits_here: FitsHere = fits_nowhere,
        take: Callable[..., tuple[Turn, str]] = compute,
    ) -> Letter | None:
        channel, address, at = received.channel, received.address, to_ms(now)
        if received.inbound is None:
            apply_change(connection, received)
            return None
        if received.operator:
            if self._answering:
                take_word(connection, received, self._answering, By(received.operator, now))
                self.queued = True
            return None
        person = person or self._turns.person(cursor, channel, address, at)
        if person is None and (received.haste or answers_nothing(received.inbound.tap)):
            return None
        person = person or self._turns.enrol(cursor, channel, address, at)
        desk = DatabaseDesk(
            connection, person.contact_id, person.agreed, channel, now, self._zone,
            has_ticket=person.ticket, notice=self._notice,
        )  # fmt: skip
        turn, number = take(self._flows, person, received, desk, local_day(now, self._zone))
        self.failed_turns += bool(number)
        self._save(cursor, person, turn, received, desk, at)
        if self._answering and not desk.erased:
            language = turn.conversation.language
            self.queued |= self._answering.relay(connection, desk, language, now)
        if turn.says is None:
            return None
        says = turn.says
        return self._post(cursor, person, says, received, inbox_id, desk, at, fits_here=fits_here)

    def _save(
        self,
        cursor: Cursor,
        person: Person,
        turn: Turn,
        received: Received,
        desk: DatabaseDesk,
        at: int,
    ) -> None:
        contact_id = None if desk.erased else person.contact_id
        self._turns.note(cursor, event_rows(turn, contact_id, received.channel, at))
        if desk.erased:
            return
        state = _encode(turn.conversation.to_json())
        self._turns.save(cursor, person, turn.conversation.language, state, at)
        if not received.ours:
            doubted = person.doubted and not desk.known_again
            self._turns.heard(cursor, received.channel, received.address, at, doubted=doubted)
            windowed = received.channel == "whatsapp" and not doubted
            if windowed and self._turns.release(cursor, received.channel, received.address, at):
                self.queued = True

    def _post(
        self,
        cursor: Cursor,
        person: Person,
        says: Outbound,
        received: Received,
        inbox_id: int,
        desk: DatabaseDesk,
        at: int,
        *,
        fits_here: FitsHere,
    ) -> Letter | None:
        """The reply: in the webhook's answer where it fits and nothing else is owed, or queued."""
        here = not (person.owed or desk.erased) and fits_here(says)
        here = here and self._permits.take_one(cursor, received.channel, received.address, at)
        edits = received.message if says.edits else ""
        body = _encode(says.to_json())
        letter_id = self._turns.post(
            cursor,
            contact_id=None if desk.erased else person.contact_id,
            channel=received.channel,
            address=received.address,
            body=body,
            origin=origin_of(received, desk),
            priority=1 if received.ours else 0,
            inbox_id=inbox_id,
            edits=edits,
            due_at=at,
            created_at=at,
            status="sent" if here else "queued",
            external_id=IN_ANSWER if here else None,
            closed_at=at if here else None,
        )
        if here:
            tell(inbox_id, "letter %d on %s: sent in the answer", letter_id, received.channel)
            self._meter.sent(received.channel)
            return Letter(letter_id, received.channel, received.address, says, edits)
        self.queued = True
        return None

    def _said_before(self, cursor: Cursor, delivery: Delivery) -> Letter | None:
        """A repeated delivery changes nothing; a reply that went in the answer is served again."""
        received = delivery.received
        row = self._turns.reply(cursor, received.channel, received.external_id)
        says = Outbound.from_json(json.loads(row[2])) if row else None
        if row is None or says is None or not delivery.fits_here(says):
            return None
        return Letter(row[0], received.channel, row[1], says, received.message)
