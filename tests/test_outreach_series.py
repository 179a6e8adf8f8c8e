"""Broadcasts by the clock: once each, right across the changes of the clock, never stale."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, update
from sqlmodel import col

from bot.answering import Answering
from bot.channel import Letter, Sent
from bot.database_thread import DatabaseThread
from bot.outreach import Outreach
from bot.scheduler import Scheduler
from bot.sender import LANES, Sender
from bot.settings import Settings
from bot.works import make_works
from flows.speech import Languages
from storage.models import Event, Listing, ListingText, Notice, Outbox
from storage.outreach import broadcasts, expand, series, wording
from storage.outreach.report import report
from tests.conftest import ALONE, START, Clock
from tests.outreach import BY, ROME, RULES, add_broadcast, add_person, send
from tests.retention import swept
from tests.test_storage_database import KINDS, emptied, migrated

HOUR = timedelta(hours=1)
WEEKLY = "0 9 * * mon"


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("series")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


def scheduled(
    connection: Connection,
    languages: Languages,
    at: datetime | None = None,
    cron: str = "",
    **row: Any,
) -> int:
    """A broadcast for that moment, or that repeats, as decided at `START`."""
    id = add_broadcast(connection, **row)
    made = broadcasts.get(connection, id)
    assert made
    letters = wording.letters(connection, made, languages)
    assert broadcasts.schedule(connection, id, letters, BY, due_at=at, repeats=cron)
    return id


def tick(engine: Engine, now: datetime) -> list[tuple[int, str]]:
    """What the scheduler does; number and state of each broadcast, oldest first."""
    outreach = Outreach(engine, RULES)
    outreach.start(now)
    while outreach.expand(now):
        pass
    outreach.finish(now)
    with engine.begin() as connection:
        return [(row["id"], row["state"]) for row in reversed(broadcasts.listed(connection))]


def queued(engine: Engine) -> list[int]:
    """The broadcasts of the rows in the outbox."""
    with engine.begin() as connection:
        query = select(col(Outbox.broadcast_id)).order_by(col(Outbox.id))
        return [id for id in connection.execute(query).scalars() if id]


def notices(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        return list(connection.execute(select(col(Notice.text))).scalars())


def test_at_its_hour_and_once(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        id = scheduled(connection, languages, START + HOUR)
    assert tick(database, START) == [(id, "scheduled")]
    assert tick(database, START + HOUR) == [(id, "sending")]
    tick(database, START + HOUR)
    assert queued(database) == [id]


def test_of_many_processes_one_begins_a_run(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        for id in range(1, 4):
            add_person(connection, id)
        scheduled(connection, languages, cron="0 12 * * *")
    barrier = Barrier(4)

    def work() -> None:
        barrier.wait(10)
        tick(database, START + 3 * HOUR)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(queued(database)) == 3 and len(set(queued(database))) == 1


def test_a_run_is_a_broadcast_of_its_own(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        connection.execute(insert(Listing).values(**_OFFER))
        id = scheduled(connection, languages, cron=WEEKLY, fallback="it")
        row = broadcasts.get(connection, id)
        assert row
        letters = {
            "it": {**row["letters"]["it"], "buttons": [["x", f"go:news-{id}-job", "", False]]}
        }
        connection.execute(update(broadcasts._BROADCAST).values(letters=letters))
    assert tick(database, rome("2026-11-30 08:59")) == [(id, "repeating")]
    assert tick(database, rome("2026-11-30 09:00"))[1][1] == "sending"
    tick(database, rome("2026-11-30 12:00"))
    (run,) = queued(database)
    with database.begin() as connection:
        body = connection.execute(select(col(Outbox.body))).scalar_one()
        made = broadcasts.get(connection, run)
    assert run != id and f"go:news-{run}-job" in body
    assert made and made["series_id"] == id and made["due_at"] == rome("2026-11-30 09:00")


def test_what_was_missed_is_caught_up_once_and_not_what_is_stale(
    database: Engine, languages: Languages
) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        daily = scheduled(connection, languages, cron="0 9 * * *", lasts_hours=4)
    after_days = rome("2026-11-27 12:00")
    tick(database, after_days)
    tick(database, after_days + HOUR)
    runs = queued(database)
    assert len(runs) == 1, "the last run, and none of the three before"
    tick(database, rome("2026-11-29 20:00"))
    assert queued(database) == runs, "that of nine was over at one"
    assert notices(database) == [
        f"Broadcast {daily} (news) was not sent: "
        "its time had passed before the assistant could send it."
    ]


def test_one_that_was_missed_too_long_is_not_sent(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        id = scheduled(connection, languages, START + HOUR)
    assert tick(database, START + 25 * HOUR) == [(id, "cancelled")]
    assert queued(database) == [] and len(notices(database)) == 1


def test_nothing_begins_at_night(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        id = scheduled(connection, languages, cron="30 21 * * *")
    assert tick(database, rome("2026-11-23 22:00")) == [(id, "repeating")]
    assert tick(database, rome("2026-11-24 08:00"))[-1][1] == "sending"
    tick(database, rome("2026-11-24 12:00"))
    assert len(queued(database)) == 1


@pytest.mark.parametrize(
    ("night", "mornings"),
    [
        ("2027-03-28", ["2027-03-27T08:00+01:00", "2027-03-28T08:00+02:00"]),
        ("2027-10-31", ["2027-10-30T08:00+02:00", "2027-10-31T08:00+01:00"]),
    ],
)
def test_at_the_same_hour_on_both_sides_of_a_change(
    database: Engine, languages: Languages, night: str, mornings: list[str]
) -> None:
    """Ticks every ten minutes, from the noon before the first morning to that after the last."""
    with database.begin() as connection:
        add_person(connection, 1)
        id = scheduled(connection, languages, cron="0 8 * * *")
        first = rome(f"{night} 12:00") - timedelta(days=2)
        connection.execute(update(broadcasts._BROADCAST).values(started_at=first))
    for minutes in range(0, 2 * 24 * 60, 10):
        tick_at = first + timedelta(minutes=minutes)
        with database.begin() as connection:
            series.start_due(connection, RULES, tick_at)
    with database.begin() as connection:
        runs = [row for row in broadcasts.listed(connection) if row["series_id"] == id]
    started = [(row["started_at"], row["due_at"]) for row in reversed(runs)]
    assert started == [(datetime.fromisoformat(m), datetime.fromisoformat(m)) for m in mornings]


_OFFER: dict[str, Any] = {
    "id": "job",
    "topic": "job",
    "organisation": "x",
    "comune": "005067",
    "address": "",
    "phone": "1",
    "email": "",
    "details": {},
    "status": "closed",
    "valid_from": START.date(),
    "valid_until": START.date(),
    "checked_on": START.date(),
    "checked_by": "x",
    "source": "x",
}


def test_an_offer_that_is_gone_is_not_told_of(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        connection.execute(insert(Listing).values(_OFFER))
        id = scheduled(connection, languages, START + HOUR, listing_id="job")
    assert tick(database, START + HOUR) == [(id, "cancelled")]
    assert notices(database) == [
        f"Broadcast {id} (news) was not sent: the offer job is not shown any more."
    ]


def test_an_offer_that_closes_on_the_way_is_told_to_nobody_more(
    database: Engine, languages: Languages
) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        connection.execute(insert(Listing).values({**_OFFER, "status": "published"}))
        said = {"listing_id": "job", "language": "it", "title": "Saldatore", "summary": "A Monale"}
        connection.execute(insert(ListingText).values({**said, "made_from": {}}))
        id = scheduled(connection, languages, START + HOUR, listing_id="job", fallback="it")
    assert tick(database, START + HOUR) == [(id, "sending")]
    assert queued(database) == [id]
    with database.begin() as connection:
        connection.execute(update(Listing).values(status="closed"))
    assert tick(database, START + HOUR) == [(id, "cancelled")]
    assert notices(database) == [
        f"Broadcast {id} (news) was ended: the offer job is not shown any more."
    ]


# ── with the sender ─────────────────────────────────────────────────────────────────────────────


class Slow:
    """A channel that answers when it is told to."""

    name = "telegram"

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.go = asyncio.Event()

    async def send(self, letter: Letter) -> Sent:
        self.letters.append(letter)
        await self.go.wait()
        return Sent(f"m{letter.id}")

    async def check(self) -> str:
        return ""

    async def close(self) -> None:
        pass


def test_a_pause_lets_finish_only_what_is_in_flight(database: Engine, languages: Languages) -> None:
    people = LANES * 3
    with database.begin() as connection:
        for id in range(1, people + 1):
            add_person(connection, id)
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    while expand.expand_page(database, id, RULES, START):
        pass

    def move(state: str) -> None:
        with database.begin() as connection:
            assert broadcasts.move(connection, id, state, BY)

    async def go() -> tuple[int, int]:
        channel, thread = Slow(), DatabaseThread(database)
        sender = Sender(database, thread, {"telegram": channel}, Clock(), RULES)
        await sender._round()
        await asyncio.sleep(0)
        move("paused")
        channel.go.set()
        for _ in range(4):
            await sender._round()
            await asyncio.gather(*sender._flying)
        at_pause = len(channel.letters)
        move("sending")
        for _ in range(people):
            await sender._round()
            await asyncio.gather(*sender._flying)
            if len(channel.letters) == people:
                break
        await sender._round()
        thread.close()
        return at_pause, len({letter.address for letter in channel.letters})

    at_pause, reached = asyncio.run(go())
    assert 0 < at_pause <= LANES
    assert reached == people
    assert tick(database, START) == [(id, "done")]


def test_the_scheduler_sends_what_is_due(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        add_person(connection, 1)
        id = scheduled(connection, languages, START)

    async def go() -> None:
        thread, clock = DatabaseThread(database), Clock()
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        works = make_works(database, languages, settings, Answering(languages))
        await Scheduler(thread, clock, ROME, works, ALONE).tick()
        thread.close()

    asyncio.run(go())
    assert queued(database) == [id]


# ── the report ──────────────────────────────────────────────────────────────────────────────────


def test_the_report_stays_when_the_rows_go(database: Engine, languages: Languages) -> None:
    with database.begin() as connection:
        for id in range(1, 7):
            add_person(connection, id, "it" if id < 5 else "fr")
        id = add_broadcast(connection)
        assert send(connection, id, languages)
    while expand.expand_page(database, id, RULES, START):
        pass
    with database.begin() as connection:
        for contact, status, problem in (
            (1, "sent", None), (2, "read", None), (3, "failed", "unreachable"),
            (4, "unknown", "hidden"), (5, "delivered", None), (6, "cancelled", "stopped"),
        ):  # fmt: skip
            mine = update(Outbox).where(col(Outbox.contact_id) == contact)
            values = {"status": status, "problem": problem, "closed_at": START + HOUR}
            connection.execute(mine.values(**values))
        stop = {"kind": "did", "flow": "stop", "step": "silence", "key": "done"}
        tap = {"kind": "did", "flow": "news", "step": "tapped", "key": str(id)}
        where = {"channel": "telegram", "language": "it"}
        for event, contact, at in (
            (stop, 2, START + 2 * HOUR),  # because of it
            (stop, 1, START + 26 * HOUR),  # a day later: no
            (stop, 3, START + 2 * HOUR),  # it never arrived: no
            (tap, 2, START + 2 * HOUR),
            (tap, 2, START + 3 * HOUR),  # the same person once more
        ):
            row = {**event, **where, "contact_id": contact, "at": at}
            connection.execute(insert(Event).values(row))
        before = report(connection, id)
        swept(connection, START + timedelta(days=15), "messages_sent")
        after = report(connection, id)
        swept(connection, START + timedelta(days=15), "messages_sent")
        assert report(connection, id) == after
    assert before == after
    assert before.total == {
        "sent": 1, "read": 1, "failed": 1, "unknown": 1, "delivered": 1, "cancelled": 1,
    }  # fmt: skip
    italian = ("it", "telegram")
    assert before.tapped == {italian: 1} and before.stopped == {italian: 1}
    assert before.problems == {
        ("failed", "unreachable"): 1, ("unknown", "hidden"): 1, ("cancelled", "stopped"): 1,
    }  # fmt: skip
