"""What happens by the clock. APScheduler only ticks; what is due is decided in the database."""

import logging
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Engine

from bot import ride_letters
from bot.answering import Answering
from bot.chores import Chores
from bot.clock import Now
from bot.correspondence import Correspondence
from bot.database_thread import DatabaseThread
from bot.outreach import Outreach
from storage import unanswered, upkeep
from storage.erasure import scrub
from storage.rides import due as rides
from storage.tickets import keeping

log = logging.getLogger(__name__)

_TICK_SECONDS = 20
KEEP_MESSAGES = timedelta(days=7)


class Scheduler:
    """Ticks while the process runs; a tick that comes twice, late or never does no harm."""

    def __init__(
        self,
        engine: Engine,
        database: DatabaseThread,
        now: Now,
        chores: Chores,
        correspondence: Correspondence,
        answering: Answering,
        outreach: Outreach,
    ) -> None:
        self._engine, self._database, self._now, self._chores = engine, database, now, chores
        self._correspondence, self._answering = correspondence, answering
        self._outreach = outreach
        self._ticks = AsyncIOScheduler(timezone=correspondence.zone)
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
        for work in (
            self._tidy,
            self._do_chores,
            self._write_about_appointments,
            self._write_about_rides,
            self._report,
        ):
            try:
                await self._database.run(work)
            except Exception as error:
                log.error("scheduler: %s", type(error).__name__)
        await self._send_broadcasts()

    async def _send_broadcasts(self) -> None:
        """Page by page: replies go in between."""
        try:
            await self._database.run(self._outreach.start, self._now())
            while await self._database.run(self._outreach.expand, self._now()):
                pass
            await self._database.run(self._outreach.finish, self._now())
        except Exception as error:
            log.error("scheduler: %s", type(error).__name__)

    def _do_chores(self) -> None:
        with self._engine.begin() as connection:
            self._chores.run(connection, self._now())

    def _write_about_appointments(self) -> None:
        with self._engine.begin() as connection:
            now = self._now()
            self._correspondence.offer_freed(connection, now)
            self._correspondence.remind(connection, now)

    def _write_about_rides(self) -> None:
        with self._engine.begin() as connection:
            ride_letters.write_due(connection, self._now(), self._correspondence)

    def _report(self) -> None:
        with self._engine.begin() as connection:
            self._answering.report_failures(connection, self._now())

    def _tidy(self) -> None:
        now = self._now()
        with self._engine.begin() as connection:
            upkeep.forget_left_chats(connection, now - timedelta(minutes=1))
            upkeep.prune(connection, now - KEEP_MESSAGES)
            unanswered.prune(connection, now)
            rides.prune(connection, now)
            keeping.tidy(connection, now)
        scrub(self._engine)  # each time: an open reader may have held up the last one
