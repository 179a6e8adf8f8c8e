"""One number from a message's arrival to the send of its answer, in every line of the log.

It is the message's number in the inbox. The outbox keeps it with the answer, and with whatever
else was queued in the turn, so that it is the same in every process. What was told of a
transaction is written once it is durable, and not at all when it was not.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from time import perf_counter

from bot.meter import Meter
from storage.following import following

log = logging.getLogger(__name__)

_told: ContextVar[list[Callable[[], None]] | None] = ContextVar("told", default=None)


def trace() -> int:
    """The number of the message that is being worked on; 0: none."""
    return following.get() or 0


def follow(inbox_id: int | None) -> None:
    """From here on, in this task, all is about that message."""
    following.set(inbox_id)


@contextmanager
def telling() -> Iterator[None]:
    """Around a transaction: what is told inside is written after it, if it went well."""
    told: list[Callable[[], None]] = []
    before = _told.set(told)
    try:
        yield
    finally:
        _told.reset(before)
    for say in told:
        say()


@contextmanager
def turn_of(inbox_id: int, channel: str, meter: Meter) -> Iterator[None]:
    """Around a turn: its lines have its number, and its time is taken."""
    before, began = following.set(inbox_id), perf_counter()
    try:
        yield
        seconds = perf_counter() - began
        took = round(seconds * 1000)
        tell(inbox_id, "message %d on %s: turn taken, %d ms", inbox_id, channel, took)
        _after(partial(meter.turned, channel, seconds))
    finally:
        following.reset(before)


def tell(inbox_id: int, says: str, *arguments: object) -> None:
    """A line about the message ``inbox_id``. Numbers and closed words only: never of a person."""
    _after(partial(log.info, says, *arguments, extra={"trace": inbox_id}))


def _after(do: Callable[[], None]) -> None:
    told = _told.get()
    if told is None:
        do()
    else:
        told.append(do)
