"""Conversations of earlier releases: today's code must be able to finish each one.

`tests/conversations/<release>_<language>_<flow>_<step>.json` holds a conversation in which that
question is pending. `pytest tests/test_conversations.py --update` writes those of this release,
once; files of earlier releases are never written again.
"""

import json
import tomllib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.conversation import Asked, Conversation
from flows.engine import Engine as FlowEngine
from flows.messages import Inbound
from flows.talk import Contact
from storage.database import open_database
from tests.conftest import ROOT
from tests.test_walk import TODAY, MemoryDesk, MemoryOffers, Place, mistakes

FOLDER = Path(__file__).with_name("conversations")
FILES = sorted(FOLDER.glob("*.json"))
RELEASE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
MOST_TURNS = 40

# What a person sensibly does at a question, by kind; a step's own answer first.
_BY_STEP = {
    ("menu", "choose"): "",
    ("welcome", "keep_answers"): "yes",
    ("intake", "keep_answers"): "yes",
    ("intake", "age"): "18_24",
    ("intake", "summary"): "right",
    ("erase", "sure"): "no",
}

# What people reach by a word rather than by a button.
_STARTS = ("stop", "erase", "language", "alerts", "privacy", "browse", "appointment")


@pytest.fixture(scope="module")
def offers(filled_database: Path) -> Iterator[MemoryOffers]:
    engine = open_database(f"sqlite:///{filled_database}")
    yield MemoryOffers(engine, TODAY)
    engine.dispose()


def sensible(asked: Asked) -> Inbound:
    """What a person does who wants to get to the end."""
    key = _BY_STEP.get((asked.flow, asked.step)) or (asked.options[0].key if asked.options else "")
    match asked.kind:
        case "text":
            return Inbound("Anna")
        case "number":
            return Inbound(str(asked.low))
        case "place":
            return Inbound("Settime")
        case "pick_many" if asked.chosen:
            return Inbound(tap=f"{asked.id}:_done")
        case _:
            option = next(o for o in asked.options if o.key == key)
            return Inbound(tap=f"go:{option.start}" if option.start else f"{asked.id}:{key}")


def step(flows: FlowEngine, offers: MemoryOffers, place: Place, inbound: Inbound) -> Place:
    """One turn, checked as the walk checks it."""
    desk = MemoryDesk(offers, place.contact)
    turn = flows.take_turn(place.conversation, inbound, place.contact, desk, TODAY)
    wrong = [m for m in mistakes(turn, turn.conversation.asked, flows) if "Latin" not in m]
    assert wrong == []
    assert not any(event.kind == "misread" for event in turn.events), inbound
    return Place(turn.conversation, desk.contact)


def loaded(path: Path) -> Place:
    """A stored conversation and what was known of its person."""
    row = json.loads(path.read_text(encoding="utf-8"))
    return Place(Conversation.from_json(row["conversation"]), Contact(**row["contact"]))


def dumped(place: Place) -> dict[str, Any]:
    """What `loaded` reads."""
    contact = place.contact
    person = {
        "channel": contact.channel,
        "consents": dict(contact.consents),
        "alerts": contact.alerts,
        "hint": contact.hint,
    }
    return {"conversation": place.conversation.to_json(), "contact": person}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_old_conversation_can_be_finished(
    path: Path, flows: FlowEngine, offers: MemoryOffers
) -> None:
    place = loaded(path)
    asked = place.conversation.asked
    assert asked and path.stem.endswith(f"{asked.flow}_{asked.step}")
    seen: list[tuple[str, str]] = []
    for _turn in range(MOST_TURNS):
        asked = place.conversation.asked
        if asked is None or (seen and asked.flow in ("menu", "browse")):
            break
        seen.append((asked.flow, asked.step))
        place = step(flows, offers, place, sensible(asked))
    assert len(seen) < MOST_TURNS, seen
    menu = step(flows, offers, place, Inbound(tap="go:menu")).conversation
    assert menu.asked and menu.asked.flow in ("menu", "welcome")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_answered_is_kept(path: Path, flows: FlowEngine, offers: MemoryOffers) -> None:
    place = loaded(path)
    before = dict(place.conversation.profile)
    after = step(flows, offers, place, Inbound(tap="go:menu")).conversation
    assert dict(after.profile) == before
    assert after.language == place.conversation.language


def test_there_are_conversations_of_this_release(pytestconfig: pytest.Config) -> None:
    assert any(path.name.startswith(f"{RELEASE}_") for path in FILES) or pytestconfig.getoption(
        "--update"
    )


def test_every_question_has_a_conversation(
    flows: FlowEngine, offers: MemoryOffers, pytestconfig: pytest.Config
) -> None:
    pending = first_of_each_question(flows, offers)
    if pytestconfig.getoption("--update"):
        write(pending)
    found = {path.stem.split("_", 2)[2] for path in FOLDER.glob(f"{RELEASE}_*.json")}
    assert found == {f"{flow}_{name}" for flow, name in pending}
    numbered = {f"{f.name}_{s.name}" for f in flows.flows.values() for s in f.steps if s.counts}
    assert numbered <= found


def write(pending: dict[tuple[str, str], Place]) -> None:
    """One file for each question that has none yet."""
    FOLDER.mkdir(exist_ok=True)
    for (flow, name), place in pending.items():
        if list(FOLDER.glob(f"{RELEASE}_*_{flow}_{name}.json")):
            continue
        language = place.conversation.language or place.contact.hint
        path = FOLDER / f"{RELEASE}_{language}_{flow}_{name}.json"
        text = json.dumps(dumped(place), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def first_of_each_question(flows: FlowEngine, offers: MemoryOffers) -> dict[tuple[str, str], Place]:
    """The first conversation, breadth first, with each question pending; languages take turns."""
    codes = sorted(flows.languages)
    reached = [_breadth_first(flows, offers, code) for code in codes]
    questions = sorted(reached[0])
    return {
        question: reached[number % len(codes)][question]
        for number, question in enumerate(questions)
    }


def _breadth_first(
    flows: FlowEngine, offers: MemoryOffers, language: str
) -> dict[tuple[str, str], Place]:
    new = Place(Conversation(), Contact("telegram", hint=language))
    ahead = deque([step_freely(flows, offers, new, Inbound("?!"))])
    found: dict[tuple[str, str], Place] = {}
    seen: set[tuple[object, ...]] = set()
    while ahead:
        place = ahead.popleft()
        asked, needs = place.conversation.asked, place.conversation.profile.many("needs")
        if asked is None or (asked.flow, asked.step, needs) in seen:
            continue
        if place.conversation.language not in ("", language):
            continue
        seen.add((asked.flow, asked.step, needs))
        found.setdefault((asked.flow, asked.step), place)
        for option in asked.options:
            tap = f"go:{option.start}" if option.start else f"{asked.id}:{option.key}"
            after = step_freely(flows, offers, place, Inbound(tap=tap))
            if asked.kind == "pick_many" and after.conversation.asked:
                done = Inbound(tap=f"{asked.id}:_done")
                ahead.append(step_freely(flows, offers, after, done))
            ahead.append(after)
        ahead.append(step_freely(flows, offers, place, sensible(asked)))
        for start in _STARTS:
            if place.conversation.language:
                ahead.append(step_freely(flows, offers, place, Inbound(start=start)))
    return found


def step_freely(flows: FlowEngine, offers: MemoryOffers, place: Place, inbound: Inbound) -> Place:
    """One turn, whatever comes of it."""
    desk = MemoryDesk(offers, place.contact)
    turn = flows.take_turn(place.conversation, inbound, place.contact, desk, TODAY)
    return Place(turn.conversation, desk.contact)
