"""What is done by the clock, piece by piece: a piece is one transaction, replies go in between."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from bot import ride_letters
from bot.alerts import PEOPLE_AT_ONCE, Alerts
from bot.answering import Answering
from bot.chores import Chores
from bot.correspondence import Correspondence
from bot.follow_ups import QUESTIONS_AT_ONCE, FollowUps
from bot.forgetting import Forgetting
from bot.outreach import Outreach
from bot.settings import Settings
from flows.speech import Languages
from storage import erased, upkeep
from storage.database import reading
from storage.erasure import scrub
from storage.stats import rollups
from storage.tickets import keeping

Work = Callable[[datetime], bool]
"""Does a piece of what is due at that moment; True when there is more of it."""

_SLOWEST_COMMIT = timedelta(hours=1)


def make_works(
    engine: Engine, languages: Languages, settings: Settings, answering: Answering
) -> tuple[Work, ...]:
    """Everything, in the order in which it is done."""
    chores = Chores(languages[settings.default_language], settings.zone, settings.operators_chat_id)
    correspondence = Correspondence(languages, settings.zone)
    alerts, outreach = Alerts(languages, settings.rules), Outreach(engine, settings.rules)

    def tidy(now: datetime) -> bool:
        with engine.begin() as connection:
            upkeep.forget_left_chats(connection, now - timedelta(minutes=1))
            keeping.close_silent(connection, now)
        scrub(engine)  # each time: an open reader may have held up the last one
        return False

    note_erased = _note_erased(engine, settings.list_of_erased)

    def roll_up(now: datetime) -> bool:
        with engine.begin() as connection:
            due = rollups.is_due(connection, now)
            return bool(due and rollups.fold(connection, settings.zone, now))

    def write_alerts(now: datetime) -> bool:
        with engine.begin() as connection:
            return alerts.run(connection, now) == PEOPLE_AT_ONCE

    follow_ups = FollowUps(languages, settings.rules)

    def ask_how_it_went(now: datetime) -> bool:
        with engine.begin() as connection:
            return follow_ups.run(connection, now) == QUESTIONS_AT_ONCE

    def write_about_rides(connection: Connection, now: datetime) -> None:
        ride_letters.write_due(connection, now, correspondence)

    return (
        *Forgetting(engine, languages, settings).works(),
        tidy,
        note_erased,
        _at_once(engine, chores.run),
        _at_once(engine, correspondence.write_due),
        _at_once(engine, write_about_rides),
        _at_once(engine, answering.report_failures),
        write_alerts,
        ask_how_it_went,
        roll_up,
        outreach.send,
    )


def _note_erased(engine: Engine, file: Path) -> Work:
    """Keep the list of who was erased up to date: all of it first, then what is new."""
    looked_at: list[datetime] = []

    def work(now: datetime) -> bool:
        since = looked_at[0] - _SLOWEST_COMMIT if looked_at else None
        with reading(engine).begin() as connection:
            erased.mirror(connection, file, since)
        looked_at[:] = [now]
        return False

    return work


def _at_once(engine: Engine, do: Callable[[Connection, datetime], None]) -> Work:
    def work(now: datetime) -> bool:
        with engine.begin() as connection:
            do(connection, now)
        return False

    return work
