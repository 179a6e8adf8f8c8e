"""Deleted means gone: no byte of a person is left in SQLite's files.

Nothing is sealed here: a sealed word leaves no trace anyway (`tests.test_sealing`).
"""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, inspect, select, update
from sqlmodel import SQLModel, col

from bot.answering import Answering
from bot.channel import Letter, Received
from bot.database_thread import DatabaseThread
from bot.runtime import Parts
from bot.scheduler import Scheduler
from bot.sender import Sender
from bot.simulator.channel import SimulatorChannel
from bot.terminal import Dialogue, typed
from bot.worker import Delivery, Worker
from bot.works import make_works
from flows.messages import Inbound
from storage import database as database_module
from storage import simulator
from storage.database import open_database
from storage.erasure import erase, scrub
from storage.models import Address, Consent, Contact, Event, Inbox, Notice
from tests.conftest import ALONE, Clock
from tests.test_storage_database import migrated
from tests.unsealed import unseal

NAME = "Zoltanka Peculiarova"
CHAT = "peculiar-chat-7360418"
TOWN = "Tongiorgi"  # a word of theirs that stands nowhere else
LANGUAGES = "wolofesque"
TRACES = (NAME, CHAT, TOWN, LANGUAGES)


class Site:
    """The assistant on one SQLite file, with the simulator for a channel."""

    def __init__(self, parts: Parts, folder: Path, file: Path) -> None:
        self.parts, self.folder, self.file = parts, folder, file
        unseal(parts.engine)
        engine, zone = parts.engine, parts.settings.zone
        self._worker = Worker(engine, parts.flows, zone, parts.now)
        self._taps: dict[str, str] = {}
        self._count = 0

    def say(self, *lines: str) -> None:
        """Each line as a person sends it in the simulator; the answers are sent and remembered."""
        for line in lines:
            self._count += 1
            inbound = Inbound(tap=self._taps[line[1:-1]]) if line[0] == "[" else Inbound(line)
            with self.parts.engine.begin() as connection:
                simulator.remember(connection, CHAT, "person", line, {}, self.parts.now())
            received = Received("simulator", f"m{self._count}", CHAT, inbound, message="1")
            assert self._worker.take([Delivery(received)]) == [None]
            asyncio.run(self._send())

    def tidy(self) -> None:
        """A tick of the scheduler."""

        async def tick() -> None:
            thread = DatabaseThread(self.parts.engine)
            parts = self.parts
            answering = Answering(parts.languages)
            works = make_works(parts.engine, parts.languages, parts.settings, answering)
            await Scheduler(thread, parts.now, parts.settings.zone, works, ALONE).tick()
            thread.close()

        asyncio.run(tick())

    async def _send(self) -> None:
        thread = DatabaseThread(self.parts.engine)
        taps = self._taps

        class Watched(SimulatorChannel):
            """Remembers the buttons, as the page does."""

            async def send(self, letter: Letter) -> object:  # type: ignore[override]
                taps.clear()
                for button in letter.outbound.buttons + letter.outbound.controls:
                    taps[button.tap.rpartition(":")[2]] = button.tap
                return await super().send(letter)

        channel = Watched(self.parts.engine, thread, self.parts.now)
        rules, by_name = self.parts.settings.rules, {"simulator": channel}
        sender = Sender(self.parts.engine, thread, by_name, self.parts.now, rules)  # type: ignore[arg-type]
        for _ in range(2):  # what is claimed in one round is written down in the next
            await sender._round()
            await asyncio.gather(*sender._flying)
        await sender._round()
        thread.close()

    def traces(self) -> list[str]:
        """Which words of the person are in which file."""
        files = [self.file, *self.folder.glob(f"{self.file.name}-*")]
        return [
            f"{word} in {file.name}"
            for file in files
            for word in TRACES
            if word.encode() in file.read_bytes() or word.encode("utf-16-le") in file.read_bytes()
        ]

    def rows(self, *tables: type[SQLModel]) -> list[int]:
        """How many rows the tables have."""
        with self.parts.engine.begin() as connection:
            count = select(func.count())
            return [connection.execute(count.select_from(t)).scalar_one() for t in tables]


INTAKE = (
    "ciao", "[it]", "[yes]", "[25_34]", "[yes]", NAME, TOWN, "[elsewhere]", "[looking]",
    "[training]", "[_done]", "[_skip]", "[_skip]", "[B1]", LANGUAGES, "[_skip]", "[none]",
    "[_skip]", "[_skip]", "[right]",
)  # fmt: skip


@pytest.fixture
def site(parts: Parts, database_file: Path) -> Site:
    site = Site(parts, database_file.parent, database_file)
    with parts.engine.begin() as connection:  # somebody else, who stays
        connection.execute(
            Contact.__table__.insert().values(alerts="on", agreed="", created_at=parts.now())  # type: ignore[attr-defined]
        )
    return site


def test_the_words_are_there_before(site: Site) -> None:
    site.say(*INTAKE)
    assert {trace.split(" in ")[0] for trace in site.traces()} == set(TRACES)
    assert site.rows(Contact, Address, Consent) == [2, 1, 2]


def test_nothing_is_left_after_deleting_by_chat(site: Site, clock: Clock) -> None:
    site.say(*INTAKE, "delete my data", "[yes]")
    clock.pass_time(minutes=2)
    site.tidy()
    assert site.traces() == []
    assert site.rows(Contact, Address, Consent) == [1, 0, 0]


def test_the_goodbye_is_still_there_for_a_minute(site: Site, clock: Clock) -> None:
    site.say(*INTAKE, "delete my data", "[yes]")
    clock.pass_time(seconds=30)
    site.tidy()
    with site.parts.engine.begin() as connection:
        said = simulator.messages(connection, CHAT, 0)
    assert [message["from"] for message in said] == ["bot"]
    assert NAME not in str(said)


def test_facts_stay_without_the_person(site: Site) -> None:
    site.say(*INTAKE)
    [before] = site.rows(Event)
    site.say("delete my data", "[yes]")
    with site.parts.engine.begin() as connection:
        people = connection.execute(select(col(Event.contact_id)).distinct()).scalars().all()
    assert site.rows(Event)[0] > before
    assert people == [None]


def test_nothing_is_left_of_a_child(site: Site, clock: Clock) -> None:
    site.say("ciao", "[it]", "[yes]", TOWN, LANGUAGES, NAME, "[under_14]")
    clock.pass_time(minutes=2)
    site.tidy()
    assert site.traces() == []
    assert site.rows(Contact, Address, Consent) == [1, 0, 0]


def test_nothing_is_left_after_the_operator_deletes(site: Site, clock: Clock) -> None:
    site.say(*INTAKE)
    engine = site.parts.engine
    with engine.begin() as connection:
        id = connection.execute(select(col(Address.contact_id))).scalar_one()
        assert erase(connection, id, site.parts.now())
    scrub(engine)
    assert site.traces() == []
    with engine.begin() as connection:
        assert not erase(connection, id, site.parts.now())


def impatient(engine: Engine, milliseconds: int = 50) -> Engine:
    """The same database, with connections that wait for locks no longer than this."""

    def set_timeout(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA busy_timeout={milliseconds}")

    engine.dispose()
    event.listen(engine, "connect", set_timeout)
    return engine


def test_the_scrub_waits_for_no_reader(site: Site) -> None:
    site.say("ciao")
    engine = impatient(site.parts.engine, 150)
    with engine.connect().execution_options(reading=True) as reader:
        reader.execute(select(col(Contact.id))).all()
        with engine.begin() as connection:
            connection.execute(update(Contact).values(alerts="paused"))
        begun = time.perf_counter()
        scrub(engine)
        assert time.perf_counter() - begun < 0.1


def test_an_open_reader_delays_the_scrub_only(site: Site) -> None:
    site.say(*INTAKE)
    engine = impatient(site.parts.engine)
    with engine.connect().execution_options(reading=True) as reader:
        reader.execute(select(col(Contact.id))).all()
        with engine.begin() as connection:
            id = connection.execute(select(col(Address.contact_id))).scalar_one()
            erase(connection, id, site.parts.now())
        scrub(engine)
        assert site.traces() != []
    scrub(engine)
    assert site.traces() == []


@pytest.fixture
def careless(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The same site without secure_delete."""
    pragmas = tuple(p for p in database_module._PRAGMAS if not p.startswith("secure_delete"))
    monkeypatch.setattr(database_module, "_PRAGMAS", (*pragmas, "secure_delete=OFF"))
    with migrated("sqlite", tmp_path) as url:
        engine = open_database(url)
        unsafe = Parts(parts.settings, engine, parts.languages, parts.flows, parts.now)
        yield Site(unsafe, tmp_path, Path(url.removeprefix("sqlite:///")))
        engine.dispose()


def test_without_secure_delete_the_words_stay(careless: Site, clock: Clock) -> None:
    """The switch: what secure_delete protects from does happen without it."""
    careless.say("ciao", "[it]", "[yes]", "[25_34]", "[yes]", NAME, "delete my data", "[yes]")
    clock.pass_time(minutes=2)
    careless.tidy()
    scrub(careless.parts.engine)
    assert careless.rows(Contact, Address) == [0, 0]
    assert any(trace.startswith(NAME) for trace in careless.traces())


def test_without_the_scrub_the_words_stay_in_the_log(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other switch: the log keeps what the file has lost."""
    monkeypatch.setattr("bot.sender.scrub", lambda engine: None)
    monkeypatch.setattr("bot.works.scrub", lambda engine: None)
    site.say(*INTAKE, "delete my data", "[yes]")
    clock.pass_time(minutes=2)
    site.tidy()
    assert any(trace.endswith("-wal") for trace in site.traces())


def test_who_writes_again_is_somebody_new(parts: Parts, engine: Engine) -> None:
    dialogue = Dialogue(parts, CHAT, "en")
    for line in ("hi", "[en]", "[yes]", "[18_24]", "[no]", NAME, "delete my data"):
        dialogue.say(typed(line, dialogue))
    with engine.begin() as connection:
        first = connection.execute(select(col(Contact.id))).scalar_one()
    dialogue.say(typed("[yes]", dialogue))
    replies, events = dialogue.say(Inbound("hello"))
    assert [str(event) for event in events][-1] == "asked welcome language"
    with engine.begin() as connection:
        second = connection.execute(select(col(Contact.id))).scalar_one()
        agreed = connection.execute(select(col(Contact.agreed))).scalar_one()
    assert second > first and agreed == ""
    assert replies


# ── a child ─────────────────────────────────────────────────────────────────────────────────────


def everything(site: Site) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with site.parts.engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        return {
            name: [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')]
            for name in tables
        }


CHILD = (
    "ciao", "[it]", "cerco una casa a Settime", f"mi chiamo {NAME}", "voglio uccidermi",
    f"{NAME} {TOWN}", "voglio parlare con una persona",
)  # fmt: skip


@pytest.mark.parametrize("lines", [CHILD, ("ciao", "[it]", "[yes]", TOWN)], ids=["long", "short"])
def test_no_table_and_no_byte_knows_of_a_child(
    site: Site, clock: Clock, lines: tuple[str, ...]
) -> None:
    """Whatever they wrote before they said so: events stay, which are nobody's."""
    before = everything(site)
    site.say(*lines)
    with site.parts.engine.begin() as connection:
        id = connection.execute(select(col(Address.contact_id))).scalar_one()
    site.say("[under_14]")
    clock.pass_time(minutes=2)
    site.tidy()
    assert site.traces() == []
    after = everything(site)
    grown = {name for name in after if len(after[name]) > len(before[name])}
    assert grown - {"event", "inbox", "erasure", "notice", "job_run", "roll_up"} == set()
    with site.parts.engine.begin() as connection:
        assert set(connection.scalars(select(col(Event.contact_id)))) == {None}
        assert set(connection.execute(select(col(Inbox.address), col(Inbox.body)))) == {("", None)}
        theirs = select(col(Notice.subject), col(Notice.text)).where(col(Notice.kind) != "digest")
        notices = connection.execute(theirs).all()
    gone = "A person who has deleted everything"
    assert all(not subject and text.startswith(gone) for subject, text in notices)
    other = {*grown, "sqlite_sequence", "listing"}  # when an offer was first shown is nobody's
    same = [name for name in after if name not in other]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert [row[1] for row in after["erasure"]] == [id]
