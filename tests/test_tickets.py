"""Tickets on both databases: who is on top, what is sent, what is lost, what is kept."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, text, update
from sqlmodel import col

from bot.answering import Answering
from bot.channel import Received
from bot.runtime import Parts
from bot.worker import Delivery, Worker
from flows.messages import Inbound, Outbound
from storage import notices, outbox
from storage.audit import By, entries
from storage.claims import Claims
from storage.columns import from_ms
from storage.contacts import export_contact
from storage.database import is_sqlite
from storage.erasure import erase, scrub
from storage.models import Address, DeskTopic, Outbox, Template, Ticket, TicketMessage
from storage.outbox import Closing, Outcome
from storage.templates import save_templates
from storage.tickets import group, keeping, operators, undelivered
from storage.tickets.operators import TicketError
from tests.conftest import Clock
from tests.retention import swept
from tests.test_storage_database import KINDS, emptied, migrated

CHAT = "-1001234567890"
SECRET = "Zoltanka-Peculiar"
MADE = tuple[Any, ...]


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("tickets")) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Both databases in turn, without offers."""
    with emptied(url) as engine:
        yield engine


@dataclass
class Desk:
    """A worker, an operator, a clock; what people say and what they get."""

    parts: Parts
    clock: Clock
    chat: str = ""
    count: int = 0

    def __post_init__(self) -> None:
        self.answering = Answering(self.parts.languages, self.chat)
        self.worker = Worker(
            self.parts.engine,
            self.parts.flows,
            self.parts.settings.zone,
            self.clock,
            answering=self.answering,
        )

    @property
    def by(self) -> By:
        return By("anna", self.clock())

    def says(self, *lines: str, who: str = "a", channel: str = "telegram") -> list[str]:
        """Each line as a text, a tap (``[go:person]``); what then goes out to them."""
        for line in lines:
            self.count += 1
            self.clock.pass_time(seconds=1)
            tap = line[1:-1] if line[0] == "[" else ""
            inbound = Inbound(tap=tap) if tap else Inbound(line)
            received = Received(channel, f"m{self.count}", who, inbound)
            assert self.worker.take([Delivery(received)]) == [None]
        return self.sent(channel)

    def asks(self, who: str = "a", channel: str = "telegram", age: str = "3") -> int:
        """Somebody asks for a person; the ticket's number."""
        self.says("ciao", "[go:language-it]", who=who, channel=channel)
        self.says("[go:person]", age, who=who, channel=channel)
        return self.last

    @property
    def last(self) -> int:
        with self.parts.engine.begin() as connection:
            return int(connection.execute(select(func.max(col(Ticket.id)))).scalar_one())

    def sent(self, channel: str = "telegram", problem: str = "") -> list[str]:
        """What is due on a channel goes out, or fails; its texts."""
        texts, now = [], self.clock()
        with self.parts.engine.begin() as connection:
            while due := Claims(connection.dialect).claim(connection, channel, (9, 9, 9), now):
                for row in due:
                    said = Outbound.from_json(json.loads(row.body))
                    texts.append(row.opener or said.text)
                    status = "failed" if problem else "held" if row.opener else "sent"
                    until = from_ms(row.held_until) if status == "held" else None
                    attempt = row.attempts + 1
                    done = Outcome(row.id, status, "x", problem or None, until, attempt)
                    Closing(connection.dialect).close(connection, [done], now)
        return texts

    def reply(self, number: int, said: str = "", canned: str = "") -> Any:
        self.clock.pass_time(seconds=1)
        with self.parts.engine.begin() as connection:
            return self.answering.reply(connection, number, said, canned, self.by)

    def close(self, number: int) -> bool:
        self.clock.pass_time(seconds=1)
        with self.parts.engine.begin() as connection:
            return self.answering.close(connection, number, self.by)

    def report(self) -> None:
        with self.parts.engine.begin() as connection:
            self.answering.report_failures(connection, self.clock())

    def listed(self, *, closed: bool = False) -> list[dict[str, Any]]:
        with self.parts.engine.begin() as connection:
            return operators.listed(connection, closed=closed)

    def shown(self, number: int) -> list[dict[str, Any]]:
        with self.parts.engine.begin() as connection:
            return operators.messages(connection, number)


@pytest.fixture
def desk(parts: Parts, clock: Clock) -> Desk:
    return Desk(parts, clock)


@pytest.fixture
def with_group(parts: Parts, clock: Clock) -> Desk:
    return Desk(parts, clock, CHAT)


def count(engine: Engine, model: Any) -> int:
    with engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(model)).scalar_one())


# ── the inbox ───────────────────────────────────────────────────────────────────────────────────


def test_words_reach_the_ticket_and_the_answer_reaches_the_person(desk: Desk) -> None:
    number = desk.asks()
    assert desk.says(f"una lettera {SECRET}") and desk.says("e poi?") == []
    assert [(m["author"], m["text"]) for m in desk.shown(number)] == [
        ("person", f"una lettera {SECRET}"),
        ("person", "e poi?"),
    ]
    assert [row["state"] for row in desk.listed()] == ["waiting"]
    assert desk.reply(number, "Venga giovedì.").state == "queued"
    [said] = desk.sent()
    assert said.endswith("Venga giovedì.")
    [row] = desk.listed()
    assert (row["state"], row["assigned_to"], row["kind"]) == ("answered", "anna", "person")
    assert desk.shown(number)[-1]["status"] == "sent"
    assert desk.says("2") == [] and desk.listed()[0]["state"] == "waiting"


def test_a_minor_and_an_emergency_go_on_top_under_one_numbering(desk: Desk) -> None:
    with desk.parts.engine.begin() as connection:
        notices.add(connection, desk.by, "digest", "", "three offers end")
    usual = desk.asks("a")
    minor = desk.asks("b", age="1")
    desk.says("ciao", "[go:language-it]", "[go:answer-emergency]", who="c")
    emergency = desk.last
    rows = desk.listed()
    assert [row["id"] for row in rows] == [emergency, minor, usual, rows[-1]["id"]]
    assert [row["kind"] for row in rows] == ["emergency", "person", "person", "digest"]
    assert len({row["id"] for row in rows}) == 4


def test_an_emergency_raises_the_ticket_that_is_open(desk: Desk) -> None:
    number = desk.asks()
    desk.says("[go:answer-emergency]")
    [row] = desk.listed()
    assert (row["id"], row["kind"]) == (number, "emergency")
    desk.says("stop")  # who wants silence is not written to, but the desk still sees it
    assert [row["id"] for row in desk.listed()] == [number]
    assert desk.says("mio marito") and not desk.shown(number)


def test_of_an_emergency_no_word_is_kept_before_somebody_answers(desk: Desk) -> None:
    desk.says("ciao", "[go:language-it]", f"mio marito mi picchia {SECRET}")
    number = desk.last
    desk.says(f"xyzzy plugh {SECRET}")
    assert desk.shown(number) == []
    desk.reply(number, "Sei al sicuro adesso?")
    desk.says("sì, da mia sorella")
    assert [m["author"] for m in desk.shown(number)] == ["operator", "person"]


def test_stop_ends_the_ticket_and_a_closed_one_is_not_forced_on_anybody(desk: Desk) -> None:
    number = desk.asks()
    desk.says("stop")
    assert desk.listed() == []
    with pytest.raises(TicketError, match="no more messages"):
        desk.reply(number, "Ciao")
    assert desk.sent() == [] and desk.shown(number) == []


def test_a_reply_opens_a_closed_ticket_again_unless_there_is_another(desk: Desk) -> None:
    first = desk.asks()
    assert desk.close(first) and not desk.close(first)
    assert desk.reply(first, "Ho dimenticato una cosa").state == "queued"
    assert [row["id"] for row in desk.listed()] == [first]
    desk.close(first)
    second = desk.asks()
    assert second != first
    with pytest.raises(TicketError, match=f"open one is {second}"):
        desk.reply(first, "Ciao")


def test_who_is_told_that_it_is_over(desk: Desk) -> None:
    number = desk.asks()
    desk.reply(number, canned="come")
    desk.close(number)
    said = desk.sent()
    assert len(said) == 2 and "finita" in said[1]
    assert "robot" not in " ".join(desk.says("[go:menu]"))


def test_ready_answers_come_in_the_persons_language(desk: Desk) -> None:
    desk.says("hello", "[go:language-en]", "[go:person]", "3")
    number = desk.last
    desk.reply(number, canned="come")
    desk.reply(number, "Venga domani.")
    ready, own = desk.sent()
    assert "Please come to the desk" in ready
    assert "in Italian" in own and own.endswith("Venga domani.")
    assert "Vieni" in desk.shown(number)[0]["text"]
    with pytest.raises(TicketError, match="call_us"):
        desk.reply(number, canned="nonsense")


def test_every_action_is_in_the_audit_without_the_words(desk: Desk) -> None:
    number = desk.asks()
    desk.reply(number, f"Risposta {SECRET}")
    with desk.parts.engine.begin() as connection:
        operators.note(connection, number, f"Nota {SECRET}", desk.by)
        operators.assign(connection, number, "bruno", desk.by)
    desk.close(number)
    with desk.parts.engine.begin() as connection:
        rows = entries(connection, f"ticket:{number}")
    actions = [row["action"] for row in reversed(rows)]
    assert actions == ["inbox reply", "inbox note", "inbox assign", "inbox close"]
    assert {row["operator"] for row in rows} == {"anna"} and SECRET not in str(rows)


def test_the_wait_is_told_when_enough_people_waited(desk: Desk) -> None:
    for one in range(5):
        number = desk.asks(f"p{one}")
        assert "Di recente" not in " ".join(desk.says("[go:person]", who=f"p{one}"))
        desk.clock.pass_time(minutes=100)
        desk.reply(number, "Sì")
    desk.sent()
    desk.says("ciao", "[go:language-it]", "[go:person]", who="z")
    assert "entro 2 ore" in desk.says("3", who="z")[-1]


# ── what does not arrive ────────────────────────────────────────────────────────────────────────


def test_what_fails_is_shown_with_its_reason_and_told_in_the_topic_once(with_group: Desk) -> None:
    desk = with_group
    number = desk.asks()
    desk.sent("operators")
    desk.reply(number, "Venga domani.")
    desk.sent(problem="rejected")
    desk.report()
    desk.report()
    told = desk.sent("operators")
    assert len(told) == 1 and "Venga domani." in told[0] and "rejected" in told[0]
    [shown] = [m for m in desk.shown(number) if m["author"] == "operator"]
    assert (shown["status"], shown["problem"], shown["text"]) == (
        "failed",
        "rejected",
        "Venga domani.",
    )
    assert desk.listed()[0]["state"] == "failed"
    with desk.parts.engine.begin() as connection:
        connection.execute(Outbox.__table__.delete())  # type: ignore[attr-defined]
    assert desk.shown(number)[-1]["status"] == "failed"  # also when the row is gone


def test_who_has_blocked_us_gets_nothing_and_the_words_stay(desk: Desk) -> None:
    number = desk.asks()
    with desk.parts.engine.begin() as connection:
        connection.execute(update(Address).values(state="blocked"))
    assert desk.reply(number, "Ciao").state == "unreachable"
    assert desk.shown(number)[-1]["problem"] == "unreachable" and desk.sent() == []
    assert desk.listed()[0]["state"] == "failed"


# ── WhatsApp's window ───────────────────────────────────────────────────────────────────────────


def approve(desk: Desk) -> None:
    with desk.parts.engine.begin() as connection:
        word = Template(name="answer_waiting_it", sid="HX1", language="it", approval="approved")
        save_templates(connection, [word])


def told(desk: Desk, number: int) -> bool:
    with desk.parts.engine.begin() as connection:
        return undelivered.was_told(connection, number)


def tidy_up(desk: Desk) -> None:
    with desk.parts.engine.begin() as connection:
        keeping.close_silent(connection, desk.clock())
        swept(connection, desk.clock(), "ticket_words", "tickets")


def late(desk: Desk) -> int:
    number = desk.asks("+39", "whatsapp")
    desk.clock.pass_time(hours=25)
    return number


def test_after_a_day_the_answer_waits_and_goes_out_first_when_they_write(desk: Desk) -> None:
    number = late(desk)
    result = desk.reply(number, "Venga domani.")
    assert (result.state, result.told) == ("held", False)
    assert desk.sent("whatsapp") == []
    desk.report()
    assert desk.shown(number)[-1]["status"] == "held"
    answer = desk.says("[go:menu]", who="+39", channel="whatsapp")
    assert answer[0].endswith("Venga domani.") and len(answer) == 2
    assert desk.shown(number)[-1]["status"] == "sent"


def test_the_template_says_once_that_an_answer_waits(desk: Desk) -> None:
    approve(desk)
    number = late(desk)
    assert desk.reply(number, "Venga domani.").told and desk.reply(number, "Alle 10.").told
    assert desk.sent("whatsapp") == ["answer_waiting"] and told(desk, number)
    assert [t.rpartition("\n")[2] for t in desk.says("ciao", who="+39", channel="whatsapp")][
        :2
    ] == [
        "Venga domani.",
        "Alle 10.",
    ]


def test_a_template_that_is_refused_is_not_tried_for_ever(desk: Desk) -> None:
    approve(desk)
    number = late(desk)
    assert desk.reply(number, "Venga domani.").told
    for tries in (1, 1, 0, 0):
        assert len(desk.sent("whatsapp", problem="window_closed")) == tries
        desk.report()
    assert not told(desk, number)
    assert [m["status"] for m in desk.shown(number)] == ["held"]
    assert desk.says("ciao", who="+39", channel="whatsapp")[0].endswith("Venga domani.")


def test_who_could_not_be_told_is_told_once_the_template_is_approved(desk: Desk) -> None:
    number = late(desk)
    desk.reply(number, "Venga domani.")
    desk.sent("whatsapp")
    desk.report()
    assert not told(desk, number)
    approve(desk)
    desk.reply(number, "Alle 10.")
    assert desk.sent("whatsapp") == ["answer_waiting"] and told(desk, number)


def test_an_answer_waits_for_a_month_also_when_the_ticket_is_closed(desk: Desk) -> None:
    approve(desk)
    number = late(desk)
    desk.reply(number, "Venga domani.")
    desk.sent("whatsapp")
    desk.close(number)
    desk.clock.pass_time(days=20)
    tidy_up(desk)
    assert [m["status"] for m in desk.shown(number)] == ["held"]
    said = desk.says("[go:person-read]", who="+39", channel="whatsapp")
    assert said[0].endswith("Venga domani.") and desk.last == number
    tidy_up(desk)
    assert desk.shown(number) == []


def test_whoever_taps_that_something_waits_opens_no_ticket(desk: Desk) -> None:
    """The opener stands for reminders and rides as well: nobody asked for a person."""
    desk.says("ciao", "[go:language-it]", who="+39", channel="whatsapp")
    [menu] = desk.says("[go:person-read]", who="+39", channel="whatsapp")
    assert "Che cosa posso fare per te?" in menu and desk.listed() == []


def test_an_answer_that_was_a_moment_too_late_is_held_too(desk: Desk) -> None:
    number = desk.asks("+39", "whatsapp")
    desk.reply(number, "Venga domani.")
    desk.sent("whatsapp", problem="window_closed")
    desk.report()
    assert desk.shown(number)[-1]["status"] == "held"
    assert desk.says("ciao", who="+39", channel="whatsapp")[0].endswith("Venga domani.")
    desk.report()
    assert [m["status"] for m in desk.shown(number) if m["author"] == "operator"] == ["sent"]


def test_a_held_answer_holds_up_nothing_else(desk: Desk) -> None:
    number = late(desk)
    desk.reply(number, "Venga domani.")
    desk.sent("whatsapp")
    desk.report()
    approve(desk)
    with desk.parts.engine.begin() as connection:
        letter = Outbox(
            channel="whatsapp",
            address="+39",
            body='{"text": "r", "language": "it", "template": "answer_waiting"}',
            origin="reminder",
            priority=1,
            due_at=desk.clock(),
            created_at=desk.clock(),
        )
        connection.execute(insert(Outbox), [letter.model_dump(exclude={"id"})])
    assert desk.sent("whatsapp") == ["r"]


# ── the group ───────────────────────────────────────────────────────────────────────────────────


def operator_says(desk: Desk, said: Inbound | str, thread: int = 7, chat: str = CHAT) -> None:
    desk.count += 1
    desk.clock.pass_time(seconds=1)
    inbound = Inbound(said) if isinstance(said, str) else said
    name = "telegram:Anna (5)"
    received = Received("operators", f"o{desk.count}", chat, inbound, thread=thread, operator=name)
    assert desk.worker.take([Delivery(received)]) == [None]


@pytest.fixture
def topic(with_group: Desk) -> int:
    number = with_group.asks()
    with with_group.parts.engine.begin() as connection:
        [contact] = connection.execute(select(col(Ticket.contact_id))).scalars()
        assert group.remember(connection, contact, CHAT, 7)
    assert str(number) in with_group.sent("operators")[0]
    return number


def test_what_is_written_in_the_topic_goes_to_the_person_and_back(
    with_group: Desk, topic: int
) -> None:
    operator_says(with_group, "Venga domani.")
    assert with_group.sent()[0].endswith("Venga domani.")
    with_group.says("va bene")
    assert with_group.sent("operators") == ["💬 va bene"]
    operator_says(with_group, "/canned come")
    assert "Vieni" in with_group.sent()[0]
    shown = with_group.shown(topic)
    assert [m["operator"] for m in shown if m["author"] == "operator"] == ["telegram:Anna (5)"] * 2


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/canned", "/canned call_us"),
        ("/canned nonsense", "/canned call_us"),
        ("/hello", "/close"),
        ("/canned@sportello_bot", "/canned call_us"),
        (Inbound(media="voice"), "testo"),
        ("x" * 3501, "3500"),
    ],
)
def test_what_is_no_answer_is_not_sent_and_the_topic_says_so(
    with_group: Desk, topic: int, said: Inbound | str, answer: str
) -> None:
    operator_says(with_group, said)
    assert with_group.sent() == [] and answer in with_group.sent("operators")[0]
    assert with_group.shown(topic) == []


def test_commands_of_the_topic(with_group: Desk, topic: int) -> None:
    operator_says(with_group, "/note Richiamare")
    operator_says(with_group, "/assign bruno")
    assert with_group.sent() == []
    assert with_group.shown(topic)[0]["author"] == "note"
    assert with_group.listed()[0]["assigned_to"] == "bruno"
    operator_says(with_group, "/close")
    assert with_group.listed() == [] and "chiusa" in with_group.sent("operators")[0]


def test_another_topic_and_another_group_reach_nobody(with_group: Desk, topic: int) -> None:
    operator_says(with_group, "Ciao", thread=8)
    operator_says(with_group, "Ciao", chat="-1009")
    assert with_group.sent() == [] and with_group.shown(topic) == []


def test_a_word_that_waits_in_the_inbox_reaches_the_person_too(
    with_group: Desk, topic: int
) -> None:
    web = Worker(
        with_group.parts.engine,
        with_group.parts.flows,
        with_group.parts.settings.zone,
        with_group.clock,
        takes_turns=False,
    )
    received = Received(
        "operators", "o9", CHAT, Inbound("Venga."), thread=7, operator="telegram:Anna (5)"
    )
    for _ in range(2):  # delivered twice
        assert web.take([Delivery(received)]) == [None]
    assert with_group.worker.take_waiting() == 1
    assert [said.rpartition("\n")[2] for said in with_group.sent()] == ["Venga."]


# ── what is kept ────────────────────────────────────────────────────────────────────────────────


def test_words_go_a_week_after_the_end_and_the_topic_with_them(
    with_group: Desk, topic: int
) -> None:
    desk, engine = with_group, with_group.parts.engine
    desk.says(f"la mia lettera {SECRET}")
    operator_says(desk, f"Risposta {SECRET}")
    desk.sent()
    desk.sent("operators")
    desk.close(topic)
    desk.sent("operators")

    desk.clock.pass_time(days=6, hours=23)
    tidy_up(desk)
    assert len(desk.shown(topic)) == 2
    desk.clock.pass_time(hours=2)
    tidy_up(desk)
    assert desk.shown(topic) == [] and count(engine, Ticket) == 1
    assert forgotten(desk) == ["forget_topic:7"] and count(engine, DeskTopic) == 0
    desk.clock.pass_time(days=90)
    tidy_up(desk)
    assert count(engine, Ticket) == 0


def forgotten(desk: Desk) -> list[str]:
    query = select(col(Outbox.about)).where(col(Outbox.origin) == "goodbye")
    with desk.parts.engine.begin() as connection:
        found = connection.execute(query).scalars()
        return [about for about in found if about]


def test_an_answered_ticket_ends_after_a_month_of_silence_but_no_unanswered_one(desk: Desk) -> None:
    answered = desk.asks("a")
    desk.reply(answered, "Venga")
    waiting = desk.asks("b")
    desk.clock.pass_time(days=31)
    with desk.parts.engine.begin() as connection:
        keeping.close_silent(connection, desk.clock())
    assert [row["id"] for row in desk.listed()] == [waiting]


def test_erasing_takes_the_ticket_its_words_and_the_topic(with_group: Desk, topic: int) -> None:
    desk, engine = with_group, with_group.parts.engine
    desk.says(f"la mia lettera {SECRET}")
    operator_says(desk, f"Risposta {SECRET}")
    with engine.begin() as connection:
        [contact] = connection.execute(select(col(Ticket.contact_id))).scalars()
        kept = export_contact(connection, contact)
        assert kept and len(kept["tickets"]) == 1
        assert [SECRET in m["text"] for m in kept["ticket_messages"]] == [True, True]
        erase(connection, contact, desk.clock())
    scrub(engine)
    for model in (Ticket, TicketMessage, DeskTopic):
        assert count(engine, model) == 0
    assert forgotten(desk) == ["forget_topic:7"]
    [row] = desk.listed(closed=True)
    assert row["subject"] == "" and str(contact) not in row["text"]
    operator_says(desk, "Ciao")
    assert [said for said in desk.sent() if "Ciao" in said] == []
    assert_nowhere(engine)


def assert_nowhere(engine: Engine) -> None:
    """The words are in no column; on SQLite not in the file either."""
    with engine.begin() as connection:
        for table in ("inbox", "outbox", "notice", "audit", "event", "ticket_message"):
            assert SECRET not in str(connection.execute(text(f"SELECT * FROM {table}")).all())
    if is_sqlite(engine):
        assert engine.url.database
        assert SECRET.encode() not in Path(engine.url.database).read_bytes()


def test_a_child_leaves_nothing_but_that_a_child_was_in_danger(desk: Desk) -> None:
    desk.says("ciao", "[go:language-it]", "[go:answer-emergency]", "[go:person]", "6")
    [row] = desk.listed()
    assert row["kind"] == "emergency" and row["subject"] == "" and "under 14" in row["text"]
    for model in (Ticket, Address):
        assert count(desk.parts.engine, model) == 0


def test_what_fails_in_our_turn_leaves_no_ticket_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.says("ciao", "[go:language-it]", "[go:person]")
    monkeypatch.setattr("flows.person._wait", lambda talk: 1 / 0)
    desk.says("3")
    assert count(desk.parts.engine, Ticket) == 0 and desk.listed() == []


def test_words_wait_for_nobody_longer_than_the_group_can_be_down(with_group: Desk) -> None:
    desk = with_group
    desk.asks()
    desk.clock.pass_time(days=1, hours=1)
    with desk.parts.engine.begin() as connection:
        outbox.sweep(connection, timedelta(seconds=40), desk.clock())
    assert desk.sent("operators") == []
