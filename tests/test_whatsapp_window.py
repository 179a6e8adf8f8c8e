"""Outside of WhatsApp's 24 hours: openers, what is held, and that Twilio never has to refuse."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col

from bot.channel import Letter
from bot.whatsapp.channel import TwilioAccount, WhatsAppChannel
from bot.whatsapp.openers import openers, read_back, submit
from flows.messages import Outbound
from flows.speech import Languages
from storage.claims import Claims, Due
from storage.columns import to_ms
from storage.models import Address, Outbox, Template
from storage.prepared import cursor_of
from storage.templates import save_templates
from storage.turns import Turns
from storage.verdicts import ANSWER_WAITING, HELD_AT_MOST, NEWS_WAITING
from tests.conftest import START, Clock
from tests.loopback.twilio import SENDER, LoopbackTwilio
from tests.test_sender import Recorded, rows, run, settled
from tests.test_storage_database import KINDS, emptied, migrated
from tests.test_storage_outbox import address, post, row_of

ACCOUNT, TOKEN = f"AC{1:032x}", "s3cr3t-auth-token-0123456789"
AMINA = "+393331234567"
DAY = timedelta(hours=24)
WORDS = json.dumps(Outbound("Come on Monday.", "it").to_json())


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("window")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    """Amina wrote on WhatsApp 24 hours ago."""
    with emptied(url) as engine:
        with engine.begin() as connection:
            address(connection, 1, AMINA, "whatsapp")
            connection.execute(update(Address).values(heard_at=START - DAY))
        yield engine


def approve(engine: Engine, *names: str, approval: str = "approved") -> None:
    """Meta has said this of these openers in Italian."""
    made = [Template(name=f"{n}_it", sid=f"HX{n}", language="it", approval=approval) for n in names]
    with engine.begin() as connection:
        save_templates(connection, made)


def queue(engine: Engine, **row: Any) -> int:
    with engine.begin() as connection:
        values = {"contact_id": 1, "channel": "whatsapp", "body": WORDS}
        return post(connection, AMINA, **values | row)


def claim(engine: Engine, after: timedelta = timedelta()) -> list[Due]:
    with engine.begin() as connection:
        claims = Claims(connection.dialect)
        return claims.claim(connection, "whatsapp", (9, 9, 9), START + after)


def state(engine: Engine, id: int) -> tuple[str, str | None]:
    with engine.begin() as connection:
        row = row_of(connection, id)
        return row.status, row.problem


def writes(engine: Engine, clock: Clock) -> None:
    """Amina taps the opener's button, or writes anything."""
    with engine.begin() as connection:
        turns = Turns(engine.dialect)
        turns.heard(cursor_of(connection), "whatsapp", AMINA, to_ms(clock()))
        assert turns.release(cursor_of(connection), "whatsapp", AMINA, to_ms(clock()))


def test_inside_of_the_window_free_text_goes(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(update(Address).values(heard_at=START - timedelta(hours=23)))
    id = queue(database)
    assert [(row.id, row.opener) for row in claim(database)] == [(id, "")]


@pytest.mark.parametrize("approval", ["unsubmitted", "received", "pending", "rejected", "paused"])
def test_without_an_approved_opener_it_fails_and_twilio_is_not_asked(
    database: Engine, approval: str
) -> None:
    approve(database, ANSWER_WAITING, approval=approval)
    id = queue(database)
    assert claim(database) == []
    assert state(database, id) == ("failed", "window_closed")


def test_an_opener_goes_and_the_answer_is_held_until_they_write(
    database: Engine, clock: Clock
) -> None:
    approve(database, ANSWER_WAITING)
    first, second = queue(database), queue(database)
    channel = Recorded(name="whatsapp")
    run(database, clock, [channel], lambda: [r.status for r in rows(database)] == ["held"] * 2)
    [opener] = channel.letters
    assert (opener.outbound.template, opener.outbound.text) == (ANSWER_WAITING, "")
    assert rows(database)[0].expires_at == START + HELD_AT_MOST
    clock.pass_time(hours=1)
    writes(database, clock)
    run(database, clock, [channel], settled(database))
    assert [letter.id for letter in channel.letters[1:]] == [first, second]
    assert channel.letters[1].outbound.text == "Come on Monday."
    assert [row.status for row in rows(database)] == ["sent", "sent"]


def test_news_has_an_opener_of_its_own(database: Engine, clock: Clock) -> None:
    approve(database, ANSWER_WAITING, NEWS_WAITING)
    queue(database)
    queue(database, priority=2)
    channel = Recorded(name="whatsapp")
    with database.begin() as connection:
        due = Claims(connection.dialect).claim(connection, "whatsapp", (9, 9, 9), START)
        assert [row.opener for row in due] == [ANSWER_WAITING]
    with database.begin() as connection:
        connection.execute(
            update(Outbox).where(col(Outbox.priority) == 0).values(status="held", external_id="MM1")
        )
        due = Claims(connection.dialect).claim(connection, "whatsapp", (9, 9, 9), START)
        assert [row.opener for row in due] == [NEWS_WAITING]
    assert channel.letters == []


def test_what_nobody_read_expires_and_is_never_shown_as_sent(
    database: Engine, clock: Clock
) -> None:
    approve(database, ANSWER_WAITING)
    id = queue(database)
    run(database, clock, [Recorded(name="whatsapp")], lambda: state(database, id)[0] == "held")
    clock.pass_time(days=8)
    run(database, clock, [Recorded(name="whatsapp")], settled(database))
    assert state(database, id) == ("cancelled", "expired")


def test_what_says_how_long_it_is_of_use_waits_so_long(database: Engine, clock: Clock) -> None:
    approve(database, ANSWER_WAITING)
    queue(database, expires_at=START + 30 * DAY)
    run(database, clock, [Recorded(name="whatsapp")], lambda: rows(database)[0].status == "held")
    assert rows(database)[0].expires_at == START + 30 * DAY


def test_a_template_of_its_own_goes_at_any_time(database: Engine) -> None:
    approve(database, "reminder")
    words = Outbound("Tomorrow at nine.", "it", template="reminder")
    id = queue(database, body=json.dumps(words.to_json()))
    assert [(row.id, row.opener) for row in claim(database)] == [(id, "")]


def test_other_channels_have_no_window(database: Engine) -> None:
    with database.begin() as connection:
        address(connection, 2, "5", "telegram")
        connection.execute(update(Address).values(heard_at=START - 90 * DAY))
        id = post(connection, "5", contact_id=2)
        due = Claims(connection.dialect).claim(connection, "telegram", (9, 9, 9), START)
    assert [row.id for row in due] == [id]


Story = Callable[[LoopbackTwilio, WhatsAppChannel], Awaitable[None]]


def tell(story: Story) -> None:
    """Run a story against a Twilio of its own."""

    async def go() -> None:
        server = LoopbackTwilio(ACCOUNT, TOKEN)
        await server.start()
        public = "http://127.0.0.1:9"  # the discard port: callbacks find nobody
        channel = WhatsAppChannel(TwilioAccount(ACCOUNT, TOKEN, SENDER, public, server.url), {})
        try:
            await story(server, channel)
        finally:
            await channel.close()
            await server.stop()

    asyncio.run(go())


# ── with Twilio ─────────────────────────────────────────────────────────────────────────────────


def test_provision_asks_for_approval_once_and_reads_it_back(languages: Languages) -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        spoken = {speech.code: speech for speech in languages.values()}
        wanted = list(openers(spoken.values()))
        assert {"answer_waiting_it", "news_waiting_en"} <= {one.name for one in wanted}
        assert not any(one.language == "pcm" for one in wanted)
        first = await submit(channel.client, wanted, spoken)
        assert {one.approval for one in first} == {"received"}
        assert {one.category for one in first} == {"UTILITY", "MARKETING"}
        server.shelf.judge("sportello_answer_waiting_it", "approved", category="MARKETING")
        server.shelf.judge("sportello_news_waiting_it", "rejected", "INVALID_FORMAT")
        again = {one.name: one for one in await submit(channel.client, wanted, spoken)}
        assert len(server.contents) == len(wanted)
        assert server.refused == []
        ours = again["answer_waiting_it"]
        assert (ours.approval, ours.category) == ("approved", "MARKETING")
        assert again["news_waiting_it"].reason == "INVALID_FORMAT"
        assert await read_back(channel.client, again.values()) == list(again.values())

    tell(story)


def test_outside_of_the_window_twilio_takes_the_approved_opener_and_nothing_else(
    languages: Languages,
) -> None:
    async def story(server: LoopbackTwilio, channel: WhatsAppChannel) -> None:
        spoken = {"it": languages["it"]}
        made = await submit(channel.client, openers(spoken.values()), spoken)
        channel.templates = {one.name: one.sid for one in made}
        opener = Outbound("", "it", template=ANSWER_WAITING)
        letter = Letter(7, "whatsapp", AMINA, opener)
        await channel.send(letter)
        server.shelf.judge("sportello_answer_waiting_it", "approved")
        await channel.send(letter)
        await server.settle()
        [shown] = server.messages
        assert [id for _, id, _ in shown.buttons] == ["go:person-read"]
        assert len(server.calls) == 2

    tell(story)
