"""What goes by the clock: as the schedule says, as the dry run counted, and each once."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlmodel import col

from bot.channel import Received
from bot.forgetting import TOLD, Forgetting, resting
from bot.runtime import Parts
from bot.settings import Settings, WrongSettingError, load_settings
from bot.worker import Delivery, Worker
from flows.conversation import Conversation as Talked
from flows.messages import Inbound
from flows.speech import Languages
from storage.audit import By, entries, record
from storage.database import is_sqlite
from storage.models import (
    Address,
    Appointment,
    Audit,
    Contact,
    Conversation,
    DeskTopic,
    Erasure,
    Event,
    Farewell,
    Inbox,
    Interest,
    JobRun,
    Listing,
    Notice,
    Outbox,
    Outcome,
    Ride,
    RideWish,
    SimulatorMessage,
    Ticket,
    TicketMessage,
    Unanswered,
    Waiting,
)
from storage.models import (
    Run as Drive,
)
from storage.recycled import let_go
from storage.retention import people, sweeping
from storage.retention.lines import lines
from storage.retention.rule import Rule
from storage.retention.schedule import INACTIVE, RULES
from tests.conftest import ROOT, START, Clock, Run
from tests.test_storage_database import KINDS, add_contact, emptied, migrated

NOW = START
DAY, LONG = timedelta(days=1), timedelta(days=3000)
AT = {"channel": "telegram", "address": "a"}


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("retention")) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with emptied(url) as engine:
        yield engine


@pytest.fixture
def forgetting(engine: Engine, languages: Languages, settings: Settings) -> Forgetting:
    return Forgetting(engine, languages, settings)


def add(connection: Connection, model: Any, **values: Any) -> None:
    row = model(**values).model_dump(exclude_none=True)
    connection.execute(insert(model.__table__), [row])


def outbox(contact: int | None = None, **values: Any) -> dict[str, Any]:
    row = {"body": "{}", "origin": "reply", "due_at": NOW, "created_at": NOW, "contact_id": contact}
    return AT | row | values


def ride(contact: int | None, at: datetime, run: int) -> dict[str, Any]:
    times = dict.fromkeys(("wanted_at", "leaves_at", "created_at", "answer_by", "closed_at"), at)
    return {"contact_id": contact, "origin": "x", "destination": "y", "run_id": run} | times


def appointment(contact: int | None, at: datetime, status: str = "attended") -> dict[str, Any]:
    desk = {"place": "x", "colleague": "y", "room": 1, "topic": "job", "status": status}
    return {"contact_id": contact, "starts_at": at, "ends_at": at, "created_at": at} | desk


def fill(connection: Connection, n: int, at: datetime) -> None:
    """A row for each rule, of that moment; ``n`` tells them apart."""
    add_contact(connection, n)
    facts = {"contact_id": n, "at": at}
    listing = {"id": f"l{n}", "topic": "job", "organisation": "o", "comune": "c", "phone": "1"}
    dates = dict.fromkeys(("valid_from", "valid_until", "checked_on"), at.date())
    rest = {"status": "closed", "checked_by": "a", "source": "s"}
    add(connection, Listing, **listing, **dates, **rest)
    add(connection, Inbox, **AT, external_id=f"i{n}", received_at=at, handled_at=at)
    add(connection, SimulatorMessage, chat="c", sender="person", text="t", at=at)
    add(connection, Unanswered, **facts, language="it", intent="", comune="", text="t")
    add(connection, Drive, id=n, car=1)
    add(connection, Ride, **ride(n, at, n))
    wish = {"origin": "o", "destination": "d", "day": at.date(), "reason": "full"}
    add(connection, RideWish, **facts, **wish)
    add(connection, Appointment, **appointment(n, at))
    waiting = {"topic": "job", "created_at": at, "closed_at": at}
    add(connection, Waiting, contact_id=n, **waiting)
    add(connection, Interest, **facts, listing_id=f"l{n}")
    add(connection, Outcome, contact_id=n, listing_id=f"l{n}", topic="job", said_at=at)
    add(connection, Audit, at=at, operator="anna", action="look at", subject="contact:1")
    add(connection, Event, kind="asked", at=at)
    add(connection, JobRun, job="digest", day=at.date(), at=at)
    add(connection, Erasure, contact=n, at=at)
    for id, kind in ((n, "person"), (n + 1000, "digest")):
        add(connection, Notice, id=id, at=at, kind=kind, text="t", closed_at=at, closed_by="a")
    moments = {"opened_at": at, "heard_at": at, "closed_at": at}
    add(connection, Ticket, id=n, contact_id=n, reason="asked", urgency=2, listens=False, **moments)
    add(connection, Outbox, id=n, **outbox(n, closed_at=at, status="sent"))
    add(connection, TicketMessage, ticket_id=n, at=at, author="person", text="t", letter_id=n)
    add(connection, DeskTopic, contact_id=n, chat="-1", thread=n)


def total(engine: Engine, *models: Any) -> list[int]:
    with engine.begin() as connection:
        count = select(func.count())
        return [connection.execute(count.select_from(m.__table__)).scalar_one() for m in models]


ALL = (Inbox, SimulatorMessage, Unanswered, Ride, Drive, RideWish, Waiting, Interest, Outcome,
       Audit, Event, JobRun, Erasure, Notice, Ticket, Outbox, TicketMessage, DeskTopic)  # fmt: skip


# ── the schedule ────────────────────────────────────────────────────────────────────────────────


def test_a_run_takes_what_the_dry_run_counted(engine: Engine, forgetting: Forgetting) -> None:
    with engine.begin() as connection:
        for n in range(1, 4):
            fill(connection, n, NOW - LONG + n * DAY)
        fill(connection, 9, NOW - timedelta(hours=1))
        # of an ended ticket, a letter that was sent later than the rest
        add(connection, Outbox, id=50, **outbox(1, closed_at=NOW - DAY, status="sent"))
        add(connection, TicketMessage, ticket_id=1, at=NOW, author="note", text="t", letter_id=50)
    before = total(engine, *ALL)
    counted = forgetting.dry_run(NOW)
    assert total(engine, *ALL) == before
    assert all(counted[rule.key] >= 3 for rule in RULES), counted
    assert forgetting.run(NOW) == counted
    left = dict(zip(ALL, total(engine, *ALL), strict=True))
    assert left.pop(Outbox) == 1 + 3  # and the letters that delete the topics
    assert left.pop(Notice) == 2 + 3  # those of the tickets, which went before
    assert set(left.values()) == {1}
    again = forgetting.run(NOW)
    assert again.pop("notices") == 3 and not any(again.values())
    with engine.begin() as connection:
        who = connection.execute(select(col(Appointment.contact_id))).scalars().all()
    assert sorted(who, key=str) == [9, None, None, None]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_nothing_goes_before_its_time(engine: Engine, rule: Rule) -> None:
    assert rule.keep is not None
    with engine.begin() as connection:
        fill(connection, 1, NOW - rule.keep + timedelta(minutes=1))
        assert sweeping.count(connection, rule, NOW) == 0


def test_a_transaction_is_small_and_the_rest_has_its_turn(
    engine: Engine, forgetting: Forgetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        for n in range(5):
            add(connection, Inbox, **AT, external_id=str(n), received_at=NOW, handled_at=NOW - LONG)
        rule = next(rule for rule in RULES if rule.key == "deliveries")
        done = [sweeping.sweep(connection, rule, NOW, batch=2) for _ in range(4)]
    assert done == [2, 2, 1, 0]


def test_an_unsent_letter_keeps_the_words_of_its_ticket(engine: Engine) -> None:
    rule = next(rule for rule in RULES if rule.key == "ticket_words")
    with engine.begin() as connection:
        fill(connection, 1, NOW - LONG)
        connection.execute(update(Outbox).values(closed_at=None, status="queued"))
        assert sweeping.count(connection, rule, NOW) == 1  # the topic


def test_a_work_rests_when_it_has_found_nothing() -> None:
    asked: list[datetime] = []

    def do(now: datetime) -> int:
        asked.append(now)
        return len(asked) % 2  # something, nothing, something …

    work = resting(timedelta(minutes=10), do)
    for minutes in (0, 1, 2, 5, 11, 12, -60):
        work(NOW + timedelta(minutes=minutes))
    assert [(at - NOW) // timedelta(minutes=1) for at in asked] == [0, 1, 11, 12, -60]


def test_the_docs_have_the_schedule() -> None:
    docs = (ROOT / "docs" / "privacy" / "retention.md").read_text(encoding="utf-8")
    for key, what, kept, since, why in lines(24):
        assert f"| `{key}` | {what} | {kept} | {since} | {why} |" in docs


# ── people who do not write any more ────────────────────────────────────────────────────────────

SILENT = timedelta(days=740)


def person(
    connection: Connection, id: int, silent: timedelta = SILENT, channel: str = "telegram"
) -> None:
    add_contact(connection, id)
    at = NOW - silent
    add(connection, Address, contact_id=id, channel=channel, address=f"p{id}", heard_at=at)
    state = json.dumps(Talked(language="fr").to_json())
    add(connection, Conversation, contact_id=id, language="fr", state=state, updated_at=at)


def letters(engine: Engine) -> dict[int | None, str]:
    with engine.begin() as connection:
        rows = connection.execute(select(col(Outbox.contact_id), col(Outbox.body)))
        return {row[0]: json.loads(row[1])["text"] for row in rows}


def everybody(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        return list(connection.scalars(select(col(Contact.id)).order_by(col(Contact.id))))


def test_told_four_weeks_before_in_their_language_then_erased(
    engine: Engine, forgetting: Forgetting
) -> None:
    with engine.begin() as connection:
        person(connection, 1)
        person(connection, 2, timedelta(days=600))
    assert forgetting.dry_run(NOW)[TOLD] == 1
    assert forgetting.run(NOW)[TOLD] == 1
    told = letters(engine)
    assert list(told) == [1] and "si vous n'écrivez pas avant le 21" in told[1].lower()
    for days in (1, 27):
        done = forgetting.run(NOW + timedelta(days=days))
        assert (done[TOLD], done[INACTIVE.key]) == (0, 0)
    assert forgetting.dry_run(NOW + timedelta(days=28))[INACTIVE.key] == 1
    assert forgetting.run(NOW + timedelta(days=28))[INACTIVE.key] == 1
    assert everybody(engine) == [2]
    with engine.begin() as connection:
        log = entries(connection, "contact:1")
        numbers = connection.execute(select(col(Erasure.contact))).scalars().all()
    assert [(row["operator"], row["action"]) for row in log] == [("sportello", "erase")]
    assert numbers == [1]


def test_told_in_time_not_to_be_kept_longer(engine: Engine, forgetting: Forgetting) -> None:
    """Who is told four weeks before the end of the period goes at its end."""
    with engine.begin() as connection:
        person(connection, 1, people.period(24) - people.NOTICE + DAY)
    forgetting.run(NOW)
    assert forgetting.run(NOW + people.NOTICE - DAY)[INACTIVE.key] == 0
    assert forgetting.run(NOW + people.NOTICE)[INACTIVE.key] == 1


@pytest.mark.parametrize("why", ["whatsapp", "stopped", "blocked"])
def test_not_told_where_it_is_not_safe_and_erased_all_the_same(
    engine: Engine, forgetting: Forgetting, why: str
) -> None:
    with engine.begin() as connection:
        person(connection, 1, channel="whatsapp" if why == "whatsapp" else "telegram")
        if why == "stopped":
            connection.execute(update(Contact).values(alerts="stopped"))
        if why == "blocked":
            connection.execute(update(Address).values(state="blocked"))
    assert forgetting.run(NOW)[TOLD] == 1
    assert letters(engine) == {}
    assert forgetting.run(NOW + people.NOTICE)[INACTIVE.key] == 1


def test_others_who_write_change_nothing(engine: Engine, forgetting: Forgetting) -> None:
    with engine.begin() as connection:
        person(connection, 1)
        person(connection, 2, -10 * DAY)
    assert forgetting.run(NOW)[TOLD] == 1
    assert forgetting.dry_run(NOW + DAY)[TOLD] == 0, "told once, whoever wrote since"
    assert forgetting.dry_run(NOW + people.NOTICE)[INACTIVE.key] == 1


def test_whose_number_is_somebody_elses_now_is_kept_as_long_as_anybody(
    engine: Engine, forgetting: Forgetting
) -> None:
    with engine.begin() as connection:
        for id, silent in ((1, timedelta(days=60)), (2, SILENT)):
            person(connection, id, silent, "whatsapp")
            let_go(connection, id, "whatsapp", NOW)
        connection.execute(update(Contact).values(created_at=NOW - 2 * SILENT))
    forgetting.run(NOW)
    forgetting.run(NOW + people.NOTICE)
    assert everybody(engine) == [1]


def _open_things(connection: Connection, what: str, id: int) -> None:
    match what:
        case "appointment":
            add(connection, Appointment, **appointment(id, NOW + 90 * DAY, "booked"))
        case "ride":
            add(connection, Drive, id=id, car=1)
            add(connection, Ride, **ride(id, NOW + 90 * DAY, id) | {"closed_at": None})
        case "ticket":
            add(connection, Notice, id=id, at=NOW, kind="person", text="t")
            ticket = {"id": id, "reason": "asked", "urgency": 2, "listens": True}
            add(connection, Ticket, contact_id=id, **ticket, opened_at=NOW, heard_at=NOW)


@pytest.mark.parametrize("what", ["appointment", "ride", "ticket"])
def test_nobody_goes_while_something_is_open(
    engine: Engine, forgetting: Forgetting, what: str
) -> None:
    with engine.begin() as connection:
        person(connection, 1)
        person(connection, 2)
    forgetting.run(NOW)
    with engine.begin() as connection:
        _open_things(connection, what, 1)
    later = NOW + people.NOTICE
    assert forgetting.dry_run(later)[INACTIVE.key] == 1
    forgetting.run(later)
    assert everybody(engine) == [1]


@pytest.mark.parametrize("what", ["appointment", "ride", "ticket"])
def test_who_was_dealt_with_by_telephone_begins_anew(
    engine: Engine, forgetting: Forgetting, what: str
) -> None:
    """They never wrote again, and were told long ago: told anew before they go."""
    over = NOW + 90 * DAY
    with engine.begin() as connection:
        person(connection, 1)
    forgetting.run(NOW)
    with engine.begin() as connection:
        _open_things(connection, what, 1)
        if what != "appointment":
            done = Ride if what == "ride" else Ticket
            connection.execute(update(done).values(closed_at=over))
    days = count(1, 20)
    while not forgetting.run(at := over + next(days) * DAY)[TOLD]:
        assert everybody(engine) == [1]
        assert at < over + people.period(24)
    assert forgetting.run(at + people.NOTICE - DAY)[INACTIVE.key] == 0
    assert forgetting.run(at + people.NOTICE)[INACTIVE.key] == 1


def test_who_was_at_the_desk_begins_anew(engine: Engine, forgetting: Forgetting) -> None:
    """An operator wrote down what they said; of somebody else one only looked."""
    at = NOW + DAY
    with engine.begin() as connection:
        for id in (1, 2, 3):
            person(connection, id)
    forgetting.run(NOW)
    with engine.begin() as connection:
        for id, action in ((1, "correct"), (2, "note outcome"), (3, "look at")):
            record(connection, By("anna", at), action, [(f"contact:{id}", None, None)])
    assert forgetting.run(NOW + people.NOTICE)[INACTIVE.key] == 1
    assert everybody(engine) == [1, 2]
    again = at + people.period(24) - people.NOTICE + DAY
    assert forgetting.run(again)[TOLD] == 2
    assert forgetting.run(again + people.NOTICE)[INACTIVE.key] == 2


def test_one_tap_keeps_everything(
    engine: Engine, forgetting: Forgetting, parts: Parts, clock: Clock
) -> None:
    with engine.begin() as connection:
        person(connection, 1)
    forgetting.run(NOW)
    clock.pass_time(days=27)
    worker = Worker(engine, parts.flows, parts.settings.zone, clock)
    worker.take([Delivery(Received("telegram", "m1", "p1", Inbound(tap="go:keep")))])
    with engine.begin() as connection:
        query = select(col(Outbox.body)).where(col(Outbox.origin) == "reply")
        assert "✅" in connection.execute(query).scalar_one()
    later = NOW + 40 * DAY
    assert forgetting.run(later)[INACTIVE.key] == 0 and everybody(engine) == [1]
    assert forgetting.run(later)[TOLD] == 0
    much_later = later + timedelta(days=735)
    assert forgetting.run(much_later)[TOLD] == 1  # and then anew


def writing(forgetting: Forgetting, connection: Connection) -> people.Tell:
    def write(contact: int, channel: str, address: str, until: datetime) -> None:
        forgetting._write(connection, contact, channel, address, until, NOW)

    return write


def _held_open(engine: Engine, forgetting: Forgetting, meanwhile: Any) -> None:
    """Tell in a transaction that stays open while ``meanwhile`` runs beside it."""
    told, go_on = Signal(), Signal()

    def first() -> None:
        with engine.begin() as connection:
            people.tell(connection, NOW, people.period(24), writing(forgetting, connection))
            told.set()
            go_on.wait(5)

    thread = Thread(target=first)
    thread.start()
    assert told.wait(5)
    other = Thread(target=meanwhile)
    other.start()
    go_on.set()
    thread.join(10)
    other.join(10)


def test_two_schedulers_tell_once(engine: Engine, forgetting: Forgetting) -> None:
    with engine.begin() as connection:
        person(connection, 1)
    _held_open(engine, forgetting, lambda: forgetting.run(NOW))
    assert total(engine, Outbox, Farewell) == [1, 1]


def test_without_the_claim_they_would_be_told_twice(
    engine: Engine, forgetting: Forgetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch: whoever has read that nobody was told yet writes."""
    real = people._claim
    monkeypatch.setattr(people, "_claim", lambda *given: real(*given) or True)
    with engine.begin() as connection:
        person(connection, 1)
    found = people.to_tell(NOW, people.period(24))
    with engine.begin() as connection:
        [id] = connection.execute(found).scalars()
        monkeypatch.setattr(people, "to_tell", lambda *_: select(col(Contact.id)))
        write = writing(forgetting, connection)
        people.tell(connection, NOW, people.period(24), write)
        people.tell(connection, NOW, people.period(24), write)
    assert id == 1 and total(engine, Outbox) == [2]


def test_who_is_just_writing_is_not_erased(engine: Engine, forgetting: Forgetting) -> None:
    if is_sqlite(engine):
        pytest.skip("SQLite has one writer")
    with engine.begin() as connection:
        person(connection, 1)
    forgetting.run(NOW)
    later = NOW + people.NOTICE
    with engine.begin() as turn:  # it has written down that they were heard, and is not done yet
        turn.execute(update(Address).values(heard_at=later))
        assert forgetting.run(later)[INACTIVE.key] == 0
    assert forgetting.run(later)[INACTIVE.key] == 0
    assert everybody(engine) == [1]


# ── by the command line ─────────────────────────────────────────────────────────────────────────


def test_the_commands(run: Run, database_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database_file}")
    shown = run.json("retention", "show", "--json")
    assert shown[0]["kept"] == "24 months" and len(shown) == len(RULES) + 3
    assert "messages_sent" in run("retention", "show")
    due = run.json("retention", "dry-run", "--json")
    assert run.json("retention", "run", "--json") == due
    monkeypatch.setenv("INACTIVE_MONTHS", "5")
    with pytest.raises(WrongSettingError, match="INACTIVE_MONTHS"):
        load_settings()
