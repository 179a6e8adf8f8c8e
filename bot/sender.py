"""The one place that writes to people: claims what is due, sends it, writes the result down."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.address_changes import apply_problem
from bot.channel import LONGEST_SEND_SECONDS, Channel, Failed, Letter, Problem, Sent
from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.documents import file_of
from flows.messages import Outbound
from flows.outreach.verdict import Rules
from storage import addresses, outbox
from storage.erasure import scrub
from storage.outbox import MOST_ATTEMPTS, Due, Outcome
from storage.outreach.judging import judge_again

log = logging.getLogger(__name__)

LANES = 32
_SWEEP_SECONDS = 5.0
_POLL_SECONDS = 0.25
_FINISH_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _Change:
    """What a failed send tells of its address."""

    channel: str
    address: str
    problem: Problem
    moved_to: str

    def apply(self, connection: Connection, now: datetime) -> None:
        if self.moved_to:
            addresses.move(connection, self.channel, self.address, self.moved_to)
        else:
            apply_problem(connection, self.channel, self.address, self.problem, now)


class Sender:
    """Sends on every channel of this process, at most `LANES` messages in flight.

    A row is claimed only when a lane is free for it, so a crash hides at most one send per lane.
    """

    def __init__(
        self,
        engine: Engine,
        database: DatabaseThread,
        channels: Mapping[str, Channel],
        now: Now,
        rules: Rules,
        lease: timedelta = timedelta(seconds=30),
    ) -> None:
        self._engine, self._database, self._channels = engine, database, channels
        self._now, self._rules, self._lease = now, rules, lease
        self._wake = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._changes: list[_Change] = []
        self._paused: dict[str, datetime] = {}
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

    async def _round(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._swept_at > _SWEEP_SECONDS:
            self._swept_at = loop.time()
            hidden = await self._database.run(self._sweep)
            if hidden:
                log.warning("%d messages: a crash hid whether they were sent", hidden)
        outcomes, self._outcomes = self._outcomes, []
        changes, self._changes = self._changes, []
        try:
            due = await self._database.run(
                self._settle, outcomes, changes, LANES - len(self._flying)
            )
        except Exception:
            self._outcomes[:0], self._changes[:0] = outcomes, changes
            raise
        for row in due:
            task = asyncio.create_task(self._send(row))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
        if due and len(self._flying) < LANES:
            self._wake.set()

    def _sweep(self) -> int:
        with self._engine.begin() as connection:
            return outbox.sweep(connection, self._lease, self._now())

    def _settle(
        self, outcomes: Sequence[Outcome], changes: Sequence["_Change"], free: int
    ) -> list[Due]:
        """Write outcomes down and claim what is due, in one transaction."""
        now = self._now()
        ready = [name for name in self._channels if self._paused.get(name, now) <= now]
        with self._engine.begin() as connection:
            for change in changes:
                change.apply(connection, now)
            erased = outbox.close(connection, outcomes, now) if outcomes else False
            due = self._claim(connection, ready, free, now) if free and ready else []
        if erased:
            scrub(self._engine)
        return due

    def _claim(
        self, connection: Connection, ready: Sequence[str], free: int, now: datetime
    ) -> list[Due]:
        awake = self._rules.awake(now)
        due = outbox.claim_due(connection, ready, free, now, unasked=awake)
        return judge_again(connection, due, self._rules, now)

    async def _send(self, row: Due) -> None:
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
        self._outcomes.append(self._outcome(row, result))
        self._wake.set()

    async def _send_one(self, row: Due) -> Sent | Failed:
        outbound, file = Outbound.from_json(json.loads(row.body)), None
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
            return Outcome(row.id, "sent", result.external_id, attempt=attempt)
        problem, now = result.problem, self._now()
        log.warning("letter %d on %s: %s %s", row.id, row.channel, problem.value, result.code)
        self._changes.append(_Change(row.channel, row.address, problem, result.moved_to))
        if result.moved_to:
            return Outcome(row.id, "queued", due_at=now, attempt=attempt)
        if problem is Problem.HIDDEN:
            return Outcome(row.id, "unknown", problem=problem.value, attempt=attempt)
        if result.retry_after:
            self._paused[row.channel] = now + timedelta(seconds=result.retry_after)
        if problem.retryable and attempt < MOST_ATTEMPTS:
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
            await self._database.run(self._settle, self._outcomes, self._changes, 0)
