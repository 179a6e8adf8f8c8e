"""Poison, slow clients, deliveries and statuses twice and out of order."""

import asyncio
import random
from contextlib import suppress

import aiohttp
from sqlalchemy import text

from tests.battery.figures import Figure, Place, at_most, exactly
from tests.battery.poisoned import POISON
from tests.battery.world import World
from tests.loopback.telegram_refusal import Params
from tests.loopback.twilio import LoopbackTwilio
from tests.storm import SAID

_SORRY = "Qualcosa non ha funzionato"
_SET_ASIDE = text("SELECT count(*) FROM inbox WHERE failures > 0 AND handled_at IS NOT NULL")
_READ = text("SELECT count(*) FROM outbox WHERE channel = 'whatsapp' AND status = 'read'")
_ON_ITS_WAY = ("queued", "sent", "delivered", "read")
_HEAD = b"POST /telegram/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"


async def poison(place: Place) -> list[Figure]:
    """Messages that break each turn they are in, among those of others: web and worker apart."""
    roles = (("web",), ("worker",), ("sender",))
    async with World(place, module="tests.battery.poisoned", roles=roles) as world:
        ended = asyncio.Event()
        load = asyncio.create_task(world.mixed_load(ended, people=4))
        sick = range(1, 6)
        for chat in sick:
            await world.says(chat, "ciao")
            await world.says(chat, POISON)
            await world.says(chat, "italiano")
        await asyncio.sleep(3)
        ended.set()
        await load
        await world.until_quiet(60)
        told = {m.chat_id for m in world.telegram.messages if _SORRY in m.text}
        return [
            exactly("set aside", world.count(_SET_ASIDE), len(sick)),
            exactly("told so", len(told.intersection(sick)), len(sick)),
            *world.reckon(),
        ]


async def slow_clients(place: Place) -> list[Figure]:
    """60 connections that never end what they began; others are answered as before."""
    async with World(place) as world:
        for _ in range(4):
            await world.person()
        before = world.median_wait()
        world.waits.clear()
        slow = [await asyncio.open_connection("127.0.0.1", world.server.port) for _ in range(60)]
        dripping = [asyncio.create_task(_drip(writer)) for _, writer in slow]
        for _ in range(4):
            await world.person()
        after = world.median_wait()
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)
        for _, writer in slow:
            writer.close()
        await world.until_quiet(30)
        return [
            at_most("median answer beside them, s", after, max(5 * before, 0.5)),
            *world.reckon(),
        ]


async def _drip(writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        writer.write(_HEAD)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.2)


async def repeated(place: Place) -> list[Figure]:
    """Each update comes three times: twice at once, and once after later ones."""
    people = 6 if place.short else 40
    chance = random.Random(place.dialect)
    async with World(place) as world, aiohttp.ClientSession() as session:

        async def again(update: Params) -> None:
            """Telegram takes no notice of the answer: it has one already."""
            secret = {"X-Telegram-Bot-Api-Secret-Token": world.telegram.secret}
            url = world.telegram.webhook_url
            async with session.post(url, json=update, headers=secret) as response:
                await response.read()

        async def person(chat: int) -> None:
            old: list[Params] = []
            for words in SAID:
                old.append(world.telegram.said(chat, words))
                await asyncio.gather(again(old[-1]), world.delivers(old[-1]))
                await again(chance.choice(old))

        await asyncio.gather(*(person(1000 + n) for n in range(people)))
        await world.until_quiet(30)
        return world.reckon()


async def statuses(place: Place) -> list[Figure]:
    """WhatsApp: what became of a message is told in any order, and twice; the furthest counts."""
    people = 10 if place.short else 100
    chance = random.Random(place.dialect)
    twilio = LoopbackTwilio(f"AC{0:032x}", "battery-token")
    twilio.calls_back = False
    await twilio.start()
    account = {
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "TWILIO_WHATSAPP_FROM": twilio.sender,
        "TWILIO_API_BASE_URL": twilio.url,
    }
    async with World(place, **account) as world:
        twilio.webhook_url = f"{world.server.url}/whatsapp/webhook"
        for number in range(people):
            await twilio.person_sends(f"+39333000{number:04}", "ciao")
        await world.until(lambda: len(twilio.messages) == people, 60)
        told = [(m, s) for m in twilio.messages for s in (*_ON_ITS_WAY, *_ON_ITS_WAY)]
        chance.shuffle(told)
        for shown, status in told:
            form = {"MessageSid": shown.sid, "MessageStatus": status, "To": shown.to}
            await twilio.posts.post(shown.callback, form)
        read = world.count(_READ)
    await twilio.stop()
    return [exactly("messages", len(twilio.messages), people), exactly("read", read, people)]
