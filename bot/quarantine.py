"""Messages of which nothing can be made: set aside, so that they hold up nobody."""

import logging
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection, Engine, update
from sqlmodel import col

from bot.blame import where
from bot.channel import Received
from bot.clock import Now
from flows.messages import Inbound
from storage.columns import to_ms
from storage.faults import is_outage
from storage.models import Inbox
from storage.prepared import Cursor, cursor_of
from storage.turns import Turns, Waiting
from storage.waiting import set_aside

log = logging.getLogger(__name__)

MOST_FAILURES = 5

Apologise = Callable[[Connection, Cursor, Received, int], None]
"""Takes the turn that says sorry, for the inbox row of that number."""


class Quarantine:
    """What a failed message leads to. Outages of the database are no fault of the message."""

    def __init__(self, engine: Engine, turns: Turns, now: Now, apologise: Apologise) -> None:
        self._engine, self._turns, self._now, self._apologise = engine, turns, now, apologise

    def refused(self, received: Received, error: Exception) -> Exception | None:
        """A delivery the database will never take is known from now on, without its words.

        Where even that fails, what was raised: others are not to suffer from it.
        """
        log.error("a delivery was set aside: %s", where(error))
        silent = received.ours or received.inbound is None or bool(received.operator)
        bare = replace(received, inbound=Inbound(), operator="", tap_id="", message="")
        try:
            self._surely(lambda told: self._keep(received, told), None if silent else bare)
        except Exception as worse:
            return worse
        return None

    def failed(self, channel: str, address: str, waiting: Waiting) -> None:
        """Count it; after `MOST_FAILURES` it makes way for the person's next ones, who is told."""
        failures = waiting.failures + 1
        if failures < MOST_FAILURES:
            with self._engine.begin() as connection:
                mine = update(Inbox).where(col(Inbox.id) == waiting.id)
                connection.execute(mine.values(failures=failures))
            return
        received = Received(channel, waiting.external_id, address, Inbound())
        told = not (received.ours or '"operator"' in (waiting.body or ""))
        self._surely(lambda told: self._close(received, waiting, told), received if told else None)

    def of_nobody(self, spoilt: list[str]) -> None:
        """Close what came from sealed addresses that do not open; there is nobody to tell."""
        with self._engine.begin() as connection:
            closed = set_aside(connection, spoilt, self._now())
        log.error("%d messages were set aside: who wrote them cannot be read", closed)

    def _surely(self, close: Callable[[Received | None], None], told: Received | None) -> None:
        """``close`` and tell the person; where that fails, ``close`` alone."""
        try:
            close(told)
        except Exception as error:
            if is_outage(error) or told is None:
                raise
            log.error("nobody was told of a message: %s", where(error))
            close(None)

    def _keep(self, received: Received, told: Received | None) -> None:
        ids = (received.channel, received.external_id, received.address)
        with self._engine.begin() as connection:
            cursor = cursor_of(connection)
            inbox_id = self._turns.receive(cursor, *ids, None, to_ms(self._now()))
            if told and inbox_id is not None:
                self._apologise(connection, cursor, told, inbox_id)

    def _close(self, of: Received, waiting: Waiting, told: Received | None) -> None:
        """Once: another worker may have failed at the same message at the same time."""
        with self._engine.begin() as connection:
            cursor = cursor_of(connection)
            mine = self._turns.lock(cursor, of.channel, of.address)
            oldest = self._turns.oldest(cursor, of.channel, of.address) if mine else None
            if oldest is None or oldest.id != waiting.id:
                return
            now = to_ms(self._now())
            self._turns.handled(cursor, waiting.id, now)
            known = self._turns.person(cursor, of.channel, of.address, now) is not None
            if told and (known or waiting.body is not None):  # else it may be the operators' group
                self._apologise(connection, cursor, told, waiting.id)
