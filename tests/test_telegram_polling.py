"""Polling: an offset is asked for only when everything before it is durable."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

import bot.telegram.polling as polling
from bot.channel import Letter, Received
from bot.telegram.channel import TelegramChannel
from tests.loopback.telegram import LoopbackTelegram

TOKEN = "123456789:AAloopbackloopbackloopbackloopback0"
ANN, BOB = 42, 43


class Alone:
    """`storage.only_one.OnlyOne` of a process that is the only one."""

    def held(self) -> bool:
        return True

    def release(self) -> None:
        pass


@dataclass
class Desk:
    """Stands for the receiver; refuses while ``failures`` is not zero."""

    failures: int = 0
    got: list[tuple[str, str]] = field(default_factory=list)
    busy: int = 0
    most_busy: int = 0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, received: Received) -> Letter | None:
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        await self.hold.wait()
        self.busy -= 1
        if self.failures:
            self.failures -= 1
            raise OSError("database is full of Amina's words")
        said = received.inbound.text if received.inbound else received.change
        self.got.append((received.address, said))
        return None


@dataclass
class Line:
    """A running poll, its Bot API and its receiver."""

    server: LoopbackTelegram
    channel: TelegramChannel
    desk: Desk
    stopping: asyncio.Event

    def offsets(self) -> list[int]:
        """What getUpdates was asked for so far."""
        calls = [params for method, params in self.server.calls if method == "getupdates"]
        return [int(params.get("offset", 0)) for params in calls]

    async def until(self, wanted: Callable[[], object]) -> None:
        """Wait for something to be so, five seconds at most."""
        async with asyncio.timeout(5):
            while not wanted():
                await asyncio.sleep(0.005)


def tell(story: Callable[[Line], Awaitable[None]], before: Any = None, **desk: Any) -> None:
    """Run ``story`` while it polls; ``before`` prepares the server."""

    async def told() -> None:
        server = LoopbackTelegram(TOKEN)
        await server.start()
        channel = TelegramChannel(TOKEN, server.url)
        line = Line(server, channel, Desk(**desk), asyncio.Event())
        line.desk.hold.set()
        if before:
            before(line)
        task = asyncio.create_task(polling.poll(channel, line.desk.receive, line.stopping, Alone()))
        try:
            await story(line)
        finally:
            line.stopping.set()
            async with asyncio.timeout(2):
                await task
            await channel.close()
            await server.stop()

    asyncio.run(told())


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_MOST_WAIT", 0.02)
    monkeypatch.setattr(polling, "_FIRST_WAIT", 0.01)


def test_offsets_move_after_the_batch_and_are_forgotten_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "_LONG_POLL_SECONDS", 0)

    def before(line: Line) -> None:
        for text in ("one", "two"):
            line.server.push(line.server.said(ANN, text))

    async def story(line: Line) -> None:
        await line.until(lambda: len(line.offsets()) > 3)
        assert line.offsets()[:4] == [0, 700_000_003, 0, 0]
        assert line.desk.got == [("42", "one"), ("42", "two")]
        smaller = {**line.server.said(BOB, "after a silent week"), "update_id": 5}
        line.server.push(smaller)
        await line.until(lambda: len(line.desk.got) == 3)
        await line.until(lambda: 6 in line.offsets())

    tell(story, before)


def test_the_offset_waits_for_all_of_the_batch() -> None:
    def before(line: Line) -> None:
        line.desk.hold.clear()
        for chat, text in ((ANN, "one"), (ANN, "two"), (BOB, "three")):
            line.server.push(line.server.said(chat, text))

    async def story(line: Line) -> None:
        await line.until(lambda: line.desk.busy == 2)  # one of each chat
        assert line.offsets() == [0]
        line.desk.hold.set()
        await line.until(lambda: len(line.offsets()) == 2)
        assert line.desk.most_busy == 2
        assert [said for chat, said in line.desk.got if chat == "42"] == ["one", "two"]

    tell(story, before)


def test_what_could_not_be_stored_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    def before(line: Line) -> None:
        line.server.push(line.server.said(ANN, "one"))

    async def story(line: Line) -> None:
        await line.until(lambda: line.desk.got)
        assert line.offsets()[:3] == [0, 0, 0]

    caplog.set_level(logging.DEBUG)
    tell(story, before, failures=2)
    assert "could not be stored" in caplog.text
    assert "Amina" not in caplog.text


def test_unusable_updates_do_not_stop_the_rest() -> None:
    def before(line: Line) -> None:
        line.server.push({"update_id": 1, "message": {"chat": {"id": 1}, "photo": [[[]]]}})
        line.server.push({"update_id": 2, "poll": {}})
        line.server.push({**line.server.said(ANN, "one"), "update_id": 3})

    async def story(line: Line) -> None:
        await line.until(lambda: line.offsets() == [0, 4])
        assert line.desk.got == [("42", "one")]
        assert line.channel.counts["unusable"] == 2

    tell(story, before)


def test_taps_are_acknowledged() -> None:
    def before(line: Line) -> None:
        line.server.push(line.server.tapped(ANN, "1:yes", 5))

    async def story(line: Line) -> None:
        await line.until(lambda: line.server.bot.answered)

    tell(story, before)


def test_failures_are_waited_out(caplog: pytest.LogCaptureFixture) -> None:
    def before(line: Line) -> None:
        for status in (409, 500, 502, 401):
            line.server.fail_next(status, "Conflict: x" if status == 409 else "")
        line.server.drop()
        line.server.push(line.server.said(ANN, "one"))

    async def story(line: Line) -> None:
        await line.until(lambda: line.desk.got)

    tell(story, before)
    assert "another process polls with this token" in caplog.text
    assert "check TELEGRAM_BOT_TOKEN" in caplog.text
    assert caplog.text.count("again in") == 5


def test_the_wait_grows_and_ends() -> None:
    async def story(line: Line) -> None:
        poller = polling._Poller(line.channel, line.desk.receive)
        waits = []
        for _ in range(7):
            poller.failed("x")
            waits.append(poller.wait)
        assert waits == [1, 2, 4, 8, 16, 30, 30]
        await poller.settle([])
        assert poller.wait == 0
        poller.failed("x", at_least=45)
        assert poller.wait == 45

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polling, "_MOST_WAIT", 30.0)
        patch.setattr(polling, "_FIRST_WAIT", 1.0)
        tell(story)


def test_stops_at_once_within_a_long_poll() -> None:
    async def story(line: Line) -> None:
        await line.until(line.offsets)
        # `tell` gives it two seconds; the poll would take 25

    tell(story)


def test_a_batch_in_hand_is_finished_before_it_stops() -> None:
    def before(line: Line) -> None:
        line.desk.hold.clear()
        line.server.push(line.server.said(ANN, "one"))

    async def story(line: Line) -> None:
        await line.until(lambda: line.desk.busy)
        line.stopping.set()
        line.desk.hold.set()
        await line.until(lambda: line.desk.got)
        assert line.offsets() == [0]

    tell(story, before)
