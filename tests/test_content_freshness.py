"""Freshness: what needs care, the weekly digest, and asking whoever answers for an offer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, select, text
from sqlmodel import col

from bot.chores import Chores, digest
from bot.runtime import Parts
from bot.terminal import Dialogue
from bot.worker import Worker
from flows.messages import Inbound
from storage.audit import By, entries
from storage.content import providers
from storage.content.freshness import Finding, callable_number, findings
from storage.content.records import load, save
from storage.models import Address, Conversation, Inbox, Outbox
from storage.notices import close, notices
from tests.conftest import START, Clock

TODAY = START.date()
BY = By("anna", START)
JOB = "job_harvest_cortandone"


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def edit(connection: Connection, id: str = JOB, **values: str) -> None:
    save(connection, [load(connection, [id])[id] | values], BY, "edit", TODAY)


def found(connection: Connection, id: str = JOB) -> set[str]:
    return {finding.kind for finding in findings(connection, TODAY) if finding.offer == id}


# ── check ───────────────────────────────────────────────────────────────────────────────────────


def test_a_fresh_offer_needs_nothing(connection: Connection) -> None:
    assert found(connection) == set()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"valid_from": "2026-01-01", "valid_until": "2026-11-22"}, "ended"),
        ({"valid_until": "2026-11-23"}, "ends"),
        ({"valid_until": "2026-12-07"}, "ends"),
        ({"valid_until": "2026-12-08"}, ""),
        ({"checked_on": "2026-10-23"}, "unchecked"),
        ({"checked_on": "2026-10-24"}, ""),
        ({"phone": "0141"}, "phone"),
        ({"phone": "chiedere al bar"}, "phone"),
        ({"phone": "+39 333 1234567"}, ""),
    ],
)
def test_what_needs_care_is_found(
    connection: Connection, values: dict[str, str], kind: str
) -> None:
    edit(connection, **values)
    assert found(connection) == ({kind} if kind else set())
    edit(connection, status="paused")
    assert found(connection) == set()


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("0141 000 011", True),
        ("333 1234567", True),
        ("800 123456", True),
        ("+39 0141 000011", True),
        ("+212 612 345678", True),
        ("141000011", False),
        ("+39 141 000011", False),
        ("112", False),
        ("", False),
    ],
)
def test_a_number_one_can_call(number: str, right: bool) -> None:
    assert callable_number(number) is right


def test_the_same_offer_twice_is_found(connection: Connection) -> None:
    job = load(connection, [JOB])[JOB]
    save(
        connection,
        [job | {"id": "job_again", "title": "Raccolta uva e nocciole"}],
        BY,
        "add",
        TODAY,
    )
    assert found(connection, "job_again") | found(connection) == {"twice"}


def speaker(connection: Connection, contact: int, language: str, comune: str) -> None:
    """Somebody of a comune who uses a language with us."""
    connection.execute(text(f"INSERT INTO contact VALUES ({contact}, 'on', '', 0)"))
    state = json.dumps({"language": language, "profile": {"comune": comune}})
    row = Conversation(contact_id=contact, language=language, state=state, updated_at=START)
    connection.execute(insert(Conversation), [row.model_dump()])


def test_only_languages_that_are_spoken_there_are_asked_for(connection: Connection) -> None:
    comune = load(connection, [JOB])[JOB]["comune"]
    speaker(connection, 1, "fr", comune)
    speaker(connection, 2, "eo", comune)
    assert found(connection) == {"language:eo"}
    edit(connection, summary="Altro.")
    assert found(connection) == {"language:eo", "language:fr"}
    assert not any(
        f.kind.startswith("language")
        for f in findings(connection, TODAY)
        if f.offer == "tra_social_taxi"
    )


# ── the weekly digest ───────────────────────────────────────────────────────────────────────────


def test_the_digest_counts_in_words(parts: Parts) -> None:
    two = [Finding("a", "ends", ""), Finding("b", "ends", ""), Finding("c", "language:fr", "")]
    said = digest(two, parts.languages["it"])
    assert said.splitlines()[1:] == [
        "2 offerte finiscono presto",
        "1 offerta non ha una traduzione aggiornata",
    ]
    assert "tutto in ordine" in digest([], parts.languages["it"])


def chores(parts: Parts, chat: str = "-100123") -> Chores:
    return Chores(parts.languages["it"], parts.settings.zone, chat)


def digests(connection: Connection) -> int:
    return sum(notice["kind"] == "digest" for notice in notices(connection, closed=True))


def test_the_digest_comes_once_a_week_and_catches_up_once(
    parts: Parts, connection: Connection
) -> None:
    monday = datetime(2026, 11, 30, 6, 59, tzinfo=UTC)  # 7:59 in Rome
    work = chores(parts)
    for moment, expected in [
        (monday, 0),
        (monday + timedelta(minutes=1), 1),
        (monday + timedelta(hours=5), 1),
        (monday + timedelta(days=6), 1),
        (monday + timedelta(days=10), 2),  # the machine was off on the Monday
        (monday + timedelta(days=10, hours=1), 2),
    ]:
        work.run(connection, moment)
        assert digests(connection) == expected, moment
    o = Outbox
    sent = connection.execute(select(col(o.channel), col(o.address), col(o.origin), col(o.status)))
    assert [tuple(row) for row in sent] == [("operators", "-100123", "operator", "queued")] * 2
    [first, *_] = notices(connection)
    assert close(connection, first["id"], BY) and not close(connection, first["id"], BY)


# ── asking ──────────────────────────────────────────────────────────────────────────────────────


class Owner:
    """Somebody who answers for the job, with a chat of their own."""

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self.parts, self.clock = parts, clock
        self.chat = Dialogue(parts, "owner")
        self.chat.say(Inbound("ciao"))
        self.chat.say(Inbound("français"))
        with parts.engine.begin() as connection:
            [contact] = connection.execute(select(col(Address.contact_id))).scalars()
            assert providers.set_provider(connection, JOB, contact, BY)
            edit(connection, JOB, checked_on=TODAY.isoformat(), valid_until="2027-06-30")

    def days_pass(self, days: int) -> None:
        self.clock.pass_time(days=days, hours=1)
        with self.parts.engine.begin() as connection:
            chores(self.parts, "").run(connection, self.clock())
        Worker(
            self.parts.engine, self.parts.flows, self.parts.settings.zone, self.clock
        ).take_waiting()

    def read(self) -> str:
        """What waits in the outbox for them."""
        return "\n".join(letter.text for letter in self.chat._send())

    @property
    def offer(self) -> dict[str, object]:
        with self.parts.engine.begin() as connection:
            return load(connection, [JOB])[JOB]

    @property
    def notices(self) -> list[str]:
        with self.parts.engine.begin() as connection:
            return [n["kind"] for n in notices(connection) if n["kind"] != "digest"]


@pytest.fixture
def owner(parts: Parts, clock: Clock) -> Owner:
    return Owner(parts, clock)


@pytest.mark.parametrize(
    ("typed", "status", "confirmed", "told", "thanks"),
    [
        ("1", "published", True, [], "confirmer"),
        ("2", "closed", False, [], "ne verra plus"),
        ("3", "paused", False, ["changed"], "ce qui a changé"),
    ],
)
def test_the_answer_brings_the_offer_up_to_date(
    owner: Owner, typed: str, status: str, confirmed: bool, told: list[str], thanks: str
) -> None:
    owner.days_pass(13)
    assert owner.read() == ""
    owner.days_pass(1)
    assert "toujours valable" in owner.read() and owner.read() == ""
    owner.days_pass(1)
    assert owner.read() == ""  # asked once
    [reply], _ = owner.chat.say(Inbound(typed))
    assert thanks in reply.text
    assert owner.offer["status"] == status
    assert (owner.offer["checked_on"] > TODAY.isoformat()) is confirmed  # type: ignore[operator]
    assert owner.notices == told


def test_silence_pauses_the_offer_and_tells_the_operators(owner: Owner) -> None:
    owner.days_pass(14)
    assert "toujours valable" in owner.read()
    owner.days_pass(4)
    assert owner.offer["status"] == "paused" and owner.notices == ["silent"]
    with owner.parts.engine.begin() as connection:
        [last, *_] = entries(connection, f"offer:{JOB}")
    assert (last["operator"], last["action"]) == ("sportello", "pause")


def test_a_provider_is_asked_about_one_offer_at_a_time(owner: Owner) -> None:
    other = "job_welder_villanova"
    with owner.parts.engine.begin() as connection:
        [contact] = connection.execute(select(col(Address.contact_id))).scalars()
        assert providers.set_provider(connection, other, contact, BY)
        edit(connection, other, checked_on=TODAY.isoformat(), valid_until="2027-06-30")
    owner.days_pass(14)
    assert owner.read().count("toujours valable") == 1
    owner.chat.say(Inbound("1"))
    owner.days_pass(1)
    assert owner.read().count("toujours valable") == 1


def test_what_an_operator_does_settles_the_question(owner: Owner) -> None:
    owner.days_pass(14)
    owner.read()
    with owner.parts.engine.begin() as connection:
        edit(connection, JOB, checked_on="2026-12-07")
    owner.days_pass(5)
    assert owner.offer["status"] == "published" and owner.notices == []


def test_what_was_closed_meanwhile_is_not_confirmed(owner: Owner) -> None:
    owner.days_pass(14)
    owner.read()
    with owner.parts.engine.begin() as connection:
        edit(connection, JOB, status="closed")
    [reply], _ = owner.chat.say(Inbound("1"))
    assert "n'existe plus" in reply.text and owner.offer["status"] == "closed"


def test_the_question_opens_no_window_and_is_no_reply(owner: Owner) -> None:
    with owner.parts.engine.begin() as connection:
        before = connection.execute(select(col(Address.heard_at))).scalar_one()
    owner.days_pass(14)
    with owner.parts.engine.begin() as connection:
        assert connection.execute(select(col(Address.heard_at))).scalar_one() == before
        o = Outbox
        query = select(col(o.origin), col(o.priority)).where(col(o.status) == "queued")
        assert connection.execute(query).all() == [("reminder", 1)]
        assert connection.execute(select(col(Inbox.body))).scalars().all()[-1] is None


def test_who_stopped_is_not_asked(owner: Owner) -> None:
    owner.chat.say(Inbound("STOP"))
    owner.days_pass(20)
    assert owner.read() == ""


def test_nobody_answers_for_what_is_not_theirs(owner: Owner) -> None:
    stranger = Dialogue(owner.parts, "stranger")
    stranger.say(Inbound("ciao"))
    stranger.say(Inbound("italiano"))
    [reply], _ = stranger.say(Inbound(start=f"still-{JOB}"))
    assert "non c'è più" in reply.text
    assert owner.offer["status"] == "published"
