"""The outbox: what is due, in which order, and what came of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, select, update
from sqlmodel import col

from storage import addresses, outbox
from storage.claims import Claims, Due
from storage.models import Address, Contact, Event, Outbox
from storage.outbox import Closing, Outcome
from tests.conftest import START
from tests.test_storage_database import KINDS, add_contact, emptied, migrated

SECOND = timedelta(seconds=1)
LEASE = 40 * SECOND
REPLY, REMINDER, BROADCAST = 0, 1, 2


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("outbox")) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


def post(connection: Connection, address: str = "a", **row: Any) -> int:
    """A queued row; returns its id."""
    values = {
        "channel": "telegram",
        "address": address,
        "body": "{}",
        "origin": "reply",
        "priority": REPLY,
        "due_at": START,
        "created_at": START,
        "status": "queued",
        "edits": "",
        "attempts": 0,
        "hidden": 0,
    }
    statement = Outbox.__table__.insert().values(values | row)  # type: ignore[attr-defined]
    return int(connection.execute(statement.returning(col(Outbox.id))).scalar_one())


def claim(connection: Connection, after: timedelta = 0 * SECOND, limit: int = 10) -> list[int]:
    """The ids claimed at a time."""
    return [row.id for row in claimed(connection, after, limit)]


def claimed(connection: Connection, after: timedelta = 0 * SECOND, limit: int = 10) -> list[Due]:
    """The rows claimed at a time, as they came, on Telegram and then on WhatsApp."""
    claims, rooms = Claims(connection.dialect), (limit, limit, limit)
    return [
        row
        for channel in ("telegram", "whatsapp")
        for row in claims.claim(connection, channel, rooms, START + after)
    ]


def close(connection: Connection, *outcomes: Outcome, after: timedelta = 0 * SECOND) -> bool:
    """Write outcomes down at a time."""
    return Closing(connection.dialect).close(connection, outcomes, START + after)


def row_of(connection: Connection, id: int) -> Any:
    """One row as it is now."""
    return connection.execute(select(Outbox.__table__).where(col(Outbox.id) == id)).one()  # type: ignore[attr-defined]


# ── order ───────────────────────────────────────────────────────────────────────────────────────


def test_a_claimed_row_is_marked_and_not_claimed_again(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection, body='{"x": 1}', edits="m7", origin="operator")
        assert claimed(connection) == [
            Due(id, "telegram", "a", '{"x": 1}', "operator", "m7", 0),
        ]
        row = row_of(connection, id)
        assert (row.status, row.attempts, row.claimed_at) == ("sending", 1, START)
        assert claim(connection) == []


def test_one_row_of_an_address_is_in_flight(database: Engine) -> None:
    with database.begin() as connection:
        first, second = post(connection), post(connection)
        other = post(connection, "b")
        whatsapp = post(connection, "a", channel="whatsapp")
        assert claim(connection) == [first, other, whatsapp]
        assert claim(connection) == []
        close(connection, Outcome(first, "sent", "m1"))
        assert claim(connection) == [second]


def test_replies_before_reminders_before_broadcasts(database: Engine) -> None:
    with database.begin() as connection:
        broadcast = post(connection, "a", priority=BROADCAST)
        reminder = post(connection, "b", priority=REMINDER)
        reply = post(connection, "c", priority=REPLY)
        assert claim(connection, limit=1) == [reply]
        assert claim(connection) == [reminder, broadcast]


def test_a_reply_goes_before_an_earlier_broadcast_to_the_same_person(database: Engine) -> None:
    with database.begin() as connection:
        broadcast = post(connection, priority=BROADCAST)
        reply = post(connection, priority=REPLY)
        assert claim(connection) == [reply]
        close(connection, Outcome(reply, "sent", "m1"))
        assert claim(connection) == [broadcast]


def test_nothing_goes_before_it_is_due_or_elsewhere(database: Engine) -> None:
    with database.begin() as connection:
        later = post(connection, due_at=START + SECOND)
        post(connection, "b", channel="simulator")
        assert claim(connection) == []
        assert claim(connection, after=SECOND) == [later]
        assert claim(connection, limit=0, after=SECOND) == []


def test_a_row_not_yet_due_does_not_hold_up_a_reply(database: Engine) -> None:
    with database.begin() as connection:
        reminder = post(connection, priority=REPLY, due_at=START + 60 * SECOND)
        reply = post(connection)
        assert claim(connection) == [reply]
        close(connection, Outcome(reply, "sent", "m1"))
        assert claim(connection, after=60 * SECOND) == [reminder]


def test_a_later_row_never_overtakes_one_that_is_tried_again(database: Engine) -> None:
    with database.begin() as connection:
        first, second = post(connection), post(connection)
        broadcast = post(connection, priority=BROADCAST)
        assert claim(connection) == [first]
        close(connection, Outcome(first, "queued", due_at=START + 30 * SECOND))
        assert claim(connection, after=SECOND) == []
        assert claim(connection, after=30 * SECOND) == [first]
        close(connection, Outcome(first, "sent", "m1", attempt=2), after=30 * SECOND)
        assert claim(connection, after=30 * SECOND) == [second]
        close(connection, Outcome(second, "failed", problem="rejected"), after=31 * SECOND)
        assert claim(connection, after=31 * SECOND) == [broadcast]


def test_limits_hold(database: Engine) -> None:
    with database.begin() as connection:
        ids = [post(connection, f"p{number}") for number in range(10)]
        assert claim(connection, limit=4) == ids[:4]
        assert claim(connection, limit=4) == ids[4:8]


# ── two senders ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated("postgresql", tmp_path_factory.mktemp("senders")) as url:
        yield url


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    """SQLite has one writer at a time; here several senders claim at once."""
    with emptied(postgres_url) as engine:
        yield engine


def test_two_senders_never_claim_the_same_row(postgres: Engine) -> None:
    with postgres.begin() as connection:
        ids = [post(connection, f"p{number}") for number in range(6)]
        held = post(connection, "p0")
    with postgres.connect() as first, postgres.connect() as second:
        first.begin()  # the hot path's own cursor begins nothing
        second.begin()
        mine = claim(first, limit=3)
        first.commit()
        others = claim(second, limit=10)
        second.commit()
        assert (mine, others) == (ids[:3], ids[3:])
    with postgres.begin() as connection:
        assert claim(connection) == []
        close(connection, Outcome(ids[0], "sent", "m"))
        assert claim(connection) == [held]


def test_two_senders_keep_one_row_of_an_address_in_flight(postgres: Engine) -> None:
    with postgres.begin() as connection:
        post(connection, priority=BROADCAST)
    with postgres.connect() as first, postgres.connect() as second:
        first.begin()
        assert len(claim(first)) == 1
        with postgres.begin() as connection:
            post(connection, priority=REPLY)
        second.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
        with pytest.raises(LockNotAvailable):
            claim(second)  # it waits, because the other's claim is not seen before its commit
        second.rollback()
        first.commit()
        assert claim(second) == []


# ── outcomes ────────────────────────────────────────────────────────────────────────────────────


def test_sent_failed_and_tried_again(database: Engine) -> None:
    with database.begin() as connection:
        ids = [post(connection, f"p{number}") for number in range(3)]
        claim(connection)
        retry = Outcome(ids[2], "queued", problem="busy", due_at=START + 9 * SECOND)
        close(
            connection,
            Outcome(ids[0], "sent", "m1"),
            Outcome(ids[1], "failed", problem="rejected"),
            retry,
            after=SECOND,
        )
        sent, failed, again = (row_of(connection, id) for id in ids)
    now = START + SECOND
    assert (sent.status, sent.external_id, sent.closed_at) == ("sent", "m1", now)
    assert (failed.status, failed.problem, failed.closed_at) == ("failed", "rejected", now)
    assert (again.status, again.due_at, again.closed_at) == ("queued", START + 9 * SECOND, None)
    assert again.claimed_at is None and again.attempts == 1


def test_an_outcome_after_the_receipt_changes_nothing(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        assert outbox.record_receipt(
            connection, "telegram", "m1", (id, 1), "delivered", None, START
        )
        close(connection, Outcome(id, "sent", "m1"))
        assert row_of(connection, id).status == "delivered"


def test_a_goodbye_is_deleted_once_it_is_sent(database: Engine) -> None:
    with database.begin() as connection:
        goodbye = post(connection, origin="goodbye")
        reply = post(connection, "b")
        claim(connection)
        retry = Outcome(goodbye, "queued", due_at=START)
        assert close(connection, retry, Outcome(reply, "sent", "m1")) is False
        claim(connection)
        assert close(connection, Outcome(goodbye, "sent", "m2", attempt=2)) is True
        left = connection.execute(select(col(Outbox.id))).scalars().all()
    assert left == [reply]


def test_a_goodbye_that_cannot_be_sent_is_deleted_too(database: Engine) -> None:
    with database.begin() as connection:
        goodbye = post(connection, origin="goodbye")
        claim(connection)
        assert close(connection, Outcome(goodbye, "failed", problem="unreachable")) is True
        assert connection.execute(select(col(Outbox.id))).all() == []


def test_a_goodbye_whose_outcome_stays_hidden_is_deleted_too(database: Engine) -> None:
    with database.begin() as connection:
        post(connection, origin="goodbye", hidden=1)
        claim(connection)
        outbox.sweep(connection, LEASE, START + LEASE + SECOND)
        assert connection.execute(select(col(Outbox.id))).all() == []


# ── crashes ─────────────────────────────────────────────────────────────────────────────────────


def test_a_reply_whose_sender_died_is_unknown_then_sent_once_more(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        assert outbox.sweep(connection, LEASE, START + LEASE) == 0
        assert outbox.sweep(connection, LEASE, START + LEASE + SECOND) == 1
        row = row_of(connection, id)
        assert (row.status, row.hidden, row.closed_at) == ("unknown", 1, None)
        assert claim(connection, after=2 * LEASE) == [id]
        assert outbox.sweep(connection, LEASE, START + 4 * LEASE) == 1
        row = row_of(connection, id)
        assert (row.status, row.hidden, row.problem) == ("unknown", 2, "hidden")
        assert row.closed_at == START + 4 * LEASE
        assert claim(connection, after=5 * LEASE) == []


def test_a_broadcast_whose_sender_died_is_never_sent_again(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection, priority=BROADCAST)
        reminder = post(connection, "b", priority=REMINDER)
        claim(connection)
        assert outbox.sweep(connection, LEASE, START + 2 * LEASE) == 2
        assert claim(connection, after=3 * LEASE) == [reminder]
        row = row_of(connection, id)
    assert (row.status, row.hidden, row.closed_at) == ("unknown", 1, START + 2 * LEASE)


def test_a_hidden_outcome_is_as_a_crash(database: Engine) -> None:
    with database.begin() as connection:
        reply, broadcast = post(connection), post(connection, "b", priority=BROADCAST)
        claim(connection)
        outcomes = (Outcome(id, "unknown", problem="hidden") for id in (reply, broadcast))
        close(connection, *outcomes)
        assert row_of(connection, broadcast).closed_at == START
        assert claim(connection) == [reply]
        close(connection, Outcome(reply, "unknown", problem="hidden", attempt=2))
        row = row_of(connection, reply)
        assert (row.status, row.hidden, row.closed_at) == ("unknown", 2, START)


def test_an_unknown_row_still_holds_up_later_ones(database: Engine) -> None:
    with database.begin() as connection:
        first, second = post(connection), post(connection)
        claim(connection)
        close(connection, Outcome(first, "unknown", problem="hidden"))
        assert claim(connection) == [first]
        close(connection, Outcome(first, "unknown", problem="hidden", attempt=2))
        assert claim(connection) == [second]


def test_what_expired_is_cancelled_unless_it_is_being_sent(database: Engine) -> None:
    with database.begin() as connection:
        flying = post(connection, expires_at=START + SECOND)
        assert claim(connection) == [flying]
        expired = post(connection, "b", expires_at=START + SECOND)
        fresh = post(connection, "c", expires_at=START + 9 * SECOND)
        forever = post(connection, "d")
        assert outbox.sweep(connection, LEASE, START + 2 * SECOND) == 0
        row = row_of(connection, expired)
        assert (row.status, row.problem) == ("cancelled", "expired")
        assert row_of(connection, flying).status == "sending"
        assert claim(connection, after=2 * SECOND) == [fresh, forever]


# ── receipts ────────────────────────────────────────────────────────────────────────────────────


def receipt(
    connection: Connection,
    status: str,
    external_id: str = "m1",
    letter: int = 0,
    attempt: int = 1,
) -> bool:
    """One receipt, a second later."""
    problem = "unreachable" if status == "failed" else None
    now = START + SECOND
    ids = (external_id, (letter, attempt))
    found = outbox.record_receipt(connection, "telegram", *ids, status, problem, now)
    assert found in (None, "a")
    return found is not None


@pytest.mark.parametrize(
    ("came", "counted", "ends"),
    [
        (["delivered", "read"], [True, True], "read"),
        (["read", "delivered", "sent"], [True, False, False], "read"),
        (["delivered", "delivered"], [True, False], "delivered"),
        (["delivered", "failed"], [True, False], "delivered"),
        (["failed", "delivered"], [True, False], "failed"),
        (["sent"], [False], "sent"),
        (["nonsense"], [False], "sent"),
    ],
)
def test_statuses_only_move_forward(
    database: Engine, came: list[str], counted: list[bool], ends: str
) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        close(connection, Outcome(id, "sent", "m1"))
        assert [receipt(connection, status) for status in came] == counted
        row = row_of(connection, id)
    assert row.status == ends
    assert row.problem == ("unreachable" if ends == "failed" else None)


def test_a_receipt_finds_its_row_by_our_own_id(database: Engine) -> None:
    with database.begin() as connection:
        id, other = post(connection), post(connection, "b")
        claim(connection)
        assert receipt(connection, "delivered", "m9", letter=id)
        row = row_of(connection, id)
        assert (row.status, row.external_id, row.closed_at) == (
            "delivered", "m9", START + SECOND,
        )  # fmt: skip
        assert row_of(connection, other).status == "sending"
        assert not receipt(connection, "read", "no such id")
        other_channel = ("whatsapp", "m9", (id, 1), "read", None, START)
        assert not outbox.record_receipt(connection, *other_channel)


def test_a_receipt_settles_an_unknown_row(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        close(connection, Outcome(id, "unknown", problem="hidden"))
        assert receipt(connection, "delivered", letter=id)
        assert claim(connection) == []
        assert row_of(connection, id).status == "delivered"


@pytest.mark.parametrize("status", ["delivered", "failed"])
def test_a_receipt_of_an_earlier_try_leaves_the_row_to_the_later_one(
    database: Engine, status: str
) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        close(connection, Outcome(id, "unknown", problem="hidden"))
        assert claim(connection) == [id]
        assert not receipt(connection, status, "first", id, attempt=1)
        assert row_of(connection, id).status == "sending"
        close(connection, Outcome(id, "sent", "second", attempt=2))
        assert not receipt(connection, status, "first", id, attempt=1)
        row = row_of(connection, id)
        assert (row.status, row.external_id) == ("sent", "second")
        assert receipt(connection, "read", "second", id, attempt=2)


def test_what_an_earlier_try_was_called_is_forgotten(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection, external_id="first")
        claim(connection)
        assert not receipt(connection, "failed", "first", id, attempt=0)
        assert row_of(connection, id).status == "sending"


def test_a_receipt_without_our_try_needs_the_providers_id(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        assert not receipt(connection, "delivered", letter=id, attempt=0)
        close(connection, Outcome(id, "sent", "m1"))
        assert receipt(connection, "delivered", letter=id, attempt=0)


def test_a_queued_row_takes_no_receipt(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection)
        assert not receipt(connection, "delivered", letter=id)
        assert row_of(connection, id).status == "queued"


def test_a_failure_that_passes_goes_into_the_queue_again(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        close(connection, Outcome(id, "sent", "m1"))
        failed = ("telegram", "m1", (0, 0), "failed", "busy", START)
        assert outbox.record_receipt(connection, *failed, again=True) == "a"
        assert row_of(connection, id).status == "queued"
        assert outbox.record_receipt(connection, *failed, again=True) is None  # repeated
        assert claim(connection, after=timedelta(minutes=4)) == []
        assert claim(connection, after=outbox.RETRIED_AFTER) == [id]


def test_a_failure_that_was_tried_too_often_is_final(database: Engine) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        close(connection, Outcome(id, "sent", "m1"))
        connection.execute(update(Outbox).values(attempts=outbox.MOST_ATTEMPTS))
        failed = ("telegram", "m1", (0, 0), "failed", "busy", START)
        assert outbox.record_receipt(connection, *failed, again=True) == "a"
        assert row_of(connection, id).status == "failed"


@pytest.mark.parametrize("status", ["sent", "queued", "failed", "unknown"])
def test_a_late_outcome_leaves_the_row_to_who_holds_it(database: Engine, status: str) -> None:
    with database.begin() as connection:
        id = post(connection)
        claim(connection)
        outbox.sweep(connection, LEASE, START + 2 * LEASE)
        assert claim(connection, after=2 * LEASE) == [id]
        before = row_of(connection, id)
        close(connection, Outcome(id, status, "late", due_at=START, attempt=1))
        assert row_of(connection, id) == before


@pytest.mark.parametrize("priority", [REPLY, BROADCAST])
def test_a_late_outcome_of_a_row_that_nobody_holds_is_the_truth(
    database: Engine, priority: int
) -> None:
    """Its sender was cut off for longer than the lease, and knows better than the sweep."""
    with database.begin() as connection:
        id = post(connection, priority=priority)
        claim(connection)
        outbox.sweep(connection, LEASE, START + 2 * LEASE)
        assert row_of(connection, id).status == "unknown"
        close(connection, Outcome(id, "sent", "m1"), after=3 * LEASE)
        row = row_of(connection, id)
        assert (row.status, row.external_id, row.problem) == ("sent", "m1", None)
        assert claim(connection, after=3 * LEASE) == []


# ── addresses ───────────────────────────────────────────────────────────────────────────────────


def address(connection: Connection, contact: int, name: str, channel: str = "telegram") -> None:
    """A contact with an address."""
    add_contact(connection, contact)
    values = {
        "contact_id": contact, "channel": channel, "address": name, "state": "ok",
        "heard_at": START,
    }  # fmt: skip
    connection.execute(Address.__table__.insert().values(values))  # type: ignore[attr-defined]


def test_blocked_and_unblocked(database: Engine) -> None:
    query = select(col(Address.channel), col(Address.state)).order_by(col(Address.channel))
    with database.begin() as connection:
        address(connection, 1, "a")
        address(connection, 2, "a", "whatsapp")
        addresses.block(connection, "telegram", "a")
        states = {row[0]: row[1] for row in connection.execute(query)}
        assert states == {"telegram": "blocked", "whatsapp": "ok"}
        addresses.unblock(connection, "telegram", "a")
        states = {row[0]: row[1] for row in connection.execute(query)}
        assert states == {"telegram": "ok", "whatsapp": "ok"}


def test_who_opted_out_at_the_provider_gets_no_alerts(database: Engine) -> None:
    with database.begin() as connection:
        address(connection, 1, "a")
        address(connection, 2, "b")
        for _ in range(2):
            addresses.stop_alerts(connection, "telegram", "a", START)
        alerts = select(col(Contact.id), col(Contact.alerts)).order_by(col(Contact.id))
        assert [tuple(row) for row in connection.execute(alerts)] == [(1, "stopped"), (2, "off")]
        events = select(col(Event.contact_id), col(Event.kind), col(Event.key))
        assert [tuple(row) for row in connection.execute(events)] == [(1, "stopped", "provider")]


def test_a_moved_chat_takes_its_messages_along(database: Engine) -> None:
    with database.begin() as connection:
        address(connection, 1, "-5")
        ids = [post(connection, "-5"), post(connection, "-5")]
        addresses.move(connection, "telegram", "-5", "-1005")
        assert connection.execute(select(col(Address.address))).scalar_one() == "-1005"
        assert {row_of(connection, id).address for id in ids} == {"-1005"}


def test_a_chat_never_moves_onto_another_person(database: Engine) -> None:
    with database.begin() as connection:
        address(connection, 1, "a")
        address(connection, 2, "b")
        id = post(connection, "a")
        addresses.move(connection, "telegram", "a", "b")
        rows = connection.execute(select(col(Address.contact_id), col(Address.address))).all()
        assert sorted(map(tuple, rows)) == [(1, "a"), (2, "b")]
        assert row_of(connection, id).address == "a"


def test_at_night_nothing_goes_but_replies(database: Engine) -> None:
    """A sender that was down in the evening does not wake people; replies behind it still go."""
    with database.begin() as connection:
        reminder = post(connection, origin="reminder", priority=REMINDER)
        broadcast = post(connection, "b", origin="broadcast", priority=BROADCAST)
        operator = post(connection, priority=REMINDER)
        claims = Claims(connection.dialect)
        rooms, night = (9, 9, 9), {"unasked": False, "reminders": False}
        due = claims.claim(connection, "telegram", rooms, START, **night)
        assert [row.id for row in due] == [operator]
        close(connection, Outcome(operator, "sent"))
        late = claims.claim(connection, "telegram", rooms, START, reminders=False)
        assert [row.id for row in late] == [broadcast], "the desk may have shorter quiet hours"
        assert reminder in claim(connection)
