"""The hot path's statements: storing a delivery once, who writes, whose turn it is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import col

from storage.columns import to_ms
from storage.models import Address, Conversation, Event, Inbox, Outbox
from storage.prepared import cursor_of
from storage.turns import IN_ANSWER, Turns
from tests.conftest import START
from tests.test_storage_database import KINDS, emptied, migrated

NOW = to_ms(START)
LATER = to_ms(START + timedelta(hours=1))


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("turns")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


@pytest.fixture
def turns(database: Engine) -> Turns:
    return Turns(database.dialect)


def test_a_delivery_is_stored_once(database: Engine, turns: Turns) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        first = turns.receive(cursor, "telegram", "u1", "a", "{}", NOW)
        assert first is not None
        assert turns.receive(cursor, "telegram", "u1", "a", "{}", NOW) is None
        assert turns.receive(cursor, "telegram", "u1", "another", None, NOW) is None
        assert turns.receive(cursor, "whatsapp", "u1", "a", "{}", NOW) not in (None, first)
    with database.begin() as connection:
        assert turns.receive(cursor_of(connection), "telegram", "u1", "a", "{}", LATER) is None
        rows = connection.execute(select(col(Inbox.channel), col(Inbox.external_id))).all()
    assert sorted(map(tuple, rows)) == [("telegram", "u1"), ("whatsapp", "u1")]


def test_without_a_body_a_delivery_counts_as_handled(database: Engine, turns: Turns) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        turns.receive(cursor, "telegram", "u1", "a", None, NOW)
        assert turns.oldest(cursor, "telegram", "a") is None
        handled = connection.execute(select(col(Inbox.handled_at))).scalar_one()
    assert handled == START


def test_the_oldest_waits_first_and_its_words_go_when_handled(
    database: Engine, turns: Turns
) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        for number in (1, 2):
            turns.receive(cursor, "telegram", f"u{number}", "a", f'{{"n": {number}}}', NOW)
        turns.receive(cursor, "telegram", "u3", "b", "{}", NOW)
        first = turns.oldest(cursor, "telegram", "a")
        assert first and (first.external_id, first.body, first.failures) == ("u1", '{"n": 1}', 0)
        turns.handled(cursor, first.id, LATER)
        second = turns.oldest(cursor, "telegram", "a")
        assert second and second.external_id == "u2"
        row = connection.execute(select(Inbox.__table__).where(col(Inbox.id) == first.id)).one()  # type: ignore[attr-defined]
    assert row.body is None and row.handled_at == START + timedelta(hours=1)


def test_a_new_person_and_the_same_one_again(database: Engine, turns: Turns) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        assert turns.person(cursor, "telegram", "a", NOW) is None
        person = turns.enrol(cursor, "telegram", "a", NOW)
        assert (person.state, person.alerts, person.agreed) == (None, "off", "")
        turns.save(cursor, person, "it", '{"a": 1}', NOW)
    with database.begin() as connection:
        cursor = cursor_of(connection)
        again = turns.person(cursor, "telegram", "a", NOW)
        assert again and (again.contact_id, again.state) == (person.contact_id, '{"a": 1}')
        assert not again.waiting and not again.owed
        turns.save(cursor, again, "fr", '{"a": 2}', LATER)
        assert turns.person(cursor, "whatsapp", "a", NOW) is None
        rows = connection.execute(select(col(Conversation.language), col(Conversation.state))).all()
    assert [tuple(row) for row in rows] == [("fr", '{"a": 2}')]


def test_what_waits_and_what_is_owed(database: Engine, turns: Turns) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        person = turns.enrol(cursor, "telegram", "a", NOW)
        other = turns.enrol(cursor, "telegram", "b", NOW)
        turns.receive(cursor, "telegram", "u1", "a", "{}", NOW)
        post(turns, cursor, other.contact_id, "b", due_at=LATER)
        found = turns.person(cursor, "telegram", "a", NOW)
        assert found and found.waiting and not found.owed
        owed = turns.person(cursor, "telegram", "b", NOW)
        assert owed and not owed.waiting and not owed.owed
        owed = turns.person(cursor, "telegram", "b", LATER)
        assert owed and owed.owed
        assert turns.person(cursor, "telegram", "a", LATER) == found
        assert found.contact_id == person.contact_id


def test_a_new_address_knows_what_waits_for_it(database: Engine, turns: Turns) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        turns.receive(cursor, "telegram", "u1", "a", "{}", NOW)
        assert turns.enrol(cursor, "telegram", "a", NOW).waiting
        assert not turns.enrol(cursor, "telegram", "b", NOW).waiting


def test_writing_ends_a_block(database: Engine, turns: Turns) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        for address in "ab":
            turns.enrol(cursor, "telegram", address, NOW)
        connection.execute(text("UPDATE address SET state = 'blocked'"))
        turns.heard(cursor, "telegram", "a", LATER)
        query = select(col(Address.address), col(Address.state), col(Address.heard_at))
        rows = connection.execute(query.order_by(col(Address.id))).all()
    assert [tuple(row) for row in rows] == [
        ("a", "ok", START + timedelta(hours=1)),
        ("b", "blocked", START),
    ]


def post(turns: Turns, cursor: object, contact_id: int | None, address: str, **row: object) -> int:
    """An outbox row with sensible values."""
    values = {
        "contact_id": contact_id,
        "channel": "telegram",
        "address": address,
        "body": "{}",
        "origin": "reply",
        "inbox_id": None,
        "due_at": NOW,
        "created_at": NOW,
        "status": "queued",
    }
    return turns.post(cursor, **values | row)  # type: ignore[arg-type]


def test_a_reply_in_the_answer_is_found_again(database: Engine, turns: Turns) -> None:
    with database.begin() as connection:
        cursor = cursor_of(connection)
        person = turns.enrol(cursor, "telegram", "a", NOW)
        inbox_id = turns.receive(cursor, "telegram", "u1", "a", None, NOW)
        other = turns.receive(cursor, "telegram", "u2", "a", None, NOW)
        id = post(
            turns, cursor, person.contact_id, "a", inbox_id=inbox_id, external_id=IN_ANSWER,
            body='{"x": 1}',
        )  # fmt: skip
        post(turns, cursor, person.contact_id, "a", inbox_id=other)
        assert turns.reply(cursor, "telegram", "u1") == (id, "a", '{"x": 1}')
        assert turns.reply(cursor, "telegram", "u2") is None
        assert turns.reply(cursor, "whatsapp", "u1") is None
        defaults = connection.execute(select(Outbox.__table__).where(col(Outbox.id) == id)).one()  # type: ignore[attr-defined]
    assert (defaults.priority, defaults.attempts, defaults.hidden, defaults.closed_at) == (
        0, 0, 0, None,
    )  # fmt: skip


def test_events_are_counted(database: Engine, turns: Turns) -> None:
    row = {
        "contact_id": None, "kind": "asked", "flow": "intake", "step": "age", "key": "",
        "language": "it", "channel": "telegram", "at": NOW,
    }  # fmt: skip
    with database.begin() as connection:
        cursor = cursor_of(connection)
        turns.note(cursor, [row, row | {"step": "name"}])
        turns.note(cursor, [])
        steps = connection.execute(select(col(Event.step)).order_by(col(Event.id))).scalars().all()
    assert steps == ["age", "name"]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_one_address_is_served_by_one_transaction(database: Engine, turns: Turns) -> None:
    with database.connect() as first:
        first.begin()
        assert turns.lock(cursor_of(first), "telegram", "a")
        with database.begin() as second:
            cursor = cursor_of(second)
            assert not turns.lock(cursor, "telegram", "a")
            assert turns.lock(cursor, "telegram", "b")
            assert turns.lock(cursor, "whatsapp", "a")
        assert turns.lock(cursor_of(first), "telegram", "a")
        first.rollback()
        with database.begin() as third:
            assert turns.lock(cursor_of(third), "telegram", "a")
