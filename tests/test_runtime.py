"""The roles of one process: receipts and what follows from them, and a loop that breaks."""

import asyncio
import socket
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.channel import Problem, Receipt
from bot.database_thread import DatabaseThread
from bot.listening import NotReadyError
from bot.receipts import Receipts
from bot.runtime import BrokenError, Parts, Runtime
from storage.models import Address, Contact, Outbox
from tests.test_storage_outbox import address, post


def told(parts: Parts, problem: Problem) -> tuple[str, str, str]:
    """Letter, address and alerts after a message to them failed on the way."""
    with parts.engine.begin() as connection:
        address(connection, 1, "a", "whatsapp")
        id = post(connection, "a", channel="whatsapp", status="sent", external_id="SM1", attempts=1)
    receipts = Receipts(parts.engine, DatabaseThread(parts.engine), parts.now)
    asyncio.run(receipts.report(Receipt("whatsapp", "SM1", "failed", id, problem, attempt=1)))
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


async def broken(stopping: asyncio.Event) -> None:
    raise ZeroDivisionError("Amina's words")


async def ends(stopping: asyncio.Event) -> None:
    return


async def gives_up(stopping: asyncio.Event) -> None:
    raise asyncio.CancelledError


async def hangs(stopping: asyncio.Event) -> None:
    await asyncio.Event().wait()


def ending(parts: Parts, monkeypatch: pytest.MonkeyPatch, **loops: Any) -> int:
    """How often the deadline was set, after a run in which these loops made it stop."""
    begun: list[None] = []
    parts.settings.http_port = 0
    roles = ["web", *loops.keys() & {"sender", "worker"}]
    runtime = Runtime(parts, roles, lambda: begun.append(None))
    if "helper" in loops:
        runtime._channels.loops.append(loops["helper"])
    if "sender" in loops:
        monkeypatch.setattr(runtime._sender, "run", loops["sender"])
    if "worker" in loops:
        monkeypatch.setattr(runtime, "_work", partial(loops["worker"], runtime._stopping))
    with pytest.raises(BrokenError):
        asyncio.run(asyncio.wait_for(runtime.run(), 20))
    return len(begun)


@pytest.mark.parametrize("role", ["sender", "worker", "helper"])
def test_a_loop_that_breaks_ends_the_program(
    parts: Parts, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    assert ending(parts, monkeypatch, **{role: broken}) == 1
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    who = "broken" if role == "helper" else role
    assert line.startswith(f"stopping: {who} broke: ZeroDivisionError at ")
    assert "Amina" not in caplog.text


@pytest.mark.parametrize("role", ["sender", "worker"])
@pytest.mark.parametrize("run", [ends, gives_up])
def test_a_loop_that_ends_without_a_word_ends_the_program(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    run: Any,
) -> None:
    assert ending(parts, monkeypatch, **{role: run}) == 1
    assert f"stopping: {role} ended" in caplog.text


def test_without_its_port_it_claims_nothing(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    async def sends(_: asyncio.Event) -> None:
        begun.append("sender")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        parts.settings.http_port = taken.getsockname()[1]
        runtime = Runtime(parts, ["web", "sender"])
        monkeypatch.setattr(runtime._sender, "run", sends)
        with pytest.raises(NotReadyError):
            asyncio.run(asyncio.wait_for(runtime.run(), 20))
    assert begun == []


def test_who_does_not_finish_is_named(
    parts: Parts, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.runtime._FINISH_SECONDS", 0.2)
    assert ending(parts, monkeypatch, sender=hangs, helper=broken) == 1
    assert "stopping: sender did not finish" in caplog.text


def test_a_helper_that_hangs_is_given_up(
    parts: Parts, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that never answers its helper is no reason for an exit code of its own."""
    monkeypatch.setattr("bot.runtime._FINISH_SECONDS", 0.2)
    parts.settings.http_port = 0
    runtime = Runtime(parts, ["web"])
    runtime._channels.loops.append(hangs)

    async def stop_soon() -> None:
        task = asyncio.create_task(runtime.run())
        await asyncio.sleep(0.3)
        runtime._stop_soon()
        await asyncio.wait_for(task, 10)

    asyncio.run(stop_soon())
    assert "stopping" not in caplog.text
