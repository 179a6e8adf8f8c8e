"""What happens by the clock. APScheduler only ticks; what is due is decided in the database."""

import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Now
from bot.database_thread import DatabaseThread
from bot.meter import UNMEASURED, Meter
from bot.works import Work

log = logging.getLogger(__name__)

_TICK_SECONDS = 20


class Scheduler:
    """Ticks while the process runs; a tick that comes twice, late or never does no harm."""

    def __init__(
        self,
        database: DatabaseThread,
        now: Now,
        zone: ZoneInfo,
        works: Sequence[Work],
        meter: Meter = UNMEASURED,
    ) -> None:
        self._meter = meter
        self._database, self._now, self._works = database, now, works
        self._ticks = AsyncIOScheduler(timezone=zone)
        self._ticks.add_job(
            self.tick,
            "interval",
            seconds=_TICK_SECONDS,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )

    def start(self) -> None:
        """Begin to tick."""
        self._ticks.start()

    def stop(self) -> None:
        """No more ticks."""
        self._ticks.shutdown(wait=False)

    async def tick(self) -> None:
        """Do what is due; what fails keeps nothing else from being done."""
        for work in self._works:
            try:
                while await self._database.run(work, self._now()):
                    pass
            except Exception as error:
                log.error("scheduler: %s", type(error).__name__)
        self._meter.ticked(self._now().timestamp())
