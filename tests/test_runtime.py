"""The roles of one process: receipts and what follows from them, and a loop that breaks."""

import asyncio

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.channel import Problem, Receipt
from bot.runtime import Parts, Runtime
from storage.models import Address, Contact, Outbox
from tests.test_storage_outbox import address, post


def told(parts: Parts, problem: Problem) -> tuple[str, str, str]:
    """Letter, address and alerts after a message to them failed on the way."""
    with parts.engine.begin() as connection:
        address(connection, 1, "a", "whatsapp")
        id = post(connection, "a", channel="whatsapp", status="sent", external_id="SM1", attempts=1)
    asyncio.run(
        Runtime(parts, []).report(Receipt("whatsapp", "SM1", "failed", id, problem, attempt=1))
    )
    with parts.engine.begin() as connection:
        letter = connection.execute(select(col(Outbox.status))).scalar_one()
        state = connection.execute(select(col(Address.state))).scalar_one()
        alerts = connection.execute(select(col(Contact.alerts))).scalar_one()
    return letter, state, alerts


@pytest.mark.parametrize(
    ("problem", "after"),
    [
        (Problem.BUSY, ("queued", "ok", "off")),
        (Problem.STOPPED, ("failed", "ok", "stopped")),
        (Problem.UNREACHABLE, ("failed", "blocked", "off")),
        (Problem.WINDOW_CLOSED, ("failed", "ok", "off")),
        (Problem.REJECTED, ("failed", "ok", "off")),
    ],
)
def test_what_follows_from_a_failed_delivery(
    parts: Parts, problem: Problem, after: tuple[str, str, str]
) -> None:
    assert told(parts, problem) == after


def test_a_loop_that_breaks_ends_the_program(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(stopping: asyncio.Event) -> None:
        raise ZeroDivisionError

    parts.settings.http_port = 0
    runtime = Runtime(parts, ["web"])
    runtime._channels.loops.append(broken)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(asyncio.wait_for(runtime.run(), 20))
    assert "stopping: ZeroDivisionError" in caplog.text
