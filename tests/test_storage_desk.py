"""What the desk keeps of a turn: consents with their words, alerts, interest; offers shown."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from flows import appointment, appointments, my_rides
from flows.desk import TOPICS, EraseContact, NoteInterest, RecordConsent, SetAlerts
from flows.hours import Hours
from flows.privacy import NOTICE_VERSION
from flows.rides.known import filled
from flows.talk import Answers
from storage import listings
from storage.contacts import export_contact, list_contacts
from storage.desk import DatabaseDesk
from storage.models import (
    Address,
    Consent,
    Contact,
    Conversation,
    Event,
    Inbox,
    Interest,
    Listing,
    ListingText,
    Outbox,
    RideRules,
)
from storage.rides.taxi_file import read_taxi
from tests.conftest import ROOT, START, import_demo
from tests.memory_agenda import ROME
from tests.test_storage_database import KINDS, add_contact, emptied, migrated

TODAY = START.date()
DAY = timedelta(days=1)


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("desk")) as url:
        yield url


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """One transaction on an empty database, with contact 1; rolled back."""
    with emptied(url) as engine, engine.connect() as connection:
        add_contact(connection, 1)
        yield connection
        connection.rollback()


def desk(connection: Connection, agreed: str = "", contact: int = 1) -> DatabaseDesk:
    return DatabaseDesk(connection, contact, agreed, "telegram", START, ROME)


def offer(connection: Connection, id: str = "job_x", **values: Any) -> None:
    """A published job, in Italian."""
    row = {
        "id": id,
        "topic": "job",
        "organisation": "Cascina",
        "comune": "005102",
        "address": "",
        "phone": "0141 000 001",
        "email": "",
        "details": {},
        "status": "published",
        "valid_from": TODAY,
        "valid_until": TODAY,
        "checked_on": TODAY,
        "checked_by": "anna",
        "source": "phone",
    }
    connection.execute(insert(Listing).values(row | values))
    words(connection, "it", id)


def words(connection: Connection, language: str, id: str = "job_x") -> None:
    """The words of an offer in one language."""
    texts = {name: f"{name} {language}" for name in ("title", "summary", "bring", "who")}
    row = {"listing_id": id, "language": language, "made_from": {}, "reviewed_by": ""}
    connection.execute(insert(ListingText).values(row | texts))


def shown(connection: Connection, language: str = "it", today: date = TODAY) -> list[str]:
    return [row.id for row in listings.shown(connection, "job", language, today)]


# ── consents and alerts ─────────────────────────────────────────────────────────────────────────


def test_a_consent_is_kept_with_the_hash_of_its_words(connection: Connection) -> None:
    notice = "🔒 Posso tenere le tue risposte?"
    assert desk(connection).perform(RecordConsent("profile", True, notice, "it")) == "done"
    row = connection.execute(select(Consent.__table__)).one()  # type: ignore[attr-defined]
    assert dict(row._mapping) | {"id": 0} == {
        "id": 0,
        "contact_id": 1,
        "purpose": "profile",
        "given": True,
        "version": NOTICE_VERSION,
        "text_hash": hashlib.sha256(notice.encode()).hexdigest(),
        "language": "it",
        "channel": "telegram",
        "at": START,
    }


def test_every_word_on_consent_is_kept_and_the_last_one_counts(connection: Connection) -> None:
    talk = desk(connection)
    for given in (True, False, True):
        talk.perform(RecordConsent("profile", given, "words", "it"))
    talk.perform(RecordConsent("alerts", True, "others", "fr"))
    talk.perform(RecordConsent("profile", False, "words", "it"))
    given_query = select(col(Consent.purpose), col(Consent.given)).order_by(col(Consent.id))
    assert [tuple(row) for row in connection.execute(given_query)] == [
        ("profile", True),
        ("profile", False),
        ("profile", True),
        ("alerts", True),
        ("profile", False),
    ]
    assert connection.execute(select(col(Contact.agreed))).scalar_one() == "alerts"


def test_what_was_agreed_before_stays_agreed(connection: Connection) -> None:
    desk(connection, "profile").perform(RecordConsent("alerts", True, "words", "it"))
    assert connection.execute(select(col(Contact.agreed))).scalar_one() == "alerts,profile"


@pytest.mark.parametrize("state", ["on", "paused", "stopped", "off"])
def test_alerts_are_set_for_one_person(connection: Connection, state: str) -> None:
    add_contact(connection, 2, alerts="on")
    assert desk(connection).perform(SetAlerts(state)) == "done"
    query = select(col(Contact.alerts)).order_by(col(Contact.id))
    assert connection.execute(query).scalars().all() == [state, "on"]


# ── interest ────────────────────────────────────────────────────────────────────────────────────


def test_interest_twice_is_one(connection: Connection) -> None:
    offer(connection)
    for _ in range(2):
        assert desk(connection).perform(NoteInterest("job_x")) == "done"
    query = select(col(Interest.contact_id), col(Interest.listing_id), col(Interest.at))
    assert [tuple(row) for row in connection.execute(query)] == [(1, "job_x", START)]


@pytest.mark.parametrize("status", ["draft", "paused", "closed"])
def test_interest_in_what_is_gone_is_none(connection: Connection, status: str) -> None:
    offer(connection, status=status)
    assert desk(connection).perform(NoteInterest("job_x")) == "gone"
    assert desk(connection).perform(NoteInterest("no_such_offer")) == "gone"
    assert connection.execute(select(col(Interest.id))).all() == []


# ── offers ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", ["draft", "paused", "closed", "PUBLISHED", ""])
def test_only_what_is_published_is_shown(connection: Connection, status: str) -> None:
    offer(connection, status=status)
    offer(connection, "job_y")
    assert shown(connection) == ["job_y"]
    assert listings.one(connection, "job_x", "it", TODAY) is None
    assert desk(connection).listing("job_x", "it") is None


@pytest.mark.parametrize(
    ("first", "last", "visible"),
    [(0, 0, True), (-9, 9, True), (1, 9, False), (-9, -1, False), (0, 9, True), (-9, 0, True)],
)
def test_an_offer_is_shown_on_its_days(
    connection: Connection, first: int, last: int, visible: bool
) -> None:
    offer(connection, valid_from=TODAY + first * DAY, valid_until=TODAY + last * DAY)
    assert shown(connection) == (["job_x"] if visible else [])
    assert (listings.one(connection, "job_x", "it", TODAY) is not None) is visible


def test_without_a_translation_it_says_its_language(connection: Connection) -> None:
    offer(connection)
    words(connection, "fr")
    french, arabic = (listings.one(connection, "job_x", code, TODAY) for code in ("fr", "ar"))
    assert french and (french.language, french.title, french.who) == ("fr", "title fr", "who fr")
    assert arabic and (arabic.language, arabic.title, arabic.bring) == (
        "it",
        "title it",
        "bring it",
    )
    [listed] = listings.shown(connection, "job", "ar", TODAY)
    assert listed == arabic


def test_an_offer_without_its_own_words_is_not_shown(connection: Connection) -> None:
    offer(connection)
    connection.execute(update(ListingText).values(language="fr"))
    assert shown(connection, "fr") == []


def test_facts_come_back_as_they_are(connection: Connection) -> None:
    details = {"pay_min": 9.5, "hours": "mon,tue 08:00-12:00", "starts_on": "2026-12-03"}
    offer(connection, details=details, places=6, address="Via 1")
    found = listings.one(connection, "job_x", "it", TODAY)
    hours = (Hours(("mon", "tue"), "08:00", "12:00"),)
    assert found and found.details == details | {"starts_on": date(2026, 12, 3), "hours": hours}
    assert (found.places, found.address, found.valid_until) == (6, "Via 1", TODAY)


def test_a_topic_holds_its_own_offers(connection: Connection) -> None:
    offer(connection)
    offer(connection, "tra_y", topic="training")
    assert {topic: len(desk(connection).listings(topic, "it")) for topic in TOPICS} == {
        **dict.fromkeys(TOPICS, 0),
        "job": 1,
        "training": 1,
    }


def test_the_demo_offers_are_there_in_every_language(connection: Connection) -> None:
    """Whoever comes new finds something under each topic, in words of their own language."""
    count = len(import_demo(connection))
    languages = {path.parts[-3] for path in ROOT.glob("locales/*/LC_MESSAGES/messages.po")}
    assert len(languages) >= 16
    found = {}
    for language in languages:
        shelves = [desk(connection).listings(topic, language) for topic in TOPICS]
        assert min(map(len, shelves)) >= 5
        found[language] = [offer for shelf in shelves for offer in shelf]
    ids = {o.id for o in found["it"]}
    assert 40 < len(ids) <= count
    for language, offers in found.items():
        assert {o.id for o in offers} == ids
        assert {o.language for o in offers} == {language}


# ── everything of one person ────────────────────────────────────────────────────────────────────


def person(connection: Connection, id: int, address: str) -> None:
    """A contact with a row in every table that knows people."""
    add_contact(connection, id)
    tables: list[tuple[Any, dict[str, Any]]] = [
        (Address, {"channel": "telegram", "address": address, "state": "ok", "heard_at": START}),
        (Conversation, {"language": "it", "state": f'{{"who": "{address}"}}', "updated_at": START}),
        (Event, {"kind": "asked", "flow": "f", "step": "s", "key": "", "language": "it",
                 "channel": "telegram", "at": START}),
        (Outbox, {"channel": "telegram", "address": address, "body": "{}", "origin": "reply",
                  "priority": 0, "edits": "", "due_at": START, "status": "sent", "attempts": 1,
                  "hidden": 0, "created_at": START}),
    ]  # fmt: skip
    for table, row in tables:
        connection.execute(insert(table).values(contact_id=id, **row))
    connection.execute(
        insert(Inbox).values(
            channel="telegram", external_id=f"u{id}", address=address, received_at=START,
            handled_at=START, failures=0,
        )
    )  # fmt: skip
    talk = desk(connection, contact=id)
    talk.perform(RecordConsent("profile", True, "words", "it"))
    talk.perform(NoteInterest("job_x"))


def test_everything_of_one_person_and_of_no_other(connection: Connection) -> None:
    offer(connection)
    person(connection, 5, "anna")
    person(connection, 6, "bilal")
    kept = export_contact(connection, 5)
    assert kept is not None
    assert kept["contact"]["id"] == 5 and kept["conversation"]["state"] == {"who": "anna"}
    parts = ("addresses", "consents", "interests", "outcomes", "messages_sent")
    assert {part: len(kept[part]) for part in parts} == dict.fromkeys(parts, 1)
    assert [event["kind"] for event in kept["events"]] == ["asked", "outcome"]
    text = json.dumps(kept, default=str)
    assert "anna" in text and "bilal" not in text
    assert export_contact(connection, 99) is None


def test_who_wrote_last_comes_first(connection: Connection) -> None:
    offer(connection)
    person(connection, 5, "anna")
    person(connection, 6, "bilal")
    later = update(Address).where(col(Address.contact_id) == 5).values(heard_at=START + DAY)
    connection.execute(later)
    rows = list_contacts(connection, 10)
    assert [row["id"] for row in rows] == [5, 6]
    assert [row["id"] for row in list_contacts(connection, 1)] == [5]
    assert rows[0]["agreed"] == "profile" and rows[0]["language"] == "it"
    assert "anna" not in str(rows)


def test_erasing_leaves_facts_without_the_person(connection: Connection) -> None:
    offer(connection)
    person(connection, 5, "anna")
    person(connection, 6, "bilal")
    talk = desk(connection, contact=5)
    assert not talk.erased
    assert talk.perform(EraseContact()) == "done"
    assert talk.erased
    assert export_contact(connection, 5) is None
    other = export_contact(connection, 6)
    assert other and len(other["events"]) == 2 and len(other["addresses"]) == 1
    events = connection.execute(select(col(Event.contact_id)).order_by(col(Event.id))).scalars()
    assert list(events) == [None, None, 6, 6]
    inbox = select(col(Inbox.external_id), col(Inbox.address)).order_by(col(Inbox.id))
    assert [tuple(row) for row in connection.execute(inbox)] == [("u5", ""), ("u6", "bilal")]
    for table in (Address, Conversation, Consent, Interest, Outbox):
        ids = connection.execute(select(col(table.contact_id))).scalars().all()
        assert ids == [6], table


# ── numbers in links ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", ["9" * 19, "9" * 40, "٧", "-1", "1e3", ""])
@pytest.mark.parametrize(
    ("begin", "argument"),
    [
        (my_rides.begin, "cancel_{}"),
        (appointments.begin, "cancel_{}"),
        (appointments.begin_earlier, "yes_{}"),
        (appointment.begin, "move_{}"),
    ],
)
def test_what_no_database_can_count_is_no_number(
    begin: Callable[[str, Answers], Answers], argument: str, number: str
) -> None:
    """SQLite raises OverflowError, PostgreSQL ends the transaction: a crafted link broke a turn."""
    found = begin(argument.format(number), Answers())
    assert not ({"which", "moves"} & found.keys()) and found.get("number", "0") == "0"


def test_a_ride_with_such_a_number_is_not_looked_for(connection: Connection) -> None:
    talk = SimpleNamespace(answers=Answers(about="back", which="9" * 30), desk=desk(connection))
    connection.execute(insert(RideRules).values(**read_taxi(ROOT / "content" / "rides.yaml")))
    assert filled(talk) == {}  # type: ignore[arg-type]
