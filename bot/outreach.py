"""Broadcasts on their way: begun when they are due, queued page by page, ended."""

from datetime import datetime

from sqlalchemy import Engine

from flows.outreach.verdict import Rules
from storage.outreach import aside, broadcasts, expand, series


class Outreach:
    """What the scheduler does for broadcasts, and `broadcast send` before its eyes."""

    def __init__(self, engine: Engine, rules: Rules) -> None:
        self._engine, self._rules = engine, rules

    def send(self, now: datetime) -> bool:
        """Begin what is due, queue a page, note what is done; True when more is to be queued."""
        self.start(now)
        more = self.hold(now) | self.expand(now)
        if not more:
            self.finish(now)
        return more

    def start(self, now: datetime) -> None:
        """Begin what is due, end what should not go on."""
        with self._engine.begin() as connection:
            series.end_stale(connection, self._rules, now)
            series.start_due(connection, self._rules, now)

    def hold(self, now: datetime) -> bool:
        """Put a page of what is paused aside, or back; False when there is none."""
        with self._engine.begin() as connection:
            return aside.put_aside_or_back(connection, now)

    def expand(self, now: datetime) -> bool:
        """Queue one page of each that has not reached everybody; False when there is none."""
        with self._engine.begin() as connection:
            waiting = expand.to_expand(connection)
        for id in waiting:
            expand.expand_page(self._engine, id, self._rules, now)
        return bool(waiting)

    def finish(self, now: datetime) -> None:
        """Note what is done."""
        with self._engine.begin() as connection:
            broadcasts.finish(connection, now)
