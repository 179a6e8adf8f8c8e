"""The channels of one process: those with credentials, and the simulator where it is on."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy import Engine

from bot import documents, texts
from bot.channel import Channel, Receive, Report
from bot.database_thread import DatabaseThread
from bot.settings import Settings
from flows.speech import Languages
from storage.database import reading
from storage.locks import Lock
from storage.models import Template
from storage.only_one import only_one
from storage.pacing import COOLS
from storage.templates import all_templates, load_templates, save_templates

if TYPE_CHECKING:
    from bot.runtime import Parts
    from bot.telegram.channel import TelegramChannel
    from bot.whatsapp.channel import WhatsAppChannel

log = logging.getLogger(__name__)

Loop = Callable[[asyncio.Event], Coroutine[None, None, None]]
_AGAIN_SECONDS = 60
_APPROVALS_SECONDS = 3600
_PARTS_APART = COOLS.total_seconds()
_CATCH_UP = timedelta(minutes=5)
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
        token,
        settings.telegram_api_base_url,
        operators=settings.operators_chat_id,
        parts_apart=_PARTS_APART if "telegram" in settings.rates else 0.0,
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
        await poll(channel, receive, stopping, only_one(parts.engine, Lock.POLLING))

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
    apart = _PARTS_APART if "whatsapp" in settings.rates else 0.0
    return WhatsAppChannel(account, {}, parts_apart=apart)


def _add_whatsapp(
    channels: Channels,
    parts: "Parts",
    database: DatabaseThread,
    receive: Receive,
    report: Report,
) -> None:
    from bot.whatsapp import files, webhook
    from bot.whatsapp.openers import read_back
    from bot.whatsapp.reconcile import recent

    channel = _whatsapp(parts.settings)

    async def load() -> Mapping[str, str]:
        return await database.run(_templates, parts.engine)

    async def prepare() -> None:
        channel.templates = await load()
        channel.load_templates = load

    async def judge(stopping: asyncio.Event) -> None:
        """Read back every hour what Meta says of the templates: it may take an approval away."""
        while not await _stopped(stopping, _APPROVALS_SECONDS):
            try:
                known = await database.run(_known_templates, parts.engine)
                found = await read_back(channel.client, known)
                await database.run(_remember, parts.engine, found)
            except Exception as error:  # Twilio's or the database's: again in an hour
                log.warning("whatsapp: cannot read approvals: %s", type(error).__name__)

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
    channels.preparing.append(prepare)
    channels.loops += [catch_up, judge]
    channels.routes += webhook.routes(channel, receive, report)
    file_of = partial(documents.file_of, parts.engine, channel="whatsapp")
    channels.routes += files.routes(channel.links, database, file_of)


def _known_templates(engine: Engine) -> list[Template]:
    with reading(engine).begin() as connection:
        return all_templates(connection)


def _remember(engine: Engine, templates: list[Template]) -> None:
    with engine.begin() as connection:
        save_templates(connection, templates)


def _templates(engine: Engine) -> dict[str, str]:
    with reading(engine).begin() as connection:
        return load_templates(connection)


def provision_whatsapp(settings: Settings, engine: Engine, spoken: Languages) -> list[Template]:
    """Create what is missing at Twilio, ask for the approvals that openers need, and remember all.

    Raises ProvisionError.
    """
    from bot.whatsapp.openers import openers, submit
    from bot.whatsapp.templates import provision

    async def provisioned(channel: "WhatsAppChannel") -> list[Template]:
        sids = await provision(channel.client)
        buttons = [Template(name=name, sid=sid) for name, sid in sids.items()]
        speeches = {speech.code: speech for speech in spoken.values()}
        return buttons + await submit(channel.client, openers(speeches.values()), speeches)

    return _at_twilio(settings, engine, provisioned)


def approvals_of_whatsapp(settings: Settings, engine: Engine) -> list[Template]:
    """What Meta says of the templates now, read back and remembered. Raises ProvisionError."""
    from bot.whatsapp.openers import read_back

    with reading(engine).begin() as connection:
        known = all_templates(connection)
    return _at_twilio(settings, engine, lambda channel: read_back(channel.client, known))


def _at_twilio(
    settings: Settings,
    engine: Engine,
    work: "Callable[[WhatsAppChannel], Coroutine[None, None, list[Template]]]",
) -> list[Template]:
    found = asyncio.run(_worked(settings, work))
    with engine.begin() as connection:
        save_templates(connection, found)
    return found


async def _worked(
    settings: Settings,
    work: "Callable[[WhatsAppChannel], Coroutine[None, None, list[Template]]]",
) -> list[Template]:
    from bot.whatsapp.channel import FORESEEN, explained

    channel = _whatsapp(settings)
    try:
        return await work(channel)
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
