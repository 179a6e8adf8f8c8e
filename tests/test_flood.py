"""One chat that floods: others are answered as before, and nothing that matters is lost."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import col

from bot.channel import DROPPED, OURS, PLEA, Received
from bot.database_thread import DatabaseThread
from bot.flood import Flood
from bot.receiver import Receiver
from bot.runtime import Parts
from bot.worker import Delivery, Worker
from flows.messages import Inbound
from storage.models import Contact, Inbox, Outbox
from tests.conftest import ROOT, Clock
from tests.test_storage_database import KINDS, emptied, migrated

MOST, FLOOD = 40, 400


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("flood")) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Both databases in turn."""
    with emptied(url) as engine:
        yield engine


def said(number: int, text: str = "ciao", address: str = "flood", **more: Any) -> Received:
    return Received("telegram", f"{address}{number}", address, Inbound(text), **more)


def count(engine: Engine, model: Any, *where: Any) -> int:
    query = select(func.count()).select_from(model).where(*where)
    with engine.begin() as connection:
        found: int = connection.execute(query).scalar_one()
    return found


class Noting(Worker):
    """A worker that notes the addresses of each commit."""

    commits: list[list[str]]

    def take(self, deliveries: Any) -> Any:
        self.commits.append([delivery.received.address for delivery in deliveries])
        return super().take(deliveries)


def flooded(parts: Parts, engine: Engine, most: int) -> list[list[str]]:
    """Everything of one chat comes at once, then somebody else; the addresses of each commit."""
    worker = Noting(engine, parts.flows, parts.settings.zone, parts.now)
    worker.commits = []

    async def run() -> None:
        database = DatabaseThread(engine)
        flood = Flood(most, parts.flows.matters, parts.now)
        receiver = Receiver(worker, database, lambda: None, flood.judged)
        coming = [receiver.receive(said(number)) for number in range(FLOOD)]
        coming.append(receiver.receive(said(1, address="other")))
        async with asyncio.timeout(60):
            await asyncio.gather(*coming)
        database.close()

    asyncio.run(run())
    return worker.commits


def test_the_rest_of_a_flood_gets_no_turn_and_others_are_answered(
    parts: Parts, engine: Engine
) -> None:
    commits = flooded(parts, engine, MOST)
    assert count(engine, Inbox, col(Inbox.address) == "flood") == FLOOD, "known, so never again"
    assert count(engine, Outbox, col(Outbox.address) == "flood") == MOST + 1, "one plea"
    assert count(engine, Outbox, col(Outbox.address) == "other") == 1
    assert count(engine, Inbox, col(Inbox.body).is_not(None)) == 0, "no words wait"
    most_commits = MOST + 1 + FLOOD // 64 + 1
    assert len(commits) <= most_commits


def test_without_the_limit_each_message_costs_a_turn(parts: Parts, engine: Engine) -> None:
    commits = flooded(parts, engine, 0)
    assert count(engine, Outbox, col(Outbox.address) == "flood") == FLOOD
    assert len(commits) >= FLOOD


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "ferma",
        "aiuto mi picchia",
        "help he is beating me",
        "delete my data",
        "رجاء ساعدوني يضربني",
    ],
)
def test_what_matters_is_read(parts: Parts, text: str) -> None:
    flood = Flood(2, parts.flows.matters, parts.now)
    for number in range(10):
        flood.judged(said(number))
    judged = [flood.judged(said(100 + number, text)).haste for number in range(4)]
    assert judged == ["", "", DROPPED, DROPPED], "but not for ever"


def test_every_cry_for_help_that_we_know_is_read(parts: Parts) -> None:
    files = sorted((ROOT / "tests" / "questions").glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    said = {row["text"]: row["intent"] == "emergency" for row in rows}
    read = {text for text in said if parts.flows.matters(Inbound(text))}
    cries = {text for text, cry in said.items() if cry}
    assert len(cries) > 100 and cries <= read
    assert len(read - cries) < len(said) / 10, "the rest is not let through with them"


@pytest.mark.parametrize("tap", ["go:stop", "go:erase", "go:person"])
def test_a_tap_on_what_matters_is_read(parts: Parts, tap: str) -> None:
    assert parts.flows.matters(Inbound(tap=tap))
    assert not parts.flows.matters(Inbound(tap="go:menu"))


def test_the_plea_keeps_the_question_and_is_in_their_language(parts: Parts, engine: Engine) -> None:
    worker = Worker(engine, parts.flows, parts.settings.zone, parts.now)
    taps = [Inbound("hi"), Inbound(tap="1:fr"), Inbound(tap="2:yes")]
    for number, inbound in enumerate(taps):
        worker.take([Delivery(Received("telegram", f"t{number}", "flood", inbound))])
    worker.take([Delivery(said(7, haste=PLEA))])
    worker.take([Delivery(Received("telegram", "t9", "flood", Inbound(tap="3:18_24")))])
    with engine.begin() as connection:
        bodies = connection.execute(select(col(Outbox.body)).order_by(col(Outbox.id))).scalars()
        plea, after = list(bodies)[-2:]
    assert "Vous écrivez très vite" in plea
    assert "4:" in after, "the question that was pending was answered"


def test_a_plea_that_waits_for_another_process_stays_a_plea(parts: Parts, engine: Engine) -> None:
    web = Worker(engine, parts.flows, parts.settings.zone, parts.now, takes_turns=False)
    web.take([Delivery(said(1)), Delivery(said(2, haste=PLEA)), Delivery(said(3, haste=DROPPED))])
    worker = Worker(engine, parts.flows, parts.settings.zone, parts.now)
    assert sum(worker.take_waiting() for _ in range(3)) == 2
    with engine.begin() as connection:
        bodies = connection.execute(select(col(Outbox.body))).scalars().all()
    assert sum("112" in body for body in bodies) == 1


def test_who_is_unknown_is_not_made_known_by_a_plea(parts: Parts, engine: Engine) -> None:
    """Who erases everything in the middle of a flood stays erased."""
    worker = Worker(engine, parts.flows, parts.settings.zone, parts.now)
    worker.take([Delivery(said(1, haste=PLEA))])
    assert count(engine, Contact) == 0


def test_a_minute_is_a_minute_even_when_the_clock_is_set_back(parts: Parts, clock: Clock) -> None:
    flood = Flood(1, parts.flows.matters, clock)
    assert [flood.judged(said(n)).haste for n in range(3)] == ["", PLEA, DROPPED]
    clock.pass_time(seconds=60)
    assert flood.judged(said(4)).haste == ""
    clock.pass_time(hours=-1)
    assert flood.judged(said(5)).haste == ""


def test_whom_it_does_not_count(parts: Parts) -> None:
    flood = Flood(1, parts.flows.matters, parts.now)
    for number in range(5):
        assert not flood.judged(said(number, address=f"p{number}")).haste
        assert not flood.judged(Received("telegram", f"{OURS}{number}", "a", Inbound("x"))).haste
        assert not flood.judged(said(number, address="group", operator="anna")).haste
        assert not flood.judged(Received("telegram", f"c{number}", "a", change="blocked")).haste
