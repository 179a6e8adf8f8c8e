"""A row that somebody has changed past the program does not open; it stops nobody else."""

import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, String, func, select, type_coerce, update
from sqlmodel import col

from bot.channel import Problem
from bot.runtime import Parts
from bot.settings import Settings
from bot.worker import Worker
from flows.engine import Engine as FlowEngine
from flows.speech import Languages
from storage.claims import Claims
from storage.key_file import SealingError
from storage.models import Inbox, Outbox
from storage.sealing import sealing_of
from tests.conftest import Clock
from tests.test_storage_database import KINDS, emptied, migrated
from tests.test_worker import letters, make_worker, said, state, waiting


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("spoilt")) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Both databases in turn."""
    with emptied(url) as engine:
        yield engine


@pytest.fixture
def parts(
    settings: Settings, engine: Engine, languages: Languages, flows: FlowEngine, clock: Clock
) -> Parts:
    return Parts(settings, engine, languages, flows, clock)


@pytest.fixture
def worker(parts: Parts) -> Worker:
    return make_worker(parts)


def spoil(engine: Engine, column: object, whose: object) -> None:
    """One letter more, written past the program."""
    raw = type_coerce(column, String)
    with engine.begin() as connection:
        table = column.table  # type: ignore[attr-defined]
        statement = update(table).where(whose).values({column.key: raw + "A"})  # type: ignore[attr-defined, arg-type]
        assert connection.execute(statement).rowcount == 1


def stored(parts: Parts, *addresses: str) -> None:
    """A first message of each waits."""
    web = make_worker(parts, takes_turns=False)
    for address in addresses:
        web.take([said(f"of {address}", address=address)])


def test_words_that_do_not_open_make_way_and_their_person_is_told(
    parts: Parts, worker: Worker, engine: Engine
) -> None:
    worker.take([said("earlier")])
    stored(parts, "a", "b")
    spoil(engine, Inbox.__table__.c.body, col(Inbox.external_id) == "of a")  # type: ignore[attr-defined]
    make_worker(parts, takes_turns=False).take([said("later")])
    assert sum(worker.take_waiting() for _ in range(5)) == 1
    assert state(engine, "b")["flow"] == "welcome"
    assert worker.take_waiting() == 1
    _, told, answered = (letter.body for letter in letters(engine) if letter.address == "a")
    assert "Qualcosa non ha funzionato" in told and "Qualcosa" not in answered
    assert waiting(engine) == []


def test_an_address_that_does_not_open_is_nobodys(
    parts: Parts, worker: Worker, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    stored(parts, "a", "b")
    spoil(engine, Inbox.__table__.c.address, col(Inbox.external_id) == "of a")  # type: ignore[attr-defined]
    with caplog.at_level(logging.ERROR):
        assert (worker.take_waiting(), worker.take_waiting()) == (1, 0)
    assert [letter.address for letter in letters(engine)] == ["b"]
    assert waiting(engine) == []
    assert caplog.messages == ["1 messages were set aside: who wrote them cannot be read"]


@pytest.mark.parametrize("column", ["body", "address"])
def test_a_letter_that_does_not_open_fails_and_the_others_go(
    worker: Worker, engine: Engine, clock: Clock, column: str
) -> None:
    worker.take([said("u1", address="a"), said("u2", address="b")])
    first = col(Outbox.id) == letters(engine)[0].id
    spoil(engine, Outbox.__table__.c[column], first)  # type: ignore[attr-defined]
    with engine.begin() as connection:
        due = Claims(engine.dialect).claim(connection, "telegram", [1, 0, 0], clock())
        failed = connection.execute(select(col(Outbox.status), col(Outbox.problem)).where(first))
        assert failed.one() == ("failed", Problem.UNREADABLE)
    assert [row.address for row in due] == ["b"]
    assert letters(engine)[0].body == "", "it can be listed again"


@pytest.mark.parametrize("table", [Inbox, Outbox])
def test_nothing_is_set_aside_while_only_a_key_is_missing(
    parts: Parts, worker: Worker, engine: Engine, clock: Clock, table: type[Inbox] | type[Outbox]
) -> None:
    """As between a rotation and the restart of a process that has its keys from its settings."""
    worker.take([said("u1", address="a")])
    stored(parts, "b")
    with engine.begin() as connection:
        raw = type_coerce(col(table.address), String)
        other = func.replace(raw, sealing_of(engine.dialect).sealer, "0" * 8)
        connection.execute(update(table).values(address=other))
    with pytest.raises(SealingError), engine.begin() as connection:
        if table is Inbox:
            worker.take_waiting()
        else:
            Claims(engine.dialect).claim(connection, "telegram", [1, 0, 0], clock())
    assert len(waiting(engine)) == 1
    with engine.begin() as connection:
        assert connection.execute(select(col(Outbox.closed_at))).scalar_one() is None
