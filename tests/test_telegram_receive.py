"""Payload in, `Received` out; and nothing raised, whatever comes."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channel import Received
from bot.telegram.receive import parse
from flows.messages import Inbound, Position

PERSON = {"id": 42, "is_bot": False, "first_name": "Amina", "language_code": "fr"}
CHAT = {"id": 42, "type": "private", "first_name": "Amina"}
GROUP = {"id": -7, "type": "group", "title": "x"}


def message(**content: Any) -> dict[str, Any]:
    said = {"message_id": 5, "date": 1_795_000_000, "chat": CHAT, "from": PERSON, **content}
    return {"update_id": 900, "message": said}


def tap(**content: Any) -> dict[str, Any]:
    on = {"message_id": 5, "date": 1_795_000_000, "chat": CHAT}
    return {
        "update_id": 900,
        "callback_query": {"id": "77", "from": PERSON, "message": on, "data": "3:yes", **content},
    }


def member(status: str, chat: dict[str, Any] = CHAT) -> dict[str, Any]:
    change = {"chat": chat, "from": PERSON, "new_chat_member": {"status": status}}
    return {"update_id": 900, "my_chat_member": change}


def said(**inbound: Any) -> Received:
    return Received("telegram", "900", "42", Inbound(hint="fr", **inbound))


TEXTS = [
    ("ciao", said(text="ciao")),
    (" ciao\n", said(text="ciao")),
    ("a\x00b\ud800\u202ec", said(text="ab?c")),
    ("/start", said(text="/start")),
    ("/start jobs-12", said(start="jobs-12")),
    ("/start@loopback_bot jobs-12", said(start="jobs-12")),
    ("/START jobs", said(start="jobs")),
    ("/start " + "a" * 64, said(start="a" * 64)),
    ("/start " + "a" * 65, said(text="/start")),
    ("/start jobs 12", said(text="/start")),
    ("/start ../x", said(text="/start")),
    ("/start l'été", said(text="/start")),
    ("/menu", said(text="/menu")),
    ("/menu@loopback_bot", said(text="/menu")),
    ("/menu and more", said(text="/menu and more")),
    ("/starting jobs", said(text="/starting jobs")),
    ("/", said(text="/")),
    ("\x00\u202e", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "wanted"), TEXTS)
def test_texts(text: str, wanted: Received | None) -> None:
    assert parse(message(text=text)) == wanted


MESSAGES = [
    (message(location={"latitude": 44.9, "longitude": 8}), said(location=Position(44.9, 8.0))),
    (message(location={"latitude": 91, "longitude": 8}), None),
    (message(location={"latitude": float("nan"), "longitude": 8}), None),
    (message(location={"latitude": 10**400, "longitude": 8}), None),
    (message(voice={"file_id": "x"}), said(media="voice")),
    (message(photo=[{"file_id": "x"}], caption="hello"), said(media="photo")),
    (message(animation={}, document={}), said(media="animation")),
    (message(document={"file_id": "x"}), said(media="document")),
    (message(sticker={"file_id": "x"}), said(media="sticker")),
    (message(contact={"phone_number": "1"}), said(media="contact")),
    (message(pinned_message={}), None),
    (message(text="hi", chat=GROUP), None),
    (message(text="hi", chat={"id": -100, "type": "channel"}), None),
    (message(text="hi", chat={"type": "private"}), None),
    ({"update_id": 1, "channel_post": {"chat": CHAT, "text": "hi"}}, None),
    ({"update_id": 1, "edited_message": {"chat": CHAT, "text": "hi"}}, None),
    ({"update_id": True, "message": message(text="hi")["message"]}, None),
    ({"update_id": 2**64, "message": message(text="hi")["message"]}, None),
    ({"message": message(text="hi")["message"]}, None),
]


@pytest.mark.parametrize(("update", "wanted"), MESSAGES)
def test_messages(update: object, wanted: Received | None) -> None:
    assert parse(update) == wanted


def tapped(message: str = "5") -> Received:
    inbound = Inbound(tap="3:yes", hint="fr")
    return Received("telegram", "900", "42", inbound, message=message, tap_id="77")


TAPS = [
    (tap(), tapped()),
    (tap(message={"message_id": 5, "date": 0, "chat": CHAT}), tapped(message="")),
    (tap(message={"message_id": 5, "date": 1, "chat": GROUP}), None),
    (tap(message=None), None),
    (tap(data="é" * 33), None),
    (tap(data=""), None),
    (tap(data=None), None),
]


@pytest.mark.parametrize(("update", "wanted"), TAPS)
def test_taps(update: object, wanted: Received | None) -> None:
    assert parse(update) == wanted


def change(what: str) -> Received:
    return Received("telegram", "900", "42", change=what)


CHANGES = [
    (member("kicked"), change("blocked")),
    (member("member"), change("unblocked")),
    (member("administrator"), None),
    (member("kicked", GROUP), None),
    (
        message(chat=GROUP, migrate_to_chat_id=-1001),
        Received("telegram", "900", "-7", change="moved", moved_to="-1001"),
    ),
    (message(chat=GROUP, migrate_to_chat_id="x"), None),
]


@pytest.mark.parametrize(("update", "wanted"), CHANGES)
def test_changes(update: object, wanted: Received | None) -> None:
    assert parse(update) == wanted


@pytest.mark.parametrize(
    ("code", "hint"),
    [("pt-br", "pt-br"), ("ar", "ar"), ("", ""), ("x", ""), ("it\n", ""), (3, ""), (None, "")],
)
def test_language_hint(code: object, hint: str) -> None:
    received = parse(message(text="hi", **{"from": {**PERSON, "language_code": code}}))
    assert received is not None
    assert received.inbound == Inbound("hi", hint=hint)


SEEDS = [
    message(text="/start a-1", entities=[{"type": "bot_command", "offset": 0, "length": 6}]),
    message(location={"latitude": 44.9, "longitude": 8.2}, voice={"file_id": "x"}),
    message(chat=GROUP, migrate_to_chat_id=-1001),
    tap(),
    member("kicked"),
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, 2**63, 10**400, 1e308, float("nan"), float("-inf")]),
    st.sampled_from(["", "\x00", "\ud800", "private", "/start", "\u202e" * 9, "9" * 5000]),
    st.text(st.characters(), max_size=8),
)
HOSTILE = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "type", "chat", "text", "data"]), inner, max_size=3),
    ),
    max_leaves=4,
)


def paths(value: object, so_far: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [so_far]
    return [so_far, *(path for k, v in value.items() for path in paths(v, (*so_far, k)))]


PLACES = [(seed, path) for seed in SEEDS for path in paths(seed)]


def spoiled(seed: dict[str, Any], path: tuple[str, ...], value: object) -> object:
    if not path:
        return value
    update = copy.deepcopy(seed)
    inside = update
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return update


@settings(
    max_examples=250,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(st.sampled_from(PLACES), HOSTILE), min_size=40, max_size=40))
def test_ten_thousand_hostile_updates(spoils: list[tuple[Any, object]]) -> None:
    for (seed, path), value in spoils:
        received = parse(spoiled(seed, path, value))
        if received is None:
            continue
        assert received.external_id
        assert received.address.lstrip("-").isdigit()
        assert (received.inbound is None) == bool(received.change)
        stored = json.dumps([received.external_id, received.address, str(received.inbound)])
        assert "\\u0000" not in stored
        assert "\\ud800" not in stored
