"""The pacer: permits shared through the database, pauses, and a loopback that enforces limits."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine

from bot import clock as real_clock
from bot.database_thread import DatabaseThread
from bot.sender import Sender
from bot.telegram.channel import TelegramChannel
from flows.outreach.quiet import Quiet
from flows.outreach.verdict import Rules
from storage import pacing
from storage.claims import LONGEST_HELD, Claims, Due
from storage.columns import to_ms
from storage.outbox import Closing, Outcome
from storage.pacing import COOLS, IN_ANSWER_COOLS, Cooling, Permits
from storage.prepared import cursor_of
from tests.conftest import START
from tests.loopback.pace import Pace
from tests.loopback.telegram import LoopbackTelegram
from tests.test_sender import body, rows
from tests.test_storage_database import KINDS, emptied, migrated
from tests.test_storage_outbox import post

NEVER_QUIET = Rules(ZoneInfo("Europe/Rome"), Quiet(START.time(), START.time()))
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("pacing")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


def claim(
    connection: Connection, after: timedelta = 0 * SECOND, rooms: Any = (9, 9, 9)
) -> list[Due]:
    claims = Claims(connection.dialect)
    return claims.claim(connection, "telegram", rooms, START + after, paced=True)


def answered(connection: Connection, due: Due, after: timedelta) -> None:
    """A send was answered so long after the start."""
    sent = Outcome(due.id, "sent", "m", attempt=due.attempts + 1)
    Closing(connection.dialect).close(connection, [sent], START + after)
    cooling = Cooling("telegram", due.permit, START + after + COOLS)
    Permits(connection.dialect).cool(cursor_of(connection), [cooling])


def test_no_more_fly_than_there_are_permits(database: Engine) -> None:
    with database.begin() as connection:
        pacing.grant(connection, "telegram", 2)
        ids = [post(connection, f"p{n}") for n in range(4)]
        first, second = claim(connection)
        assert [first.id, second.id] == ids[:2]
        assert claim(connection) == []
        answered(connection, first, SECOND / 2)
        assert claim(connection, SECOND) == []
        assert [row.id for row in claim(connection, SECOND / 2 + COOLS)] == [ids[2]]


def test_a_permit_whose_sender_died_comes_back(database: Engine) -> None:
    with database.begin() as connection:
        pacing.grant(connection, "telegram", 1)
        post(connection, "a")
        later = post(connection, "b")
        claim(connection)
        assert claim(connection, LONGEST_HELD - SECOND) == []
        assert [row.id for row in claim(connection, LONGEST_HELD)] == [later]


def test_nobody_gets_two_new_messages_within_a_second_but_an_edit_goes(database: Engine) -> None:
    with database.begin() as connection:
        pacing.grant(connection, "telegram", 9)
        post(connection, "a")
        [due] = claim(connection)
        answered(connection, due, 0 * SECOND)
        again = post(connection, "a")
        assert claim(connection, SECOND / 2) == []
        edit = post(connection, "b", edits="m1")
        [flying] = claim(connection, SECOND / 2)
        assert flying.id == edit
        assert [row.id for row in claim(connection, COOLS)] == [again]


def test_replies_have_lanes_of_their_own(database: Engine) -> None:
    with database.begin() as connection:
        pacing.grant(connection, "telegram", 9)
        for n in range(9):
            post(connection, f"p{n}", priority=2)
        assert len(claim(connection, rooms=(3, 3, 1))) == 1
        reply = post(connection, "r")
        assert [row.id for row in claim(connection, rooms=(2, 2, 0))] == [reply]


def test_a_pause_holds_everybody_back_and_a_shorter_one_does_not_end_it(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection, "a")
        pacing.pause(connection, "telegram", 0, START + 9 * SECOND, "429")
        pacing.pause(connection, "telegram", 0, START + SECOND, "429")
        plain = Claims(connection.dialect)
        assert plain.claim(connection, "telegram", (9, 9, 9), START + 8 * SECOND) == []
        due = plain.claim(connection, "telegram", (9, 9, 9), START + 9 * SECOND)
        assert [row.id for row in due] == [id]


def test_a_restricted_sender_still_replies(database: Engine) -> None:
    with database.begin() as connection:
        pacing.pause(connection, "telegram", 2, START + 9 * SECOND, "63038")
        post(connection, "a", priority=2)
        reply = post(connection, "b")
        due = Claims(connection.dialect).claim(connection, "telegram", (9, 9, 9), START)
        assert [row.id for row in due] == [reply]


def test_a_reply_in_an_answer_takes_a_permit_too(database: Engine) -> None:
    with database.begin() as connection:
        pacing.grant(connection, "telegram", 2)
        permits, cursor = Permits(connection.dialect, ["telegram"]), cursor_of(connection)
        at = to_ms(START)
        assert permits.take_one(cursor, "telegram", "a", at)
        assert not permits.take_one(cursor, "telegram", "a", at + 1000), "one a second to a person"
        assert permits.take_one(cursor, "telegram", "b", at)
        assert not permits.take_one(cursor, "telegram", "c", at)
        post(connection, "d")
        assert claim(connection) == []
        assert len(claim(connection, IN_ANSWER_COOLS)) == 1
        assert Permits(connection.dialect).take_one(cursor, "telegram", "c", at), "not paced"


def test_no_reply_in_an_answer_while_the_provider_wants_a_pause(database: Engine) -> None:
    """Nobody would tell that it was refused: it would be lost."""
    with database.begin() as connection:
        pacing.grant(connection, "telegram", 2)
        permits, cursor = Permits(connection.dialect, ["telegram"]), cursor_of(connection)
        pacing.pause(connection, "telegram", 2, START + 9 * SECOND, "63038")
        assert permits.take_one(cursor, "telegram", "a", to_ms(START)), "only broadcasts wait"
        pacing.pause(connection, "telegram", 0, START + SECOND, "429")
        assert not permits.take_one(cursor, "telegram", "b", to_ms(START))
        assert permits.take_one(cursor, "telegram", "b", to_ms(START + SECOND))


def test_the_rate_may_change(database: Engine) -> None:
    with database.begin() as connection:
        for rate in (5, 2, 3, 0):
            pacing.grant(connection, "telegram", rate)
            pacing.grant(connection, "telegram", rate)
            free = Permits(connection.dialect).free(
                cursor_of(connection), "telegram", 99, to_ms(START)
            )
            assert sorted(free) == list(range(1, rate + 1))


# ── with a Telegram that enforces its limits ────────────────────────────────────────────────────

PEOPLE, RATE = 24, 8


def test_two_senders_keep_the_rate_and_are_never_refused(database: Engine) -> None:
    pace, seconds = asyncio.run(_sent(database, paced=True))
    assert (pace.refused, pace.hasty) == (0, 0)
    assert seconds >= PEOPLE / RATE - 1
    assert {row.status for row in rows(database)} == {"sent"}


def test_without_the_pacer_they_are_refused_and_nothing_is_lost(database: Engine) -> None:
    pace, _ = asyncio.run(_sent(database, paced=False))
    assert pace.refused > 0
    assert pace.hasty <= 64, "only what was on its way when Telegram said wait"
    assert {row.status for row in rows(database)} == {"sent"}


async def _sent(engine: Engine, *, paced: bool) -> tuple[Pace, float]:
    """Everybody gets one message, from two senders; at most half a minute."""
    with engine.begin() as connection:
        pacing.grant(connection, "telegram", RATE if paced else 0)
        for chat in range(1, PEOPLE + 1):
            post(connection, str(chat), body=body("ciao"))
    server = LoopbackTelegram("1:x")
    server.bot.pace, server.bot.chats = Pace(RATE), set(range(1, PEOPLE + 1))
    await server.start()
    stopping, thread = asyncio.Event(), DatabaseThread(engine)
    channels = [TelegramChannel("1:x", server.url) for _ in range(2)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    senders = [
        Sender(
            engine, thread, {"telegram": channel}, real_clock.now, NEVER_QUIET,
            paced={"telegram": RATE} if paced else {},
        )
        for channel in channels
    ]  # fmt: skip
    running = [asyncio.create_task(sender.run(stopping)) for sender in senders]
    try:
        async with asyncio.timeout(30):
            while any(row.status != "sent" for row in await thread.run(rows, engine)):
                await asyncio.sleep(0.1)
    finally:
        stopping.set()
        await asyncio.gather(*running)
        for channel in channels:
            await channel.close()
        thread.close()
        await server.stop()
    return server.bot.pace, loop.time() - began
