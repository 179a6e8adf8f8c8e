"""The channels of one process: those with credentials, and the simulator where it is on."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy import Engine

from bot import documents, texts
from bot.catalogs import load_languages
from bot.channel import Channel, Receive, Report
from bot.database_thread import DatabaseThread
from bot.settings import Settings
from storage.database import reading
from storage.only_one import only_one
from storage.templates import load_templates, save_templates

if TYPE_CHECKING:
    from bot.runtime import Parts
    from bot.telegram.channel import TelegramChannel
    from bot.whatsapp.channel import WhatsAppChannel

log = logging.getLogger(__name__)

Loop = Callable[[asyncio.Event], Coroutine[None, None, None]]
_AGAIN_SECONDS = 60
_CATCH_UP = timedelta(minutes=5)
_POLLING = 7360420  # an arbitrary number, the same in every process
_DOWN_AT_MOST = timedelta(hours=24)


class ProvisionError(Exception):
    """The templates could not be made; one line says why."""


@dataclass
class Channels:
    """Senders by name; what to await before they send; routes to serve; loops of the web role;
    events that end open streams.
    """

    by_name: dict[str, Channel] = field(default_factory=dict)
    preparing: list[Callable[[], Coroutine[None, None, None]]] = field(default_factory=list)
    routes: list[web.RouteDef] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    closing: list[asyncio.Event] = field(default_factory=list)


def make_channels(
    parts: "Parts", database: DatabaseThread, receive: Receive, report: Report
) -> Channels:
    """Made from the settings; nothing connects yet."""
    channels, settings = Channels(), parts.settings
    if settings.uses_telegram:
        _add_telegram(channels, parts, database, receive)
    if settings.uses_whatsapp:
        _add_whatsapp(channels, parts, database, receive, report)
    if settings.uses_simulator:
        _add_simulator(channels, parts, database, receive)
    return channels


def make_senders(settings: Settings) -> dict[str, Channel]:
    """The channels with credentials, to ask whether they answer."""
    senders: dict[str, Channel] = {}
    if settings.uses_telegram:
        senders["telegram"] = make_telegram(settings)
    if settings.uses_whatsapp:
        senders["whatsapp"] = _whatsapp(settings)
    return senders


def make_telegram(settings: Settings) -> "TelegramChannel":
    """The bot, with its token."""
    from bot.telegram.channel import TelegramChannel

    token = settings.telegram_bot_token.get_secret_value()
    return TelegramChannel(
        token, settings.telegram_api_base_url, operators=settings.operators_chat_id
    )


def _operators(
    settings: Settings, telegram: "TelegramChannel", engine: Engine, database: DatabaseThread
) -> Channel:
    from bot.telegram.operators import OperatorsChannel

    return OperatorsChannel(telegram, engine, database, settings.operators_chat_id)


def _add_telegram(
    channels: Channels, parts: "Parts", database: DatabaseThread, receive: Receive
) -> None:
    from bot.telegram import webhook
    from bot.telegram.polling import poll
    from bot.telegram.setup import BotTexts, WebhookAddress, configure

    settings, channel = parts.settings, make_telegram(parts.settings)
    spoken = {
        code: BotTexts(
            texts.commands(speech), texts.description(speech), texts.short_description(speech)
        )
        for code, speech in parts.languages.items()
    }
    secret = settings.telegram_webhook_secret.get_secret_value()
    hooked = settings.telegram_mode == "webhook"
    address = WebhookAddress(settings.public_url, secret) if hooked else None

    async def introduce(stopping: asyncio.Event) -> None:
        """Tell Telegram our texts and address; again after a minute while it does not answer."""
        while problem := await configure(channel, spoken, settings.default_language, address):
            log.warning("telegram: %s; again in %d s", problem, _AGAIN_SECONDS)
            if await _stopped(stopping, _AGAIN_SECONDS):
                return

    async def fetch(stopping: asyncio.Event) -> None:
        await poll(channel, receive, stopping, only_one(parts.engine, _POLLING))

    channels.by_name["telegram"] = channel
    if settings.operators_chat_id:
        channels.by_name["operators"] = _operators(settings, channel, parts.engine, database)
    channels.loops.append(introduce)
    if hooked:
        channels.routes += webhook.routes(channel, receive, secret)
    else:
        channels.loops.append(fetch)


def _whatsapp(settings: Settings) -> "WhatsAppChannel":
    from bot.whatsapp.channel import TwilioAccount, WhatsAppChannel

    account = TwilioAccount(
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.twilio_whatsapp_from,
        settings.public_url,
        settings.twilio_api_base_url,
    )
    return WhatsAppChannel(account, {})


def _add_whatsapp(
    channels: Channels,
    parts: "Parts",
    database: DatabaseThread,
    receive: Receive,
    report: Report,
) -> None:
    from bot.whatsapp import files, webhook
    from bot.whatsapp.reconcile import recent

    channel = _whatsapp(parts.settings)

    async def load() -> None:
        channel.templates = await database.run(_templates, parts.engine)

    async def catch_up(stopping: asyncio.Event) -> None:
        """Fetch what Twilio could not deliver while we were down; known messages are dropped."""
        since = _DOWN_AT_MOST
        while not stopping.is_set():
            try:
                now = parts.now()  # the last minute's webhooks may still come, with more in them
                for received in await recent(channel, now - since, now - timedelta(minutes=1)):
                    await receive(received)
                since = 2 * _CATCH_UP
            except Exception as error:  # Twilio's or the database's: again in five minutes
                log.warning("whatsapp: cannot catch up: %s", type(error).__name__)
            await _stopped(stopping, _CATCH_UP.total_seconds())

    channels.by_name["whatsapp"] = channel
    channels.preparing.append(load)
    channels.loops.append(catch_up)
    channels.routes += webhook.routes(channel, receive, report)
    file_of = partial(documents.file_of, parts.engine, channel="whatsapp")
    channels.routes += files.routes(channel.links, database, file_of)


def _templates(engine: Engine) -> dict[str, str]:
    with reading(engine).begin() as connection:
        return load_templates(connection)


def provision_whatsapp(settings: Settings, engine: Engine) -> dict[str, str]:
    """Create the Content templates that are missing and remember them. Raises ProvisionError.

    Those that say that an answer waits are handed in for approval.
    """
    sids = asyncio.run(_provisioned(settings))
    with engine.begin() as connection:
        save_templates(connection, sids)
    return sids


async def _provisioned(settings: Settings) -> dict[str, str]:
    from bot.whatsapp.answer_waiting import provision_waiting
    from bot.whatsapp.channel import FORESEEN, explained
    from bot.whatsapp.templates import on_account, provision

    channel, speeches = _whatsapp(settings), load_languages(settings.default_language).values()
    try:
        buttons = await provision(channel.client)
        known = await on_account(channel.client)
        return buttons | await provision_waiting(channel.client, speeches, known)
    except FORESEEN as error:
        raise ProvisionError(explained(error)) from None
    finally:
        await channel.close()


async def _stopped(stopping: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return False
    return True


def _add_simulator(
    channels: Channels, parts: "Parts", database: DatabaseThread, receive: Receive
) -> None:
    from bot.simulator.channel import SimulatorChannel
    from bot.simulator.http import SimulatorSite

    channel = SimulatorChannel(parts.engine, database, parts.now)
    site = SimulatorSite(
        parts.engine,
        database,
        channel,
        receive,
        parts.languages,
        parts.settings.simulator_password.get_secret_value(),
        parts.now,
    )
    channels.by_name["simulator"] = channel
    channels.routes += site.routes()
    channels.closing.append(site.closing)
