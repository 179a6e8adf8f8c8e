"""What a command works with: settings, database, the operator's name."""

import getpass
import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from bot.commands.output import stop

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.runtime import Parts
    from bot.settings import Settings
    from storage.audit import By


def settings() -> "Settings":
    """From the environment and .env. Raises WrongSettingError."""
    from bot.settings import load_settings

    return load_settings()


def database() -> "Engine":
    """The database the settings name."""
    from storage.database import open_database

    found = settings()
    return open_database(found.database_url.get_secret_value(), found.keys)


def to_read() -> "Engine":
    """The same, for transactions that only read."""
    from storage.database import reading

    return reading(database())


def parts() -> "Parts":
    """Database, languages and flows."""
    from bot.runtime import make_parts

    return make_parts(settings())


def today() -> date:
    """The local day."""
    from bot import clock

    return clock.local_day(clock.now(), settings().zone)


def day_of(text: str) -> date:
    """``2026-12-24``, ``today`` or ``tomorrow``; a mistake stops the command."""
    if text in ("today", "tomorrow"):
        return today() + timedelta(days=text == "tomorrow")
    try:
        return date.fromisoformat(text)
    except ValueError:
        stop(f"{text!r} is no day: write it as 2026-12-24, today or tomorrow.")


def moment_of(text: str) -> datetime:
    """``2026-12-24 10:00`` at the desk; a mistake stops the command."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=settings().zone).astimezone(UTC)
    except ValueError:
        stop(f"{text!r} is no day and hour: write them as 2026-12-24 10:00, between quotes.")


def login() -> str:
    """The name they logged in with. Raises KeyError or OSError when there is none."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def by() -> "By":
    """Who does this, and when: SPORTELLO_OPERATOR, or the name they logged in with.

    Behind sudo it is the caller's.
    """
    from bot import clock
    from storage.audit import By

    try:
        return By(settings().sportello_operator or login(), clock.now())
    except (KeyError, OSError):
        stop("Who are you? Set SPORTELLO_OPERATOR to your name: it goes into the history.")
