"""The sender: each outcome a channel can have, order, pauses, crashes, and a clean stop."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from bot.channel import Failed, Letter, Problem, Sent
from bot.database_thread import DatabaseThread
from bot.sender import LANES, Sender
from flows.messages import Outbound
from flows.outreach.quiet import Quiet
from flows.outreach.verdict import Rules
from storage.models import Address, Outbox
from storage.outbox import MOST_ATTEMPTS
from tests.conftest import START, Clock
from tests.test_storage_database import KINDS, add_contact, emptied, migrated
from tests.test_storage_outbox import address, post

SECRET = "Zoltanka-Peculiar"
LEASE = timedelta(seconds=40)
RULES = Rules(ZoneInfo("Europe/Rome"))
FINAL = [
    Problem.UNREACHABLE,
    Problem.WINDOW_CLOSED,
    Problem.STOPPED,
    Problem.POLICY,
    Problem.REJECTED,
]
AGAIN = [Problem.BUSY, Problem.NOT_SENT, Problem.CREDENTIALS, Problem.RESTRICTED]


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("sender")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


class Recorded:
    """Implements `bot.channel.Channel`: answers as it was told, and remembers what was sent."""

    def __init__(self, *answers: Sent | Failed | Exception, name: str = "telegram") -> None:
        self.name = name
        self._answers = list(answers)
        self.letters: list[Letter] = []
        self.held = asyncio.Event()
        self.held.set()
        self.flying = self.most_flying = 0

    async def send(self, letter: Letter) -> Sent | Failed:
        self.letters.append(letter)
        answer = self._answers.pop(0) if self._answers else Sent(f"m{len(self.letters)}")
        self.flying += 1
        self.most_flying = max(self.flying, self.most_flying)
        await self.held.wait()
        self.flying -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def check(self) -> str:
        return ""

    async def close(self) -> None:
        pass

    @property
    def ids(self) -> list[int]:
        """The outbox ids in the order they were sent."""
        return [letter.id for letter in self.letters]


def body(words: str) -> str:
    """An outbox body."""
    return json.dumps(Outbound(words, "it").to_json())


def run(
    database: Engine,
    clock: Clock,
    channels: Sequence[Recorded],
    until: Callable[[], bool],
    meanwhile: Callable[[Sender], None] = lambda sender: None,
) -> Sender:
    """Run a sender for two rounds and until something is so (5 s at most), then stop it cleanly."""

    async def go() -> Sender:
        thread = DatabaseThread(database)
        by_name = {channel.name: channel for channel in channels}
        sender = Sender(database, thread, by_name, clock, RULES, LEASE)
        rounds, one_round = 0, sender._round

        async def counted() -> None:
            nonlocal rounds
            await one_round()
            rounds += 1

        sender._round = counted  # type: ignore[method-assign]
        stopping = asyncio.Event()
        running = asyncio.create_task(sender.run(stopping))
        async with asyncio.timeout(5):
            while rounds < 2 or not until():
                meanwhile(sender)
                sender.wake()
                await asyncio.sleep(0.005)
            stopping.set()
            await running
        thread.close()
        return sender

    return asyncio.run(go())


def rows(database: Engine) -> list[Any]:
    """The outbox, oldest first."""
    with database.begin() as connection:
        return list(connection.execute(select(Outbox.__table__).order_by(col(Outbox.id))))  # type: ignore[attr-defined]


def settled(database: Engine) -> Callable[[], bool]:
    """Whether no row is due and none is being sent."""

    def check() -> bool:
        return all(row.status not in ("queued", "sending") for row in rows(database))

    return check


def queue(database: Engine, *addresses: str, **row: Any) -> list[int]:
    """One row for each address."""
    with database.begin() as connection:
        return [post(connection, name, **({"body": body(name)} | row)) for name in addresses]


# ── outcomes ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_sent_is_written_down(database: Engine, clock: Clock) -> None:
    [id] = queue(database, "a", edits="m0")
    channel = Recorded(Sent("m1"))
    run(database, clock, [channel], settled(database))
    assert channel.letters == [Letter(id, "telegram", "a", Outbound("a", "it"), "m0")]
    [row] = rows(database)
    assert (row.status, row.external_id, row.attempts) == ("sent", "m1", 1)
    assert row.closed_at == START


@pytest.mark.parametrize("problem", FINAL)
def test_a_final_problem_is_not_tried_again(
    database: Engine, clock: Clock, problem: Problem, caplog: pytest.LogCaptureFixture
) -> None:
    [id] = queue(database, SECRET)
    channel = Recorded(Failed(problem, "63016"))
    run(database, clock, [channel], settled(database))
    [row] = rows(database)
    assert (row.status, row.problem, row.attempts) == ("failed", problem.value, 1)
    assert row.closed_at == START and channel.ids == [id]
    assert f"letter {id} on telegram: {problem.value} 63016" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("problem", AGAIN)
def test_a_passing_problem_is_tried_again_later_and_later(
    database: Engine, clock: Clock, problem: Problem
) -> None:
    queue(database, "a")
    channel = Recorded(*[Failed(problem)] * 8)
    waits = []
    for attempt in range(1, 8):
        run(database, clock, [channel], lambda n=attempt: rows(database)[0].attempts == n)  # type: ignore[misc]
        [row] = rows(database)
        assert (row.status, row.closed_at) == ("queued", None)
        waits.append((row.due_at - clock.moment).total_seconds())
        run(database, clock, [channel], lambda: True)
        assert len(channel.letters) == attempt
        clock.moment = row.due_at
    assert waits == [1, 2, 4, 8, 16, 32, 64]
    with database.begin() as connection:
        connection.execute(update(Outbox).values(attempts=MOST_ATTEMPTS - 1))
    run(database, clock, [channel], settled(database))
    [row] = rows(database)
    assert (row.status, row.problem, row.attempts) == ("failed", problem.value, MOST_ATTEMPTS)


def test_every_problem_has_its_test_and_its_advice() -> None:
    elsewhere = {Problem.HIDDEN, Problem.UNREADABLE}  # below, and in test_spoilt.py
    assert {*FINAL, *AGAIN, *elsewhere} == set(Problem)
    assert {problem for problem in Problem if problem.retryable} == set(AGAIN)
    assert all(problem.advice.endswith(".") for problem in Problem)


def test_a_hidden_outcome_is_unknown_and_sent_once_more(database: Engine, clock: Clock) -> None:
    [id] = queue(database, "a")
    channel = Recorded(Failed(Problem.HIDDEN), Failed(Problem.HIDDEN))
    run(database, clock, [channel], lambda: rows(database)[0].closed_at is not None)
    [row] = rows(database)
    assert (row.status, row.hidden, row.problem, row.attempts) == ("unknown", 2, "hidden", 2)
    assert channel.ids == [id, id]


def test_a_hidden_outcome_that_then_arrives_is_sent(database: Engine, clock: Clock) -> None:
    queue(database, "a")
    channel = Recorded(Failed(Problem.HIDDEN), Sent("m2"))
    run(database, clock, [channel], lambda: rows(database)[0].closed_at is not None)
    [row] = rows(database)
    assert (row.status, row.hidden, row.external_id) == ("sent", 1, "m2")


def test_a_hidden_broadcast_is_never_sent_again(database: Engine, clock: Clock) -> None:
    [id] = queue(database, "a", priority=2)
    channel = Recorded(Failed(Problem.HIDDEN))
    run(database, clock, [channel], settled(database))
    run(database, clock, [channel], lambda: True)
    [row] = rows(database)
    assert (row.status, row.hidden, channel.ids) == ("unknown", 1, [id])
    assert row.closed_at is not None


def test_an_error_of_a_channel_is_ours(
    database: Engine, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    queue(database, "a", "b")
    channel = Recorded(ValueError(SECRET), Sent("m2"))
    run(database, clock, [channel], settled(database))
    assert sorted((row.status, row.problem) for row in rows(database)) == [
        ("failed", "rejected"),
        ("sent", None),
    ]
    assert "ValueError" in caplog.text and SECRET not in caplog.text


def test_a_send_that_takes_too_long_is_hidden(
    database: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sender.LONGEST_SEND_SECONDS", 0.02)
    queue(database, "a", priority=2)
    channel = Recorded()
    channel.held.clear()
    run(database, clock, [channel], settled(database))
    [row] = rows(database)
    assert (row.status, row.problem) == ("unknown", "hidden")


def test_who_cannot_be_reached_is_blocked(database: Engine, clock: Clock) -> None:
    with database.begin() as connection:
        address(connection, 1, "a")
        address(connection, 2, "b")
    queue(database, "a", "b")
    channel = Recorded(Failed(Problem.UNREACHABLE, "403"), Sent("m2"))
    run(database, clock, [channel], settled(database))
    query = select(col(Address.state)).order_by(col(Address.id))
    with database.begin() as connection:
        assert connection.execute(query).scalars().all() == ["blocked", "ok"]


def test_who_moved_gets_it_at_the_new_address(database: Engine, clock: Clock) -> None:
    with database.begin() as connection:
        address(connection, 1, "-5")
    [id] = queue(database, "-5")
    channel = Recorded(Failed(Problem.UNREACHABLE, "400", moved_to="-1005"), Sent("m2"))
    run(database, clock, [channel], lambda: rows(database)[0].attempts == 1)
    clock.pass_time(seconds=1)
    run(database, clock, [channel], settled(database))
    assert [letter.address for letter in channel.letters] == ["-5", "-1005"]
    [row] = rows(database)
    assert (row.id, row.status, row.address) == (id, "sent", "-1005")
    with database.begin() as connection:
        assert connection.execute(select(col(Address.address))).scalar_one() == "-1005"


def test_retry_after_pauses_the_whole_channel(database: Engine, clock: Clock) -> None:
    [first] = queue(database, "a")
    telegram = Recorded(Failed(Problem.BUSY, "429", retry_after=30))
    whatsapp = Recorded(name="whatsapp")
    states: list[list[int]] = []

    def until() -> bool:
        if rows(database)[0].status == "queued" and rows(database)[0].attempts == 1 and not states:
            states.append(telegram.ids)
            queue(database, "b")
            queue(database, "c", channel="whatsapp")
        if len(states) == 1 and whatsapp.letters:
            states.append(telegram.ids)
            clock.pass_time(seconds=31)
        return len(telegram.letters) == 3

    run(database, clock, [telegram, whatsapp], until)
    assert states == [[first], [first]]
    assert sorted(row.status for row in rows(database)) == ["sent"] * 3


# ── order ───────────────────────────────────────────────────────────────────────────────────────


def test_one_persons_letters_go_one_after_the_other(database: Engine, clock: Clock) -> None:
    ids = queue(database, *"aaaaaaaa")
    channel = Recorded()
    run(database, clock, [channel], settled(database))
    assert channel.ids == ids
    assert channel.most_flying == 1


def test_many_people_at_a_time_but_no_more_than_there_are_lanes(
    database: Engine, clock: Clock
) -> None:
    people = [f"p{number}" for number in range(LANES + 8)]
    queue(database, *people)
    channel = Recorded()

    channel.held.clear()

    def let_go(_: Sender) -> None:
        if channel.flying == LANES:
            channel.held.set()

    run(database, clock, [channel], settled(database), let_go)
    assert channel.most_flying == LANES
    assert {letter.address for letter in channel.letters} == set(people)


def test_replies_leave_before_reminders_before_broadcasts(database: Engine, clock: Clock) -> None:
    ids = [queue(database, "a", priority=priority)[0] for priority in (2, 1, 0)]
    channel = Recorded()
    run(database, clock, [channel], settled(database))
    assert channel.ids == ids[::-1]


def test_a_failing_letter_is_not_overtaken(database: Engine, clock: Clock) -> None:
    first, second = queue(database, "a", "a")
    channel = Recorded(Failed(Problem.NOT_SENT))

    def until() -> bool:
        if rows(database)[0].attempts == 1 and rows(database)[0].status == "queued":
            assert channel.ids == [first]
            clock.pass_time(seconds=1)
        return settled(database)()

    run(database, clock, [channel], until)
    assert channel.ids == [first, first, second]


def test_a_channel_of_another_process_is_left_alone(database: Engine, clock: Clock) -> None:
    queue(database, "a", channel="whatsapp")
    queue(database, "b")
    channel = Recorded()
    run(database, clock, [channel], lambda: rows(database)[1].status == "sent")
    assert rows(database)[0].status == "queued"


def test_on_a_quiet_day_reminders_go_and_broadcasts_wait(
    database: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The appointment will not wait until the feast is over."""
    days = replace(RULES, quiet=Quiet(days=frozenset({f"{START:%m-%d}"})))
    monkeypatch.setattr("tests.test_sender.RULES", days)
    [reminder] = queue(database, "a", priority=1, origin="reminder")
    queue(database, "b", priority=2)
    channel = Recorded()
    run(database, clock, [channel], lambda: rows(database)[0].status == "sent")
    assert channel.ids == [reminder]


def test_at_night_reminders_wait_too(database: Engine, clock: Clock) -> None:
    clock.pass_time(hours=13)
    queue(database, "a", priority=1, origin="reminder")
    queue(database, "b", priority=2)
    channel = Recorded()
    run(database, clock, [channel], lambda: True)
    assert channel.ids == []


# ── crashes and stopping ────────────────────────────────────────────────────────────────────────


def test_the_sends_of_a_dead_sender_are_flagged_and_repeated_once(
    database: Engine, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    [reply] = queue(database, "a", status="sending", claimed_at=START)
    [broadcast] = queue(database, "b", status="sending", claimed_at=START, priority=2)
    clock.pass_time(seconds=41)
    channel = Recorded()
    run(database, clock, [channel], settled(database))
    assert channel.ids == [reply]
    states = {row.id: (row.status, row.hidden) for row in rows(database)}
    assert states == {reply: ("sent", 1), broadcast: ("unknown", 1)}
    assert "2 messages: a crash hid whether they were sent" in caplog.text


def test_a_live_send_is_not_swept(database: Engine, clock: Clock) -> None:
    queue(database, "a", status="sending", claimed_at=START)
    clock.pass_time(seconds=40)
    channel = Recorded()
    run(database, clock, [channel], lambda: True)
    assert channel.letters == [] and rows(database)[0].status == "sending"


def test_stopping_finishes_what_is_in_flight_and_writes_it_down(
    database: Engine, clock: Clock
) -> None:
    flying, later = queue(database, "a", "a")
    channel = Recorded()
    channel.held.clear()

    async def go() -> None:
        thread = DatabaseThread(database)
        sender = Sender(database, thread, {"telegram": channel}, clock, RULES, LEASE)
        stopping = asyncio.Event()
        running = asyncio.create_task(sender.run(stopping))
        async with asyncio.timeout(5):
            while not channel.letters:
                await asyncio.sleep(0.005)
            stopping.set()
            sender.wake()
            await asyncio.sleep(0.05)
            assert not running.done()
            channel.held.set()
            await running
        thread.close()

    asyncio.run(go())
    assert {row.id: row.status for row in rows(database)} == {flying: "sent", later: "queued"}


def test_an_outcome_outlives_a_moment_without_a_database(
    database: Engine,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = queue(database, "a", "b")
    channel = Recorded()
    settle = Sender._settle
    refused: list[int] = []

    def refuse(self: Sender, outcomes: Any, *rest: Any) -> Any:
        if outcomes and not refused:
            refused.append(1)
            raise OperationalError("x", {}, Exception(SECRET))
        return settle(self, outcomes, *rest)

    async def no_pause(seconds: float) -> None:
        await pause(min(seconds, 0.01))

    pause = asyncio.sleep
    monkeypatch.setattr(Sender, "_settle", refuse)
    monkeypatch.setattr("bot.sender.asyncio.sleep", no_pause)
    run(database, clock, [channel], settled(database))
    assert refused and sorted(channel.ids) == ids
    assert [row.status for row in rows(database)] == ["sent", "sent"]
    assert "sender: OperationalError" in caplog.text and SECRET not in caplog.text


def test_an_outage_longer_than_the_lease_doubles_nothing(
    database: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    [reply], [broadcast] = queue(database, "a"), queue(database, "b", priority=2)
    channel = Recorded()
    settle = Sender._settle
    refused: list[int] = []

    def refuse(self: Sender, outcomes: Any, *rest: Any) -> Any:
        if outcomes and not refused:
            refused.append(1)
            clock.pass_time(seconds=60)
            raise OperationalError("x", {}, Exception(SECRET))
        return settle(self, outcomes, *rest)

    async def no_pause(seconds: float) -> None:
        await pause(min(seconds, 0.01))

    pause = asyncio.sleep
    monkeypatch.setattr("bot.sender._SWEEP_SECONDS", 0)
    monkeypatch.setattr(Sender, "_settle", refuse)
    monkeypatch.setattr("bot.sender.asyncio.sleep", no_pause)
    run(database, clock, [channel], settled(database))
    assert refused and channel.ids == [reply, broadcast]
    assert [(row.status, row.hidden) for row in rows(database)] == [("sent", 0)] * 2


def test_who_moved_onto_somebody_else_is_not_tried_on_and_on(
    database: Engine, clock: Clock
) -> None:
    with database.begin() as connection:
        address(connection, 1, "-5")
        address(connection, 2, "-1005")
    queue(database, "-5")
    channel = Recorded(*[Failed(Problem.UNREACHABLE, "400", moved_to="-1005")] * 9)
    run(database, clock, [channel], lambda: rows(database)[0].attempts == 1)
    run(database, clock, [channel], lambda: True)
    assert len(channel.letters) == 1


def test_a_last_goodbye_is_deleted_and_scrubbed(
    database: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scrubbed: list[Engine] = []
    monkeypatch.setattr("bot.sender.scrub", scrubbed.append)
    with database.begin() as connection:
        add_contact(connection, 1)
    queue(database, "a", origin="goodbye")
    [kept] = queue(database, "b", contact_id=1)
    channel = Recorded()
    run(database, clock, [channel], settled(database))
    assert [row.id for row in rows(database)] == [kept]
    assert scrubbed == [database] and len(channel.letters) == 2


def test_nothing_is_claimed_without_a_channel(database: Engine, clock: Clock) -> None:
    queue(database, "a")
    run(database, clock, [], lambda: True)
    assert rows(database)[0].status == "queued"
    with database.begin() as connection:
        assert connection.execute(text("SELECT attempts FROM outbox")).scalar_one() == 0


def test_no_letter_is_logged(
    database: Engine, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    queue(database, SECRET, body=body(f"Grazie, {SECRET}!"))
    with caplog.at_level(logging.DEBUG):
        run(database, clock, [Recorded(Failed(Problem.BUSY), Sent("m2"))], lambda: bool(
            rows(database)[0].attempts
        ))  # fmt: skip
    assert rows(database)[0].attempts and SECRET not in caplog.text
