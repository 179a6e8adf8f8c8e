"""The one place that writes to people: claims what is due, sends it, writes the result down."""

import asyncio
import json
import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.address_changes import apply_problem
from bot.channel import LONGEST_SEND_SECONDS, Channel, Failed, Letter, Problem, Sent
from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.documents import file_of
from bot.meter import UNMEASURED, Meter
from bot.tracing import follow
from flows.agenda.remind import is_night
from flows.messages import Outbound
from flows.outreach.verdict import Rules
from storage import addresses, outbox, pacing
from storage.claims import REPLY, Claims, Due
from storage.columns import from_ms
from storage.erasure import scrub
from storage.outbox import MOST_ATTEMPTS, UNASKED, Closing, Outcome
from storage.pacing import COOLS, Cooling, Permits
from storage.prepared import cursor_of

log = logging.getLogger(__name__)

LANES = 32
"""Messages in flight on one channel, in one process."""

_FOR_REPLIES = 8  # lanes that broadcasts leave free: a slow provider must not hold up a reply
_SWEEP_SECONDS = 5.0
_POLL_SECONDS = 0.25
_BEAT_SECONDS = 0.04
_FINISH_SECONDS = 3.0
_RESTRICTED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class _Change:
    """What a failed send tells of its address, and of its channel."""

    channel: str
    address: str
    failed: Failed

    def apply(self, connection: Connection, now: datetime) -> None:
        failed = self.failed
        if failed.moved_to:
            addresses.move(connection, self.channel, self.address, failed.moved_to)
        else:
            apply_problem(connection, self.channel, self.address, failed.problem, now)
        if failed.problem is Problem.RESTRICTED:
            until = now + timedelta(seconds=_RESTRICTED_SECONDS)
            pacing.pause(connection, self.channel, UNASKED, until, failed.code)
        elif failed.retry_after:
            until = now + timedelta(seconds=failed.retry_after)
            pacing.pause(connection, self.channel, REPLY, until, failed.code)


class Sender:
    """Sends on every channel of this process, at most `LANES` messages in flight on each.

    A row is claimed only when a lane is free for it, so a crash hides at most one send per lane.
    Channels in ``paced`` (messages a second) need a permit for each message (`storage.pacing`),
    shared by all senders.
    """

    def __init__(
        self,
        engine: Engine,
        database: DatabaseThread,
        channels: Mapping[str, Channel],
        now: Now,
        rules: Rules,
        lease: timedelta = timedelta(seconds=30),
        paced: Mapping[str, int] = MappingProxyType({}),
        meter: Meter = UNMEASURED,
    ) -> None:
        self._engine, self._database, self._channels = engine, database, channels
        self._now, self._rules, self._lease, self._paced = now, rules, lease, paced
        self._meter = meter
        self._claims = Claims(engine.dialect, rules)
        self._closing = Closing(engine.dialect)
        self._permits = Permits(engine.dialect)
        self._wake = asyncio.Event()
        self._beats: set[int] = set()
        self._flying: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        self._outcomes: list[Outcome] = []
        self._cooling: list[Cooling] = []
        self._changes: list[_Change] = []
        self._swept_at = 0.0

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until ``stopping``; then finish what is in flight and write it down."""
        while not stopping.is_set():
            try:
                await self._round()
            except Exception as error:
                log.error("sender: %s", type(error).__name__)
                # first all senders write down what they know: it outlived the outage
                self._swept_at = asyncio.get_running_loop().time()
                await asyncio.sleep(1)
            await self._until_woken(stopping)
        await self._finish()

    async def _until_woken(self, stopping: asyncio.Event) -> None:
        stop = asyncio.create_task(stopping.wait())
        wake = asyncio.create_task(self._wake.wait())
        await asyncio.wait((stop, wake), timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED")
        stop.cancel()
        wake.cancel()
        self._wake.clear()

    def _wake_after(self, seconds: float) -> None:
        """On a beat: permits that are free at about the same time are taken in one transaction."""
        loop = asyncio.get_running_loop()
        beat = math.ceil((loop.time() + seconds) / _BEAT_SECONDS)
        if beat not in self._beats:
            self._beats.add(beat)
            loop.call_at(beat * _BEAT_SECONDS, self._on_beat, beat)

    def _on_beat(self, beat: int) -> None:
        self._beats.discard(beat)
        self._wake.set()

    async def _round(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        cooling, self._cooling = self._cooling, []
        changes, self._changes = self._changes, []
        try:
            due = await self._database.run(self._settle, outcomes, cooling, changes, self._rooms())
        except Exception:
            self._outcomes[:0], self._cooling[:0] = outcomes, cooling
            self._changes[:0] = changes
            raise
        for row in due:
            self._busy[row.channel] += 1
            task = asyncio.create_task(self._send(row))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
        await self._sweep_now_and_then()

    async def _sweep_now_and_then(self) -> None:
        """After our own outcomes are written: a row whose outcome is known is no orphan."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._swept_at > _SWEEP_SECONDS:
            self._swept_at = loop.time()
            if hidden := await self._database.run(self._sweep):
                log.warning("%d messages: a crash hid whether they were sent", hidden)

    def _rooms(self) -> dict[str, tuple[int, int, int]]:
        """How many more may fly on each channel, when the last is a reply, a reminder, unasked."""
        rooms = {}
        for name in self._channels:
            free = LANES - self._busy[name]
            unasked = max(0, free - _FOR_REPLIES)
            if rate := self._paced.get(name):
                # permits taken together are free together: a reply would wait for all of them
                unasked = min(unasked, math.ceil(rate * _BEAT_SECONDS * 2))
            rooms[name] = (free, free, unasked)
        return rooms

    def _sweep(self) -> int:
        with self._engine.begin() as connection:
            return outbox.sweep(connection, self._lease, self._now())

    def _settle(
        self,
        outcomes: Sequence[Outcome],
        cooling: Sequence[Cooling],
        changes: Sequence[_Change],
        rooms: Mapping[str, tuple[int, int, int]],
    ) -> list[Due]:
        """Write outcomes down and claim what is due, in one transaction."""
        now, due = self._now(), []
        awake, night = self._rules.awake(now), is_night(now.astimezone(self._rules.zone))
        with self._engine.begin() as connection:
            for change in changes:
                change.apply(connection, now)
            erased = self._closing.close(connection, outcomes, now)
            self._permits.cool(cursor_of(connection), cooling)
            for channel, room in rooms.items():
                if room[REPLY] > 0:
                    paced = channel in self._paced
                    allowed = {"paced": paced, "unasked": awake, "reminders": not night}
                    due += self._claims.claim(connection, channel, room, now, **allowed)
        if erased:
            scrub(self._engine)
        return due

    async def _send(self, row: Due) -> None:
        follow(row.trace)
        try:
            async with asyncio.timeout(LONGEST_SEND_SECONDS):
                result = await self._send_one(row)
        except TimeoutError:
            result = Failed(Problem.HIDDEN, "timeout")
        except asyncio.CancelledError:
            result = Failed(Problem.HIDDEN, "stopped")
        except Exception as error:
            log.error("letter %d on %s: %s", row.id, row.channel, type(error).__name__)
            result = Failed(Problem.REJECTED, type(error).__name__)
        self._busy[row.channel] -= 1
        self._outcomes.append(self._outcome(row, result))
        if row.permit:
            self._cooling.append(Cooling(row.channel, row.permit, self._now() + COOLS))
            self._wake_after(0)
            self._wake_after(COOLS.total_seconds())
        else:
            self._wake.set()

    async def _send_one(self, row: Due) -> Sent | Failed:
        outbound, file = Outbound.from_json(json.loads(row.body)), None
        if row.opener:
            outbound = Outbound("", outbound.language, template=row.opener)
        if outbound.document:
            try:
                file = await self._database.run(file_of, self._engine, row.id, row.channel)
            except DBAPIError:
                return Failed(Problem.NOT_SENT, "database")
            if file is None:
                return Failed(Problem.REJECTED, "document")
        attempt = row.attempts + 1
        letter = Letter(row.id, row.channel, row.address, outbound, row.edits, file, attempt)
        return await self._channels[row.channel].send(letter)

    def _outcome(self, row: Due, result: Sent | Failed) -> Outcome:
        attempt = row.attempts + 1
        if isinstance(result, Sent):
            log.info("letter %d on %s: sent", row.id, row.channel)
            self._meter.sent(row.channel)
        if isinstance(result, Sent) and row.opener:
            held_until = from_ms(row.held_until)
            return Outcome(row.id, "held", result.external_id, due_at=held_until, attempt=attempt)
        if isinstance(result, Sent):
            return Outcome(row.id, "sent", result.external_id, attempt=attempt)
        problem, now = result.problem, self._now()
        self._meter.failed(row.channel, result)
        log.warning("letter %d on %s: %s %s", row.id, row.channel, problem.value, result.code)
        self._changes.append(_Change(row.channel, row.address, result))
        if problem is Problem.HIDDEN:
            return Outcome(row.id, "unknown", problem=problem.value, attempt=attempt)
        if (problem.retryable or result.moved_to) and attempt < MOST_ATTEMPTS:
            wait = max(result.retry_after, min(2.0**row.attempts, 300))
            due_at = now + timedelta(seconds=wait)
            return Outcome(row.id, "queued", due_at=due_at, attempt=attempt)
        return Outcome(row.id, "failed", problem=problem.value, attempt=attempt)

    async def _finish(self) -> None:
        """What the provider has not answered by then is written down as unknown."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=_FINISH_SECONDS)
        for task in (hanging := set(self._flying)):
            task.cancel()
        if hanging:
            await asyncio.wait(hanging)
        if self._outcomes or self._changes:
            left = (self._outcomes, self._cooling, self._changes)
            await self._database.run(self._settle, *left, {})
