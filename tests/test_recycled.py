"""A WhatsApp number that was silent for 45 days: nothing personal before "is it still you?"."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import col

from bot.address_changes import apply_problem
from bot.channel import Problem, Received
from bot.runtime import Parts
from bot.turn import apologise
from bot.worker import Delivery, Worker
from flows.engine import Engine as FlowEngine
from flows.messages import Inbound
from storage.claims import Claims
from storage.letters import queue
from storage.models import Address, Contact, Conversation, Notice, Outbox
from storage.outbox import HELD
from storage.recycled import DOUBTED, SILENT, is_doubted
from storage.turns import Person
from storage.verdicts import will_reach
from tests.conftest import Clock
from tests.test_storage_database import KINDS, emptied, migrated

NAME = "Zoltanka"


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with migrated(request.param, tmp_path_factory.mktemp("recycled")) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Both databases in turn, without offers."""
    with emptied(url) as engine:
        yield engine


class Talk:
    """Somebody who wrote their name on a channel, and then whoever has the number."""

    def __init__(self, parts: Parts, engine: Engine, channel: str = "whatsapp") -> None:
        self.engine, self.channel, self._numbers = engine, channel, 0
        self._worker = Worker(engine, parts.flows, parts.settings.zone, parts.now)
        taps = ["1:en", "2:yes", "3:18_24", "4:no"]
        for inbound in (Inbound("hi"), *(Inbound(tap=tap) for tap in taps), Inbound(NAME)):
            self.send(inbound)

    def send(self, inbound: Inbound | str) -> dict[str, Any]:
        """The last thing that was said to this number."""
        self._numbers += 1
        inbound = Inbound(inbound) if isinstance(inbound, str) else inbound
        delivery = Received(self.channel, f"m{self._numbers}", "+39", inbound)
        assert self._worker.take([Delivery(delivery)]) == [None]
        query = select(col(Outbox.body)).order_by(col(Outbox.id).desc()).limit(1)
        with self.engine.begin() as connection:
            found: dict[str, Any] = json.loads(connection.execute(query).scalar_one())
        return found

    def one(self, column: Any) -> Any:
        with self.engine.begin() as connection:
            return connection.execute(select(column)).scalar_one()


QUESTION = "Have you written to this desk before"


@pytest.mark.parametrize(
    "first",
    [
        "hi",
        "menu",
        "my data",
        "my appointments",
        "12",
        "I have to talk to somebody about my ticket",
        Inbound(tap="5:_back"),
        Inbound(tap="go:export"),
        Inbound(tap="go:appointments"),
        Inbound(tap="go:person-read"),
        Inbound(start="rides"),
        Inbound(media="voice"),
    ],
)
def test_whatever_comes_first_the_question_does(
    parts: Parts, engine: Engine, clock: Clock, first: Inbound | str
) -> None:
    talk = Talk(parts, engine)
    clock.pass_time(days=45)
    for inbound in (first, "my data", first, Inbound(tap="go:export"), Inbound(tap="go:intake")):
        said = talk.send(inbound)
        assert QUESTION in said["text"] and NAME not in json.dumps(said)
        assert "document" not in said
    assert talk.one(col(Address.state)) == DOUBTED


def test_yes_goes_on_as_before(parts: Parts, engine: Engine, clock: Clock) -> None:
    talk = Talk(parts, engine)
    clock.pass_time(days=60)
    talk.send("hi")
    assert "What can I do for you?" in talk.send("yes")["text"]
    assert talk.one(col(Address.state)) == "ok"
    assert NAME in talk.one(col(Conversation.state))
    assert QUESTION not in talk.send("my data")["text"]


def test_no_parts_the_number_from_the_person(parts: Parts, engine: Engine, clock: Clock) -> None:
    talk = Talk(parts, engine)
    clock.pass_time(days=60)
    talk.send("hi")
    assert "we start anew" in talk.send("no")["text"]
    assert talk.one(func.count(col(Address.id))) == 0
    assert talk.one(func.count(col(Contact.id))) == 1, "what was theirs stays theirs"
    assert talk.one(col(Notice.kind)) == "number"
    assert talk.one(func.count(col(Outbox.id))) == 1, "the goodbye alone"
    assert "language" in talk.send("hi")["text"]
    assert talk.one(func.count(col(Contact.id))) == 2
    assert NAME not in json.dumps(talk.send(Inbound(tap="1:en")))


def test_what_was_held_goes_only_to_who_is_known(
    parts: Parts, engine: Engine, clock: Clock
) -> None:
    talk = Talk(parts, engine)
    with engine.begin() as connection:
        held = {"status": HELD, "closed_at": None, "due_at": clock() + timedelta(days=90)}
        first = select(func.min(Outbox.id)).scalar_subquery()
        connection.execute(Outbox.__table__.update().where(col(Outbox.id) == first).values(**held))  # type: ignore[attr-defined]
    clock.pass_time(days=45)
    talk.send("hi")
    with engine.begin() as connection:
        waiting = select(func.count()).where(col(Outbox.status) == HELD)
        assert connection.execute(waiting).scalar() == 1
    talk.send("yes")
    with engine.begin() as connection:
        assert connection.execute(waiting).scalar() == 0


@pytest.mark.parametrize(("says", "left"), [("yes", "queued"), ("no", "")])
def test_a_reminder_that_falls_due_in_doubt_waits_for_the_answer(
    parts: Parts, engine: Engine, clock: Clock, says: str, left: str
) -> None:
    talk = Talk(parts, engine)
    clock.pass_time(days=50)
    talk.send("hi")
    with engine.begin() as connection:
        body, now = '{"text": "Your appointment", "language": "en"}', clock()
        due = now - timedelta(minutes=1)
        contact = connection.execute(select(col(Contact.id))).scalar_one()
        letter = queue(connection, contact, body, "reminder", now, due, now + timedelta(days=1))
        assert letter is not None
        assert not will_reach(connection, letter, now), "the operators may call, too"
        status = select(col(Outbox.status)).where(col(Outbox.id) == letter)
        said = Outbox.__table__.update().where(col(Outbox.id) < letter)  # type: ignore[attr-defined]
        connection.execute(said.values(status="sent", closed_at=now))
        assert Claims(engine.dialect).claim(connection, "whatsapp", (9, 9, 9), now) == []
        assert connection.execute(status).scalar() == HELD
    talk.send(says)
    with engine.begin() as connection:
        assert (connection.execute(status).scalar() or "") == left


def test_a_letter_that_did_not_arrive_takes_no_doubt_away(
    parts: Parts, engine: Engine, clock: Clock
) -> None:
    talk = Talk(parts, engine)
    clock.pass_time(days=60)
    talk.send("hi")
    with engine.begin() as connection:
        apply_problem(connection, "whatsapp", "+39", Problem.UNREACHABLE, clock())
    said = talk.send("my data")
    assert QUESTION in said["text"] and NAME not in json.dumps(said)
    assert talk.one(col(Address.state)) == DOUBTED


def test_stop_language_and_danger_are_heard_at_once(
    parts: Parts, engine: Engine, clock: Clock
) -> None:
    talk = Talk(parts, engine)
    clock.pass_time(days=50)
    assert "112" in talk.send("help he is beating me")["text"]
    assert QUESTION in talk.send("menu")["text"]
    french = talk.send("français")["text"]
    assert "Avez-vous déjà écrit" in french
    assert "112" not in french
    talk.send("STOP")
    assert talk.one(col(Contact.alerts)) == "stopped"
    assert "Avez-vous déjà écrit" in talk.send("mes rendez-vous")["text"]


@pytest.mark.parametrize("broken", ["take_turn", "words that do not open"])
def test_after_an_error_of_ours_too_the_question_comes_first(
    parts: Parts,
    engine: Engine,
    clock: Clock,
    flows: FlowEngine,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    talk = Talk(parts, engine)
    clock.pass_time(days=60)
    if broken == "take_turn":
        monkeypatch.setattr(FlowEngine, broken, lambda *_: 1 / 0)
        sorry = talk.send("menu")["text"]
    else:
        row = json.loads(talk.one(col(Conversation.state)))
        person = Person(1, "off", "", json.dumps(row), waiting=False, owed=False, doubted=True)
        received = Received("whatsapp", "m", "+39", Inbound())
        turn, _ = apologise(flows, person, received, None, clock().date())  # type: ignore[arg-type]
        assert turn.says
        sorry = turn.says.text
    assert "Something went wrong" in sorry and QUESTION in sorry
    assert NAME not in sorry


@pytest.mark.parametrize(("channel", "days"), [("telegram", 90), ("whatsapp", 44)])
def test_who_is_not_asked(
    parts: Parts, engine: Engine, clock: Clock, channel: str, days: int
) -> None:
    talk = Talk(parts, engine, channel)
    clock.pass_time(days=days)
    assert QUESTION not in talk.send("menu")["text"]


def test_without_the_question_they_would_see_it(
    parts: Parts, engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.turns.is_doubted", lambda *_: False)
    talk = Talk(parts, engine)
    clock.pass_time(days=45)
    assert talk.send(Inbound(tap="go:export"))["document"]


def test_the_silence_is_45_days() -> None:
    assert not is_doubted("whatsapp", "ok", to_ms_of(SILENT) - 1)
    assert is_doubted("whatsapp", "ok", to_ms_of(SILENT))
    assert is_doubted("whatsapp", DOUBTED, 0)


def to_ms_of(length: timedelta) -> int:
    return int(length.total_seconds() * 1000)
