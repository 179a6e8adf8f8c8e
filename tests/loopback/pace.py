"""How many messages a provider takes in any one second, and what it does with more."""

import time
from collections import deque


class Pace:
    """At most ``per_second`` messages in all, and one to each chat; 0: no limit.

    Whoever sends more is refused, and so is all that follows within a second of a refusal: "wait"
    holds for the whole bot. ``refused`` counts both, ``hasty`` the latter.
    """

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self.refused = self.hasty = 0
        self._sent: deque[tuple[float, int | str]] = deque()
        self._closed_until = 0.0

    def takes(self, chat: int | str, *, new: bool = True) -> bool:
        """Whether one more is taken now; an edit (not ``new``) counts in all, not for its chat."""
        if not self.per_second:
            return True
        now = time.monotonic()
        while self._sent and self._sent[0][0] <= now - 1:
            self._sent.popleft()
        hasty = now < self._closed_until
        again = new and any(to == chat for _, to in self._sent)
        if hasty or again or len(self._sent) >= self.per_second:
            self.refused += 1
            self.hasty += hasty
            self._closed_until = self._closed_until if hasty else now + 1
            return False
        self._sent.append((now, chat if new else ""))
        return True
