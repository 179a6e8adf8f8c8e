"""The worker and the receiver: nothing lost, nothing twice, nothing half-saved."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from bot.channel import Letter, Received, fits_nowhere
from bot.database_thread import DatabaseThread
from bot.receiver import Receiver
from bot.runtime import Parts
from bot.telegram.render import is_one_call
from bot.worker import Delivery, Worker
from flows.desk import NoteInterest
from flows.engine import Engine as FlowEngine
from flows.flow import Flow
from flows.messages import Inbound, Outbound
from flows.moves import Do, Move, choices, pick
from flows.talk import Talk
from storage.columns import to_ms
from storage.database import is_sqlite
from storage.models import (
    Address,
    Contact,
    Conversation,
    Event,
    Inbox,
    Interest,
    Outbox,
)
from storage.prepared import cursor_of
from storage.turns import IN_ANSWER, Turns
from tests.conftest import Clock
from tests.test_storage_database import KINDS, emptied, migrated

SECRET = "Zoltanka-Peculiar"  # what a person wrote, and no log may hold
Results = list[Letter | Exception | None]


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("worker")) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Both databases in turn, without offers."""
    with emptied(url) as engine:
        yield engine


@pytest.fixture
def worker(parts: Parts) -> Worker:
    return make_worker(parts)


def make_worker(parts: Parts, flows: FlowEngine | None = None, **options: Any) -> Worker:
    """A worker on the test's database."""
    zone = parts.settings.zone
    return Worker(parts.engine, flows or parts.flows, zone, parts.now, **options)


def said(
    external_id: str, inbound: Inbound | str = "ciao", address: str = "a", **more: Any
) -> Delivery:
    """A delivery of something a person said."""
    fits_here = more.pop("fits_here", fits_nowhere)
    inbound = Inbound(inbound) if isinstance(inbound, str) else inbound
    return Delivery(Received("telegram", external_id, address, inbound, **more), fits_here)


def counts(engine: Engine) -> dict[str, int]:
    """How many rows there are of what a turn writes."""
    tables = (Address, Contact, Conversation, Event, Inbox, Outbox)
    with engine.begin() as connection:
        return {
            table.__name__: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def state(engine: Engine, address: str = "a") -> dict[str, Any]:
    """A person's conversation as it is stored."""
    query = (
        select(col(Conversation.state))
        .join(Address, col(Address.contact_id) == col(Conversation.contact_id))
        .where(col(Address.address) == address)
    )
    with engine.begin() as connection:
        found: dict[str, Any] = json.loads(connection.execute(query).scalar_one())
    return found


def letters(engine: Engine) -> list[Any]:
    """The outbox, oldest first."""
    with engine.begin() as connection:
        return list(connection.execute(select(Outbox.__table__).order_by(col(Outbox.id))))  # type: ignore[attr-defined]


def waiting(engine: Engine) -> list[str]:
    """The deliveries that wait, oldest first."""
    query = select(col(Inbox.external_id)).where(col(Inbox.handled_at).is_(None))
    with engine.begin() as connection:
        return list(connection.execute(query.order_by(col(Inbox.id))).scalars())


# ── taking turns ────────────────────────────────────────────────────────────────────────────────


def test_a_first_message_makes_a_person_a_conversation_and_a_reply(
    worker: Worker, engine: Engine
) -> None:
    assert worker.take([said("u1")]) == [None]
    found = counts(engine)
    assert found.pop("Event") > 0
    assert found == {"Address": 1, "Contact": 1, "Conversation": 1, "Inbox": 1, "Outbox": 1}
    [letter] = letters(engine)
    assert (letter.status, letter.origin, letter.address) == ("queued", "reply", "a")
    assert Outbound.from_json(json.loads(letter.body)).buttons
    assert state(engine)["asked"]["step"] == "language"


def test_a_repeated_delivery_changes_nothing(worker: Worker, engine: Engine) -> None:
    worker.take([said("u1"), said("u2", Inbound(tap="1:it"))])
    before, was = counts(engine), state(engine)
    for _ in range(3):
        assert worker.take([said("u2", Inbound(tap="1:it"))]) == [None]
        assert worker.take([said("u1"), said("u1")]) == [None, None]
    assert (counts(engine), state(engine)) == (before, was)
    assert was["language"] == "it"


def test_the_same_delivery_twice_in_one_batch_is_one(worker: Worker, engine: Engine) -> None:
    worker.take([said("u1"), said("u1")])
    assert counts(engine)["Inbox"] == counts(engine)["Outbox"] == 1


def test_many_people_in_one_transaction(worker: Worker, engine: Engine) -> None:
    people = [f"p{number}" for number in range(20)]
    worker.take([said(f"u{person}", address=person) for person in people])
    assert {letter.address for letter in letters(engine)} == set(people)
    assert all(state(engine, person)["flow"] == "welcome" for person in people)


def test_several_messages_of_one_person_go_in_order(worker: Worker, engine: Engine) -> None:
    taps: list[Inbound | str] = [
        "ciao",
        Inbound(tap="1:it"),
        Inbound(tap="2:yes"),
        Inbound(tap="3:18_24"),
        "no",
        "Anna",
    ]
    worker.take([said(f"u{number}", tap) for number, tap in enumerate(taps)])
    profile = state(engine)["profile"]
    assert (profile["age"], profile["name"]) == ("18_24", "Anna")
    assert [letter.id for letter in letters(engine)] == sorted(row.id for row in letters(engine))
    assert waiting(engine) == []


def test_what_a_person_wrote_is_not_kept_in_the_inbox(worker: Worker, engine: Engine) -> None:
    worker.take([said("u1", SECRET)])
    with engine.begin() as connection:
        assert connection.execute(select(col(Inbox.body))).scalars().all() == [None]


def test_a_change_is_no_turn(worker: Worker, engine: Engine) -> None:
    worker.take([said("u1")])
    before = counts(engine)
    blocked = Received("telegram", "u2", "a", change="blocked")
    assert worker.take([Delivery(blocked)]) == [None]
    query = select(col(Address.state), col(Address.address))
    with engine.begin() as connection:
        assert tuple(connection.execute(query).one()) == ("blocked", "a")
    worker.take([Delivery(Received("telegram", "u3", "a", change="unblocked"))])
    moved = Received("telegram", "u4", "a", change="moved", moved_to="b")
    worker.take([Delivery(moved)])
    with engine.begin() as connection:
        assert tuple(connection.execute(query).one()) == ("ok", "b")
    assert counts(engine) == before | {"Inbox": 4}


def test_an_edit_names_the_message_it_replaces(worker: Worker, engine: Engine) -> None:
    answers: list[str | Inbound] = [
        "ciao", Inbound(tap="1:it"), Inbound(tap="2:yes"), Inbound(tap="3:18_24"), "no",
        Inbound(tap="5:_skip"), Inbound(tap="6:_skip"), Inbound(tap="7:_skip"),
    ]  # fmt: skip
    worker.take([said(f"u{number}", answer) for number, answer in enumerate(answers)])
    assert state(engine)["asked"]["step"] == "needs"
    worker.take([said("tick", Inbound(tap="8:job"), message="m77")])
    worker.take([said("typed", "boh", message="m78")])
    assert [letter.edits for letter in letters(engine)[-2:]] == ["m77", ""]


def test_a_reaction_is_no_message_when_it_is_fetched_again(worker: Worker, engine: Engine) -> None:
    worker.take([Delivery(Received("whatsapp", "SM1", "a", change="reaction"))])
    worker.take([Delivery(Received("whatsapp", "SM1", "a", Inbound("👍")))])
    assert counts(engine)["Inbox"] == 1
    assert counts(engine)["Outbox"] == counts(engine)["Contact"] == 0


# ── replies in the answer ───────────────────────────────────────────────────────────────────────


def test_a_reply_in_the_answer_is_served_again(worker: Worker, engine: Engine) -> None:
    [first] = worker.take([said("u1", fits_here=is_one_call)])
    assert isinstance(first, Letter) and first.outbound.buttons
    [row] = letters(engine)
    assert (row.status, row.external_id, row.id) == ("sent", IN_ANSWER, first.id)
    assert row.closed_at is not None
    before = counts(engine)
    assert worker.take([said("u1", fits_here=is_one_call)]) == [first]
    assert worker.take([said("u1")]) == [None]
    assert counts(engine) == before


def test_a_reply_that_is_owed_goes_first(worker: Worker, engine: Engine) -> None:
    worker.take([said("u1")])
    assert worker.take([said("u2", Inbound(tap="1:it"), fits_here=is_one_call)]) == [None]
    assert [letter.status for letter in letters(engine)] == ["queued", "queued"]
    assert worker.take([said("u2", Inbound(tap="1:it"), fits_here=is_one_call)]) == [None]


def test_what_needs_several_calls_goes_by_the_sender(parts: Parts, engine: Engine) -> None:
    """Telegram's webhook carries one call: a longer letter is never sent by its process."""

    def sent_here(first: Outbound) -> bool:
        return is_one_call(replace(first, text="One two. " * 900))

    worker = make_worker(parts)
    assert worker.take([said("u1", fits_here=sent_here)]) == [None]
    [row] = letters(engine)
    assert (row.status, row.external_id) == ("queued", None)
    assert worker.take([said("u1", fits_here=is_one_call)]) == [None], "the sender has it"


def test_a_goodbye_never_goes_in_the_answer(worker: Worker, engine: Engine) -> None:
    worker.take(
        [said("u1", fits_here=is_one_call), said("u2", Inbound(tap="1:it"), fits_here=is_one_call)]
    )
    worker.take([said("u3", Inbound(tap="go:erase"), fits_here=is_one_call)])
    assert worker.take([said("u4", Inbound(tap="3:yes"), fits_here=is_one_call)]) == [None]
    [letter] = letters(engine)
    assert (letter.origin, letter.status, letter.contact_id) == ("goodbye", "queued", None)
    assert counts(engine)["Contact"] == 0


# ── a process that only receives ────────────────────────────────────────────────────────────────


def test_a_web_process_stores_and_a_worker_takes_in_order(parts: Parts, engine: Engine) -> None:
    web, worker = make_worker(parts, takes_turns=False), make_worker(parts)
    script: list[Inbound | str] = [
        "ciao",
        Inbound(tap="1:it"),
        Inbound(tap="2:yes"),
        Inbound(tap="3:18_24"),
        "no",
        "Anna",
    ]
    for number, inbound in enumerate(script):
        assert web.take([said(f"u{number}", inbound)]) == [None]
        assert web.take([said(f"o{number}", inbound, address="b")]) == [None]
    assert counts(engine) == {
        "Address": 0, "Contact": 0, "Conversation": 0, "Event": 0, "Inbox": 12, "Outbox": 0,
    }  # fmt: skip
    assert [worker.take_waiting() for _ in range(7)] == [2] * 6 + [0]
    for address in "ab":
        assert state(engine, address)["profile"]["name"] == "Anna"
    assert waiting(engine) == []


def test_a_repeated_delivery_that_waits_is_one(parts: Parts, engine: Engine) -> None:
    web, worker = make_worker(parts, takes_turns=False), make_worker(parts)
    for _ in range(3):
        web.take([said("u1")])
    assert worker.take_waiting() == 1
    web.take([said("u1")])
    assert worker.take_waiting() == 0
    assert counts(engine)["Outbox"] == 1


def test_nobody_overtakes_what_waits(parts: Parts, engine: Engine) -> None:
    web, worker = make_worker(parts, takes_turns=False), make_worker(parts)
    web.take([said("u1")])
    assert worker.take([said("u2", Inbound(tap="1:it"))]) == [None]
    assert waiting(engine) == ["u1", "u2"]
    assert counts(engine)["Outbox"] == 0
    assert (worker.take_waiting(), worker.take_waiting()) == (1, 1)
    assert state(engine)["language"] == "it"


def test_what_was_stored_is_what_was_said(parts: Parts, engine: Engine) -> None:
    web, worker = make_worker(parts, takes_turns=False), make_worker(parts)
    worker.take([said("u0"), said("u1", Inbound(tap="1:it"))])
    web.take([said("u2", Inbound(start="browse-job", hint="fr"))])
    web.take([Delivery(Received("telegram", "u3", "a", change="blocked"))])
    assert worker.take_waiting() + worker.take_waiting() == 2
    assert state(engine)["flow"] == "browse"
    with engine.begin() as connection:
        assert connection.execute(select(col(Address.state))).scalar_one() == "blocked"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_a_person_served_elsewhere_is_left_alone(parts: Parts, engine: Engine) -> None:
    worker = make_worker(parts)
    with engine.connect() as other:
        assert Turns(engine.dialect).lock(cursor_of(other), "telegram", "a")
        assert worker.take([said("u1"), said("u2", address="b")]) == [None, None]
        assert waiting(engine) == ["u1"]
        assert worker.take_waiting() == 0
        other.rollback()
    assert worker.take_waiting() == 1
    assert {letter.address for letter in letters(engine)} == {"a", "b"}


# ── errors of ours ──────────────────────────────────────────────────────────────────────────────


def faulty(parts: Parts) -> FlowEngine:
    """The assistant with a flow that has a mistake in its second step."""
    flow = Flow("faulty")

    @flow.step()
    def which(talk: Talk) -> Move:
        return pick("Which?", choices({"one": "One", "bad": "Bad"}))

    @flow.step(when=lambda talk: talk.answers.pick("which") == "bad")
    def noted(talk: Talk) -> Move:
        return Do(NoteInterest("job_x"))

    @flow.step()
    def broken(talk: Talk) -> Move:
        raise ValueError(f"no good: {SECRET} {talk.answers}")

    return FlowEngine({**parts.flows.flows, "faulty": flow}, parts.languages)


def in_faulty(parts: Parts) -> Worker:
    """A person in the faulty flow, with an answer in the profile."""
    worker = make_worker(parts, faulty(parts))
    answers: list[Inbound | str] = [
        "ciao",
        Inbound(tap="1:en"),
        Inbound(tap="2:yes"),
        Inbound(tap="3:18_24"),
        "no",
        SECRET,
    ]
    worker.take([said(f"u{number}", answer) for number, answer in enumerate(answers)])
    worker.take([said("faulty", Inbound(start="faulty"))])
    assert state(parts.engine)["asked"]["step"] == "which"
    return worker


def test_after_an_error_there_is_an_apology_and_the_menu(
    parts: Parts, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    worker = in_faulty(parts)
    with caplog.at_level(logging.DEBUG):
        assert worker.take([said("u9", "1")]) == [None]
    kept = state(engine)
    assert kept["flow"] == "menu" and kept["profile"]["name"] == SECRET
    says = Outbound.from_json(json.loads(letters(engine)[-1].body))
    assert "Something went wrong on our side" in says.text and says.buttons
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    number = record.getMessage().split()[1]
    assert len(number) == 8 and number in says.text
    assert "ValueError at" in record.getMessage() and "broken:" in record.getMessage()
    assert SECRET not in caplog.text and record.exc_info is None
    assert worker.failed_turns == 1
    assert waiting(engine) == []


def test_an_error_harms_no_other_in_the_batch(parts: Parts, engine: Engine) -> None:
    worker = in_faulty(parts)
    worker.take([said("u8", address="b"), said("u9", "1"), said("u10", address="c")])
    assert {letter.address for letter in letters(engine)} == {"a", "b", "c"}
    assert state(engine)["flow"] == "menu" and state(engine, "c")["flow"] == "welcome"


def add_offer(engine: Engine) -> None:
    """The offer that the faulty flow notes interest in."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO listing (id, topic, organisation, comune, address, phone, email,"
                " details, status, valid_from, valid_until, checked_on, checked_by, source) VALUES"
                " ('job_x', 'job', 'o', '005102', '', '1', '', '{}', 'published', '2026-01-01',"
                " '2027-01-01', '2026-01-01', 'a', 's')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO listing_text (listing_id, language, title, summary, bring, who,"
                " made_from, reviewed_by) VALUES ('job_x', 'it', 't', 's', '', '', '{}', '')"
            )
        )


def test_after_an_error_nothing_of_the_turn_is_left(parts: Parts, engine: Engine) -> None:
    worker = in_faulty(parts)
    add_offer(engine)
    worker.take([said("u9", Inbound(tap=f"{state(engine)['asked']['id']}:bad"))])
    assert "went wrong" in letters(engine)[-1].body
    with engine.begin() as connection:
        assert connection.execute(select(col(Interest.id))).all() == []


@pytest.mark.parametrize("stored", ["{", "[]", '{"asked": {"id": 1, "of_a_later_release": 2}}'])
def test_a_conversation_that_cannot_be_read_gets_an_answer(
    parts: Parts, engine: Engine, stored: str
) -> None:
    worker = make_worker(parts)
    worker.take([said("u1"), said("u2", Inbound(tap="1:it"))])
    with engine.begin() as connection:
        connection.execute(update(Conversation).values(state=stored))
    worker.take([said("u3", "menu")])
    assert len(letters(engine)) == 3


# ── errors of the database ──────────────────────────────────────────────────────────────────────


class Trouble:
    """Makes the database refuse statements on a table, as SQLAlchemy reports it."""

    def __init__(self, engine: Engine, error: type[Exception], table: str) -> None:
        self._engine, self._error, self._table = engine, error, table

    def __enter__(self) -> None:
        event.listen(self._engine, "before_cursor_execute", self._refuse)

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._refuse)

    def _refuse(self, _c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if self._table in statement:
            raise self._error(statement, {}, Exception("trouble"))


def in_consent(worker: Worker) -> Delivery:
    """A person before the consent question, and the delivery that answers it."""
    worker.take([said("u1"), said("u2", Inbound(tap="1:it"))])
    return said("u3", Inbound(tap="2:yes"))


def test_a_database_error_comes_back_and_nothing_is_half_saved(
    worker: Worker, engine: Engine
) -> None:
    delivery = in_consent(worker)
    before, was = counts(engine), state(engine)
    with Trouble(engine, OperationalError, "INTO consent"):
        [result] = worker.take([delivery])
    assert isinstance(result, OperationalError)
    assert (counts(engine), state(engine)) == (before, was)
    assert worker.take([delivery]) == [None]
    assert state(engine)["asked"]["step"] == "age"


def test_one_bad_delivery_harms_no_other(
    worker: Worker, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = in_consent(worker)
    with Trouble(engine, OperationalError, "INTO consent"):
        results = worker.take([said("x1", address="x"), delivery, said("y1", address="y")])
    assert [isinstance(result, Exception) for result in results] == [False, True, False]
    assert state(engine, "x")["flow"] == state(engine, "y")["flow"] == "welcome"
    assert "a batch of 3 failed (OperationalError)" in caplog.text


def test_what_the_database_will_never_take_is_set_aside(
    parts: Parts, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(FlowEngine):
        def take_turn(self, *_: Any) -> Any:
            raise ValueError(SECRET)

        def apologise(self, *_: Any) -> Any:
            raise ValueError(SECRET)

    worker = make_worker(parts, Faulty(parts.flows.flows, parts.languages))
    assert worker.take([said("u1")]) == [None]
    assert worker.failed_turns == 1
    assert counts(engine)["Inbox"] == 1 and waiting(engine) == []
    assert counts(engine)["Contact"] == counts(engine)["Outbox"] == 0
    assert worker.take([said("u1")]) == [None]
    assert SECRET not in caplog.text and "a delivery was set aside: ValueError" in caplog.text


def test_one_that_cannot_even_be_set_aside_harms_no_other(
    worker: Worker, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Turns.receive

    def refuse(self: Turns, cursor: Any, channel: str, external_id: str, *rest: Any) -> Any:
        if external_id == "u1":
            raise ValueError(SECRET)
        return receive(self, cursor, channel, external_id, *rest)

    monkeypatch.setattr(Turns, "receive", refuse)
    results = worker.take([said("u1"), said("y1", address="y")])
    assert [isinstance(result, ValueError) for result in results] == [True, False]
    assert state(engine, "y")["flow"] == "welcome"


def test_who_wrote_what_the_database_will_never_take_is_told(
    parts: Parts, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, save = make_worker(parts), Turns.save

    def refuse(*values: Any) -> None:
        monkeypatch.setattr(Turns, "save", save)
        raise ValueError(SECRET)

    monkeypatch.setattr(Turns, "save", refuse)
    assert worker.take([said("u1")]) == [None]
    assert waiting(engine) == [] and len(letters(engine)) == 1
    assert worker.failed_turns == 2  # it counts what was refused and the apology


def test_a_message_that_fails_five_times_makes_way(
    parts: Parts, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    web, worker = make_worker(parts, takes_turns=False), make_worker(parts)
    web.take([said("u1", SECRET)])
    web.take([said("u2")])
    with engine.begin() as connection:
        connection.execute(
            update(Inbox).where(col(Inbox.external_id) == "u1").values(body='{"inbound": {"x": 1}}')
        )
    assert [worker.take_waiting() for _ in range(5)] == [0] * 5
    assert waiting(engine) == ["u2"]
    [told] = letters(engine)
    assert "Qualcosa non ha funzionato" in told.body
    assert worker.take_waiting() == 1
    assert state(engine)["flow"] == "welcome"
    assert SECRET not in caplog.text and caplog.text.count("TypeError at") == 5


def test_two_workers_that_fail_at_one_message_set_it_aside_once(
    parts: Parts, engine: Engine
) -> None:
    web, workers = make_worker(parts, takes_turns=False), [make_worker(parts) for _ in range(2)]
    web.take([said("u1", SECRET)])
    with engine.begin() as connection:
        connection.execute(update(Inbox).values(body='{"inbound": {"x": 1}}', failures=4))
        seen = Turns(engine.dialect).oldest(cursor_of(connection), "telegram", "a")
    assert seen
    if not is_sqlite(engine):
        with engine.connect() as other:
            assert Turns(engine.dialect).lock(cursor_of(other), "telegram", "a")
            workers[0]._quarantine.failed("telegram", "a", seen)
            assert waiting(engine) == ["u1"] and letters(engine) == []
            other.rollback()
    for worker in workers:
        worker._quarantine.failed("telegram", "a", seen)
    assert waiting(engine) == [] and len(letters(engine)) == 1


_RAW = "errors of `storage.prepared` are the driver's own, not SQLAlchemy's"


class Driver:
    """Makes the driver itself fail, as it does when the disk is full or the server is gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception, name: str) -> None:
        original = getattr(Turns, name)
        self.left = 1

        def run(turns: Turns, *values: Any, **more: Any) -> Any:
            if self.left:
                self.left -= 1
                raise error
            return original(turns, *values, **more)

        monkeypatch.setattr(Turns, name, run)


def gone(engine: Engine) -> Exception:
    """What the driver raises when the database cannot be used for a moment."""
    if is_sqlite(engine):
        return sqlite3.OperationalError("database or disk is full")
    return psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_message_is_never_lost_to_a_moment_without_a_database(
    worker: Worker, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.take([said("u1")])
    Driver(monkeypatch, gone(engine), "note")
    [result] = worker.take([said("u2", Inbound(tap="1:it"))])
    assert isinstance(result, Exception), "the provider was told that all is well"
    assert worker.take([said("u2", Inbound(tap="1:it"))]) == [None]
    assert state(engine)["language"] == "it"


def test_a_moment_without_a_database_is_no_failure_of_the_message(
    parts: Parts, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, worker = make_worker(parts, takes_turns=False), make_worker(parts)
    web.take([said("u1")])
    Driver(monkeypatch, gone(engine), "note")
    with pytest.raises(Exception, match=r"full|closed"):
        worker.take_waiting()
    with engine.begin() as connection:
        assert connection.execute(select(col(Inbox.failures))).scalar_one() == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_full_disk_loses_nothing(tmp_path: Any, parts: Parts) -> None:
    """The real thing: SQLite at its greatest size."""
    with migrated("sqlite", tmp_path) as url, emptied(url) as small:
        worker = make_worker(Parts(parts.settings, small, parts.languages, parts.flows, parts.now))
        worker.take([said("u1")])

        def limit(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA max_page_count=1")  # as large as it is, and no larger

        event.listen(small, "connect", limit)
        small.dispose()
        results: Results = []
        for number in range(200):
            results += worker.take([said(f"x{number}", SECRET, address=f"x{number}")])
            if isinstance(results[-1], Exception):
                break
        refused = len(results) - 1
        assert isinstance(results[refused], Exception)
        event.remove(small, "connect", limit)
        small.dispose()
        with small.begin() as connection:
            stored = connection.execute(select(col(Inbox.external_id))).scalars().all()
        assert f"x{refused}" not in stored
        assert worker.take([said(f"x{refused}", address=f"x{refused}")]) == [None]


# ── the receiver ────────────────────────────────────────────────────────────────────────────────


class Slow:
    """A worker that notes its batches; ``hold`` keeps the first until the others have come."""

    def __init__(self, answer: Exception | None = None) -> None:
        self.batches: list[list[str]] = []
        self.answer = answer

    def take(self, deliveries: Sequence[Delivery]) -> Results:
        self.batches.append([delivery.received.external_id for delivery in deliveries])
        return [self.answer if d.received.external_id == "bad" else None for d in deliveries]


def receiving(engine: Engine, worker: Any, deliveries: Sequence[Delivery]) -> tuple[list[Any], int]:
    """What `Receiver.receive` gave for deliveries that came at once, and how many commits."""
    commits = 0

    def committed() -> None:
        nonlocal commits
        commits += 1

    async def run() -> list[Any]:
        database = DatabaseThread(engine)
        receiver = Receiver(worker, database, committed)
        coming = (receiver.receive(d.received, fits_here=d.fits_here) for d in deliveries)
        async with asyncio.timeout(10):
            results = await asyncio.gather(*coming, return_exceptions=True)
        database.close()
        return results

    return asyncio.run(run()), commits


def test_what_comes_at_once_goes_into_one_commit(engine: Engine) -> None:
    worker = Slow()
    deliveries = [said(f"u{number}", address=f"p{number}") for number in range(100)]
    results, commits = receiving(engine, worker, deliveries)
    assert results == [None] * 100
    assert [len(batch) for batch in worker.batches] == [64, 36]
    assert commits == 2


def test_at_most_one_of_a_person_at_a_time_and_in_order(engine: Engine) -> None:
    worker = Slow()
    order = ["a1", "a2", "b1", "a3", "b2", "c1"]
    receiving(engine, worker, [said(id, address=id[0]) for id in order])
    assert worker.batches == [["a1", "b1", "c1"], ["a2", "b2"], ["a3"]]


def test_an_error_reaches_the_one_it_concerns(engine: Engine) -> None:
    error = OperationalError("x", {}, Exception("y"))
    deliveries = [said("good", address="a"), said("bad", address="b"), said("fine", address="c")]
    results, _ = receiving(engine, Slow(error), deliveries)
    assert results == [None, error, None]


def test_received_is_stored_and_answered(parts: Parts, engine: Engine) -> None:
    texts = ["ciao", "italiano", "1", "3", "2", "Anna"]
    deliveries = [said(f"{p}{n}", t, address=p) for n, t in enumerate(texts) for p in "abc"]
    results, _ = receiving(engine, make_worker(parts), deliveries)
    assert results == [None] * len(deliveries)
    assert waiting(engine) == []
    assert counts(engine)["Outbox"] == len(deliveries)
    for address in "abc":
        assert state(engine, address)["asked"]["step"] == "comune"


def test_a_reply_reaches_the_webhook_that_can_carry_it(parts: Parts, engine: Engine) -> None:
    results, _ = receiving(engine, make_worker(parts), [said("u1", fits_here=is_one_call)])
    assert isinstance(results[0], Letter) and results[0].outbound.buttons


def test_an_error_of_the_worker_is_told_to_all(engine: Engine) -> None:
    class Broken:
        def take(self, deliveries: Sequence[Delivery]) -> Results:
            raise RuntimeError("no database at all")

    async def run() -> list[Any]:
        database = DatabaseThread(engine)
        receiver = Receiver(Broken(), database, lambda: None)  # type: ignore[arg-type]
        coming = [asyncio.create_task(receiver.receive(said(id).received)) for id in ("1", "2")]
        done, pending = await asyncio.wait(coming, timeout=0.2)
        for task in pending:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
        database.close()
        return [task.exception() for task in done]

    assert [str(error) for error in asyncio.run(run())] == ["no database at all"] * 2


def test_the_clock_is_the_one_it_was_given(parts: Parts, engine: Engine, clock: Clock) -> None:
    make_worker(parts).take([said("u1")])
    clock.pass_time(days=3)
    make_worker(parts).take([said("u2", Inbound(tap="1:it"))])
    assert [to_ms(letter.due_at) for letter in letters(engine)] == [
        to_ms(clock.moment) - 3 * 86_400_000,
        to_ms(clock.moment),
    ]
