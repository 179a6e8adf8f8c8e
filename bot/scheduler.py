"""What happens by the clock. APScheduler only ticks; what is due is decided in the database."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.meter import UNMEASURED, Meter
from bot.works import Work
from storage.only_one import OnlyOne

log = logging.getLogger(__name__)

_TICK_SECONDS = 20.0
_BEAT_SECONDS = 2.0


class Scheduler:
    """Ticks while the process runs and is ``alone``: of many schedulers one does what is due.

    Another takes over within a beat or two of its end. A tick that comes twice, late or never does
    no harm: that each thing is done once is the database's promise, not the lock's.
    """

    def __init__(
        self,
        database: DatabaseThread,
        now: Now,
        zone: ZoneInfo,
        works: Sequence[Work],
        alone: OnlyOne,
        meter: Meter = UNMEASURED,
        ticked: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._now, self._works = database, now, works
        self._alone, self._meter, self._ticked = alone, meter, ticked
        self._last: float | None = None
        self._beats = AsyncIOScheduler(timezone=zone)
        self._beats.add_job(
            self.beat,
            "interval",
            seconds=_BEAT_SECONDS,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )

    def start(self) -> None:
        """Begin to beat."""
        self._beats.start()

    def stop(self) -> None:
        """No more beats."""
        self._beats.shutdown(wait=False)

    def release(self) -> None:
        """Another process may take over. Only once nothing of ours is under way."""
        self._alone.release()

    async def beat(self) -> None:
        """Tick when it is time, if it is for us to tick."""
        if not await self._database.run(self._alone.held):
            self._last = None
            return
        began = asyncio.get_running_loop().time()
        if self._last is None:
            log.info("scheduler: this process does what is due")
        if self._last is None or began - self._last >= _TICK_SECONDS:
            self._last = began
            await self.tick()

    async def tick(self) -> None:
        """Do what is due; what fails keeps nothing else from being done."""
        for work in self._works:
            try:
                while await self._database.run(work, self._now()):
                    pass
            except Exception as error:
                log.error("scheduler: %s", type(error).__name__)
        self._meter.ticked(self._now().timestamp())
        self._ticked()
