"""Updates that we fetch: an offset is asked for only when all before it is durable."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from telegram.error import Conflict

from bot.channel import Receive, Received
from bot.telegram.channel import FORESEEN, TelegramChannel, explained
from bot.telegram.receive import parse, whole_number
from bot.telegram.request import BusyError
from bot.telegram.signs import SignsOfLife
from storage.only_one import OnlyOne

log = logging.getLogger(__name__)

_LONG_POLL_SECONDS = 25
_TAKE_OVER_SECONDS = 2.0
_FIRST_WAIT, _MOST_WAIT = 1.0, 30.0
T = TypeVar("T")


async def poll(
    channel: TelegramChannel, receive: Receive, stopping: asyncio.Event, alone: OnlyOne
) -> None:
    """Fetch and hand over until ``stopping``; then finish the batch in hand.

    Telegram answers only one poller: of several processes the one that is ``alone`` fetches, and
    another takes over seconds after it is gone.

    The offset lives only here: update ids start anew at random after a week's silence (Bot API,
    Update), and what comes twice after a restart is known by its id.
    """
    poller = _Poller(channel, receive)
    while not stopping.is_set():
        if not await asyncio.to_thread(alone.held):
            await _unless(stopping, asyncio.sleep(_TAKE_OVER_SECONDS))
            continue
        updates = await _unless(stopping, poller.fetch())
        if updates is not None:
            await poller.settle(updates)
        if poller.wait:
            await _unless(stopping, asyncio.sleep(poller.wait))
    await asyncio.to_thread(alone.release)


class _Poller:
    """Where we are: the offset, and how long to wait after failures."""

    def __init__(self, channel: TelegramChannel, receive: Receive) -> None:
        self._channel, self._receive = channel, receive
        self._signs = SignsOfLife(channel)
        self._offset = 0
        self.wait = 0.0

    async def fetch(self) -> list[Any] | None:
        """The next updates; None after a failure, which is logged and makes ``wait`` longer."""
        try:
            updates = await self._channel.updates(self._offset, _LONG_POLL_SECONDS)
        except Conflict:
            self.failed("another process polls with this token, or a webhook is set")
        except BusyError as error:
            self.failed(explained(error), at_least=error.seconds)
        except FORESEEN as error:
            self.failed(explained(error))
        else:
            return updates
        return None

    def failed(self, says: str, at_least: float = 0.0) -> None:
        """Wait twice as long as before, 1 to 30 s."""
        self.wait = max(at_least, min(self.wait * 2 or _FIRST_WAIT, _MOST_WAIT))
        log.warning("telegram polling: %s; again in %.0f s", says, self.wait)

    async def settle(self, updates: list[Any]) -> None:
        """Make all durable. Only then the offset moves; else all come again, after a wait."""
        if await self._hand_over(updates):
            self.wait = 0.0
        else:
            self.failed("updates could not be stored")

    async def _hand_over(self, updates: list[Any]) -> bool:
        """Whether all are durable.

        People are served at once, each person's messages in order. After an empty answer all is
        confirmed and the offset may be forgotten: a smaller id is then not taken for an old one.
        """
        chats: dict[str, list[Received]] = {}
        for update in updates:
            if received := parse(update, self._channel.operators):
                chats.setdefault(received.address, []).append(received)
            else:
                self._channel.counts["unusable"] += 1
        done = await asyncio.gather(*(self._in_order(chat) for chat in chats.values()))
        if not all(done):
            return False
        ids = [whole_number(u.get("update_id")) for u in updates if isinstance(u, dict)]
        self._offset = max((id + 1 for id in ids if id is not None), default=0)
        return bool(self._offset) or not updates

    async def _in_order(self, chat: list[Received]) -> bool:
        for received in chat:
            try:
                await self._signs.typing_while(received, self._receive(received))
            except Exception as error:  # whatever the database raises: it is fetched again
                log.error("telegram polling: %s", type(error).__name__)
                return False
            self._signs.soon(received)
        return True


async def _unless(stopping: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """The result of ``work``, or None when ``stopping`` was set first and it was given up."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((task, stop), return_when="FIRST_COMPLETED")
        return task.result() if task.done() else None
    finally:
        for one in (task, stop):
            one.cancel()
        await asyncio.gather(task, stop, return_exceptions=True)
