"""What could keep the assistant from working, and what to do about it."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine

from bot import clock
from bot.catalogs import FOLDER, UncompiledCatalogError, load_languages
from bot.checks import database, machine, network
from bot.checks.finding import Finding
from bot.settings import Settings
from storage.database import is_sqlite, open_database, reading
from storage.key_file import SealingError
from storage.schema import is_current
from storage.understanding import NoModelError, load_understanding


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which to put things right."""
    engine = open_database(settings.database_url.get_secret_value(), settings.keys)
    return [
        *_settings(settings),
        *_catalogs(settings),
        *machine.disk(settings),
        *machine.drive(settings),
        *_database(engine, settings),
        *_clock(settings),
        *asyncio.run(_world(settings)),
    ]


def _settings(settings: Settings) -> Iterator[Finding]:
    if os.path.exists(".env"):
        yield Finding("settings", "ok", "read from .env")
    elif settings.model_fields_set:
        yield Finding("settings", "ok", "read from the environment")
    else:
        yield Finding("settings", "warning", "there is no .env: copy .env.example to .env")
    secrets = [(".env", ".env"), ("BACKUP_KEY_FILE", settings.backup_key_file)]
    if not settings.keys.given and settings.keys.file.exists():
        secrets.append(("SEALING_KEY_FILE", str(settings.keys.file)))
    yield from machine.private_files(secrets)
    if settings.uses_simulator and (settings.uses_telegram or settings.uses_whatsapp):
        yield Finding("simulator", "warning", "SIMULATOR is on beside a real channel: unset it")
    public = settings.public_url
    if public and not public.startswith("https://"):
        yield Finding("settings", "problem", "PUBLIC_URL must begin with https://")
    if settings.demo and (settings.uses_telegram or settings.uses_whatsapp):
        says = "DEMO is on beside a real channel: invented offers would reach people"
        yield Finding("demo", "problem", says)


def _catalogs(settings: Settings) -> Iterator[Finding]:
    try:
        languages = load_languages(settings.default_language)
    except UncompiledCatalogError as error:
        yield Finding("catalogs", "problem", str(error))
    else:
        yield Finding("catalogs", "ok", f"{len(languages)} languages in {FOLDER.name}/")
    try:
        load_understanding()
    except NoModelError as error:
        yield Finding("understanding", "problem", str(error))


def _database(engine: Engine, settings: Settings) -> Iterator[Finding]:
    kind = "SQLite" if is_sqlite(engine) else "PostgreSQL"
    try:
        current = is_current(engine)
    except SealingError as error:
        yield Finding("keys", "problem", str(error))
        return
    except Exception as error:
        says = f"{kind} does not answer ({type(error).__name__}): check DATABASE_URL"
        yield Finding("database", "problem", says)
        return
    if not current:
        yield Finding("database", "problem", "run `python admin_cli.py db upgrade`")
        return
    yield Finding("database", "ok", f"{kind}, up to date")
    now = clock.now()
    with reading(engine).begin() as connection:
        yield from database.offers(connection, settings)
        yield from database.at_work(connection, now)
        yield database.audit(connection)
        yield from database.backups(connection, now)
        yield from database.whatsapp_templates(connection, settings)


def _clock(settings: Settings) -> Iterator[Finding]:
    now = clock.now()
    built = datetime(2026, 11, 1, tzinfo=UTC)
    if now < built:
        yield Finding(
            "clock", "problem", f"the clock says {now:%Y-%m-%d}: set the computer's clock"
        )
    else:
        local = now.astimezone(settings.zone)
        yield Finding("clock", "ok", f"{local:%Y-%m-%d %H:%M} in {settings.timezone}")


async def _world(settings: Settings) -> list[Finding]:
    """What has to be asked over the network."""
    asking = (
        network.clock_beside(settings, clock.now),
        network.public_address(settings),
        network.telegram_webhook(settings),
    )
    found = [finding for findings in asking async for finding in findings]
    return [*await _channels(settings), *found]


async def _channels(settings: Settings) -> list[Finding]:
    from bot.channels import make_senders

    found = []
    for name, channel in make_senders(settings).items():
        problem = await channel.check()
        await channel.close()
        state, says = ("problem", problem) if problem else ("ok", "answers, credentials are right")
        found.append(Finding(name, state, says))
    found += await _group(settings)
    return found or [Finding("channels", "ok", "no credentials: the simulator only")]


async def _group(settings: Settings) -> list[Finding]:
    """The operators' group: without it people are served as well, so nothing here is a problem."""
    if not settings.operators_chat_id:
        return []
    if not settings.uses_telegram:
        return [Finding("operators", "warning", "OPERATORS_CHAT_ID needs TELEGRAM_BOT_TOKEN")]
    from bot.channels import make_telegram
    from bot.telegram.operators import check_group

    telegram = make_telegram(settings)
    wrong = await check_group(telegram, settings.operators_chat_id)
    await telegram.close()
    state, says = ("warning", wrong) if wrong else ("ok", "the group can have topics")
    return [Finding("operators", state, says)]
