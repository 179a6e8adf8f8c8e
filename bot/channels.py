"""The channels of one process: those with credentials, and the simulator where it is on."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from bot.channel import Channel, Receive, Report
from bot.database_thread import DatabaseThread

if TYPE_CHECKING:
    from bot.runtime import Parts


@dataclass
class Channels:
    """Senders by name; routes to serve; loops that poll; events that end open streams."""

    by_name: dict[str, Channel] = field(default_factory=dict)
    routes: list[web.RouteDef] = field(default_factory=list)
    polls: list[Callable[[asyncio.Event], Coroutine[None, None, None]]] = field(default_factory=list)
    closing: list[asyncio.Event] = field(default_factory=list)


def make_channels(
    parts: "Parts", database: DatabaseThread, receive: Receive, report: Report
) -> Channels:
    """Made from the settings; nothing connects yet."""
    channels = Channels()
    if parts.settings.uses_simulator:
        _add_simulator(channels, parts, database, receive)
    return channels


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
