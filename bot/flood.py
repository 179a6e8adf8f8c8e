"""One person's flood keeps nobody waiting: what is too much in a minute gets no turn."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot.channel import DROPPED, PLEA, Received
from bot.clock import Now
from flows.messages import Inbound

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)


class Flood:
    """Counts what each address sends in a minute, in this process; 0 for ``most``: no limit.

    Beyond ``most`` the person is asked once to slow down, and the rest is known and dropped. What
    ``matters`` (STOP, a cry for help) goes on having its turn, as many times again.
    """

    def __init__(self, most: int, matters: Callable[[Inbound], bool], now: Now) -> None:
        self._most, self._matters, self._now = most, matters, now
        self._since = now()
        self._sent: Counter[tuple[str, str]] = Counter()
        self._urgent: Counter[tuple[str, str]] = Counter()
        self._asked: set[tuple[str, str]] = set()

    def judged(self, received: Received) -> Received:
        """The same delivery, with what is to be done with it."""
        said = received.inbound
        if not self._most or said is None or received.ours or received.operator:
            return received
        self._begin_minute()
        key = (received.channel, received.address)
        self._sent[key] += 1
        if self._sent[key] <= self._most or self._matters_still(key, said):
            return received
        if key in self._asked:
            return replace(received, haste=DROPPED)
        self._asked.add(key)
        log.warning("somebody on %s writes too fast and is asked to slow down", received.channel)
        return replace(received, haste=PLEA)

    def _matters_still(self, key: tuple[str, str], said: Inbound) -> bool:
        if self._urgent[key] >= self._most or not self._matters(said):
            return False
        self._urgent[key] += 1
        return True

    def _begin_minute(self) -> None:
        """One minute for everybody; a clock that was set back does not make it longer."""
        now = self._now()
        if abs(now - self._since) >= MINUTE:
            self._since = now
            for counted in (self._sent, self._urgent, self._asked):
                counted.clear()
