"""One number from the arrival of a message to the send of its answer, in every process' log."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from bot import tracing
from bot.channel import Failed, Letter, Problem, Received, Sent
from bot.database_thread import DatabaseThread
from bot.logs import JsonLines, Redaction, TextLines
from bot.meter import UNMEASURED
from bot.runtime import Parts
from bot.sender import Sender
from bot.worker import Delivery, Worker
from flows.messages import Inbound
from storage.tickets import group
from tests.conftest import START

MARKS = ("Fatoumata", "chat-77", "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1")


class Provider:
    """Takes every message but the first."""

    name = "telegram"

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> Sent | Failed:
        self.letters.append(letter)
        return Sent("m1") if len(self.letters) > 1 else Failed(Problem.BUSY, "429", retry_after=1)

    async def check(self) -> str:
        return ""

    async def close(self) -> None: ...


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the log says, as JSON lines."""
    out, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    handler.addFilter(Redaction([]))
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    yield out
    root.setLevel(level)
    root.removeHandler(handler)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in written.getvalue().splitlines()]
    return [line for line in found if line["part"].startswith("bot.")]


def send(parts: Parts, provider: Provider, rounds: int) -> None:
    async def go() -> None:
        thread = DatabaseThread(parts.engine)
        by_name = {"telegram": provider}
        sender = Sender(parts.engine, thread, by_name, parts.now, parts.settings.rules)
        for _ in range(rounds):
            await sender._round()
            await asyncio.gather(*sender._flying)
        await sender._round()
        thread.close()

    asyncio.run(go())


def message(number: int, words: str, address: str = MARKS[1]) -> Delivery:
    return Delivery(Received("telegram", f"u{number}", address, Inbound(words)))


def test_from_arrival_to_send_in_three_processes(parts: Parts, written: io.StringIO) -> None:
    """One process stores, another takes the turn, a third sends: the same number."""
    of_web = Worker(parts.engine, parts.flows, parts.settings.zone, parts.now, takes_turns=False)
    of_web.take([message(1, f"ciao, {MARKS[0]} {MARKS[2]}"), message(2, "hola", "other")])
    Worker(parts.engine, parts.flows, parts.settings.zone, parts.now).take_waiting()
    provider = Provider()
    send(parts, provider, 1)
    parts.now.pass_time(seconds=90)  # type: ignore[attr-defined]
    send(parts, provider, 1)
    with parts.engine.begin() as connection:
        query = text("SELECT inbox.id, outbox.id FROM outbox JOIN inbox ON inbox_id = inbox.id")
        letters = {row[0]: row[1] for row in connection.execute(query)}
    assert len(letters) == 2
    told = {n: [_plain(x["says"]) for x in lines(written) if x.get("trace") == n] for n in letters}
    sent, busy = (
        [_plain(f"letter {n} on telegram: sent") for n in (1, 1)][:1],
        "letter N on telegram: busy N",
    )
    whole = ["message N on telegram: stored", "message N on telegram: turn taken, N ms"]
    assert sorted(told.values(), key=len) == [[*whole, *sent], [*whole, busy, *sent]]
    assert all(x.get("trace") for x in lines(written))
    for mark in MARKS:
        assert mark not in written.getvalue()


def _plain(says: str) -> str:
    """With N for each number."""
    return " ".join("N" if w.strip(",:").isdigit() else w for w in says.split())


def test_what_goes_to_somebody_else_has_the_number_too(parts: Parts) -> None:
    with parts.engine.begin() as connection:
        with tracing.turn_of(4711, "telegram", UNMEASURED):
            group.post(connection, "-100", "{}", START)
        group.post(connection, "-100", "{}", START)
        query = text("SELECT trace, inbox_id FROM outbox ORDER BY id")
        assert [tuple(row) for row in connection.execute(query)] == [(4711, None), (None, None)]


def test_an_answer_in_the_webhooks_answer(parts: Parts, written: io.StringIO) -> None:
    worker = Worker(parts.engine, parts.flows, parts.settings.zone, parts.now)
    received = message(1, "ciao").received
    worker.take([Delivery(received, lambda _: True)])
    told = [_plain(line["says"]) for line in lines(written)]
    assert told == [
        "letter N on telegram: sent in the answer",
        "message N on telegram: turn taken, N ms",
    ]
    assert len({line["trace"] for line in lines(written)}) == 1


def test_what_is_not_kept_is_not_told(
    parts: Parts, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(parts.engine, parts.flows, parts.settings.zone, parts.now)

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError(MARKS[0])

    monkeypatch.setattr(worker, "_post", fail)
    worker.take([message(1, "ciao")])
    assert "turn taken" not in written.getvalue()
    assert MARKS[0] not in written.getvalue() and MARKS[1] not in written.getvalue()


def test_an_error_in_a_turn_has_its_number(
    parts: Parts, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise KeyError(MARKS[0])

    monkeypatch.setattr(parts.flows, "take_turn", fail)
    worker = Worker(parts.engine, parts.flows, parts.settings.zone, parts.now)
    worker.take([message(1, "ciao")])
    [error] = [line for line in lines(written) if line["level"] == "ERROR"]
    [turn] = [line for line in lines(written) if "turn taken" in line["says"]]
    assert error["trace"] == turn["trace"] and "error " in error["says"]


def test_a_line_is_json_whatever_is_in_it() -> None:
    record = logging.LogRecord("bot.x", logging.ERROR, "", 1, 'a "b"\n{%s}', ("è",), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line).keys() == {"at", "level", "part", "process", "says"}
    assert json.loads(line)["says"] == 'a "b"\n{è}'


def test_a_line_of_text_ends_with_the_number() -> None:
    record = logging.LogRecord("bot.x", logging.INFO, "", 1, "hello", (), None)
    assert TextLines().format(record).endswith("INFO bot.x: hello")
    record.trace = 12
    assert TextLines().format(record).endswith("INFO bot.x: hello trace=12")


def test_nothing_is_left_of_a_turn_after_it() -> None:
    with pytest.raises(ValueError, match="x"), tracing.telling(), tracing.turn_of(5, "t", _Meter()):
        assert tracing.trace() == 5
        raise ValueError("x")
    assert tracing.trace() == 0


class _Meter:
    def delivered(self, channel: str, seconds: float) -> None: ...
    def turned(self, channel: str, seconds: float) -> None:
        raise AssertionError("a turn that failed is none")

    def sent(self, channel: str) -> None: ...
    def failed(self, channel: str, failed: Failed) -> None: ...
    def ticked(self, at: float) -> None: ...
