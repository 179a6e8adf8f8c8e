"""Letter in, exact calls of the Bot API out."""

from typing import Any

import pytest

from bot.channel import Letter
from bot.drawing import utf16_length
from bot.telegram.render import MOST_TEXT, Call, draw, in_answer, is_one_call
from flows.messages import Button, Document, Kind, Outbound

NO_PREVIEW = {"is_disabled": True}


def letter(text: str = "Hello?", edits: str = "", **outbound: Any) -> Letter:
    return Letter(7, "telegram", "42", Outbound(text, "en", **outbound), edits)


def buttons(*labels: str, **more: Any) -> tuple[Button, ...]:
    return tuple(Button(label, f"1:{place}", **more) for place, label in enumerate(labels))


def inline(*rows: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "inline_keyboard": [
            [{"text": text, "callback_data": data} for text, data in row] for row in rows
        ]
    }


def send(text: str, markup: dict[str, Any] | None = None) -> Call:
    params = {"chat_id": 42, "text": text, "link_preview_options": NO_PREVIEW}
    return Call("sendMessage", {**params, **({"reply_markup": markup} if markup else {})})


SHORT = inline([("Yes", "1:0"), ("No", "1:1")], [("Maybe", "1:2")])
LONG = inline([("Yes", "1:0")], [("I would rather not say", "1:1")])
CONTROLS = (Button("Back", "1:_back"), Button("Skip", "1:_skip"), Button("Menu", "go:menu"))
FOUR = (Button("More", "1:_more"), *CONTROLS)
PLACE: Kind = "place"

TABLE = [
    (letter("Hi"), [send("Hi")]),
    (letter("<b>&"), [send("<b>&")]),
    (letter("  \n"), []),
    (letter(buttons=buttons("Yes", "No", "Maybe")), [send("Hello?", SHORT)]),
    (letter(buttons=buttons("Yes", "I would rather not say")), [send("Hello?", LONG)]),
    (
        letter(buttons=buttons("A", "B", chosen=True), controls=CONTROLS),
        [
            send(
                "Hello?",
                inline(
                    [("✅ A", "1:0"), ("✅ B", "1:1")],
                    [("Back", "1:_back"), ("Skip", "1:_skip"), ("Menu", "go:menu")],
                ),
            )
        ],
    ),
    (
        letter(controls=FOUR),
        [
            send(
                "Hello?",
                inline(
                    [("More", "1:_more"), ("Back", "1:_back")],
                    [("Skip", "1:_skip"), ("Menu", "go:menu")],
                ),
            )
        ],
    ),
    (
        letter(buttons=(Button("Warehouse", "1:a", "Asti, 3 km"), Button("W" * 50, "1:b"))),
        [
            send(
                f"Hello?\n\n1. Warehouse\n   Asti, 3 km\n2. {'W' * 50}",
                inline([("1. Warehouse", "1:a")], [("2. " + "W" * 36 + "…", "1:b")]),
            )
        ],
    ),
    (
        letter(
            edits="5",
            kind=PLACE,
            share_location="📍 Here",
            buttons=buttons("Asti"),
            controls=CONTROLS[:1],
        ),
        [
            send(
                "Hello?",
                {
                    "keyboard": [
                        [{"text": "📍 Here", "request_location": True}],
                        [{"text": "Asti"}],
                        [{"text": "Back"}],
                    ],
                    "one_time_keyboard": True,
                    "resize_keyboard": True,
                },
            )
        ],
    ),
    (letter(kind=PLACE, buttons=buttons("Asti")), [send("Hello?", inline([("Asti", "1:0")]))]),
]


@pytest.mark.parametrize(("drawn", "wanted"), TABLE)
def test_calls(drawn: Letter, wanted: list[Call]) -> None:
    assert draw(drawn) == wanted


def edited(edits: bool, id: str, **more: Any) -> Letter:
    return Letter(7, "telegram", "42", Outbound("Hello?", "en", edits=edits, **more), id)


def test_edits_only_when_both_say_so() -> None:
    wanted = Call("editMessageText", {**send("Hello?").params, "message_id": 5})
    assert draw(edited(True, "5")) == [wanted]
    assert draw(edited(True, "")) == [send("Hello?")]
    assert draw(edited(False, "5")) == [send("Hello?")]
    at_place = draw(edited(True, "5", kind="place", share_location="📍"))
    assert [call.method for call in at_place] == ["sendMessage"]


def test_long_text_is_split_and_the_keyboard_is_below_the_last() -> None:
    text = "Buongiorno a tutte 😀. " * 600
    drawn = letter(text, edits="5", buttons=buttons("Yes"))
    calls = draw(drawn)
    assert len(calls) == 4
    assert all(utf16_length(call.params["text"]) <= 4096 for call in calls)
    assert all(call.params["text"].endswith("😀.") for call in calls)
    assert [("reply_markup" in call.params) for call in calls] == [False, False, False, True]
    assert " ".join(call.params["text"] for call in calls) == text.strip()


FILE = Document("my_data")
LISTED = (Button("A", "7:a", "near"),)


@pytest.mark.parametrize(
    ("outbound", "carried"),
    [
        (Outbound("Hi", "en"), True),
        (Outbound("Where?", "en", kind="place", share_location="📍"), True),
        (Outbound("x" * MOST_TEXT, "en"), True),
        (Outbound("x" * (MOST_TEXT + 1), "en"), False),
        (Outbound("😀" * (MOST_TEXT // 2 + 1), "en"), False),
        (Outbound("x" * (MOST_TEXT - 5), "en", buttons=LISTED), False),  # the list is text too
        (Outbound("Hi", "en", edits=True), False),
        (Outbound("Here.", "en", document=FILE), False),
        (Outbound(" ", "en"), False),
    ],
)
def test_what_the_answer_to_a_webhook_carries(outbound: Outbound, carried: bool) -> None:
    drawn = Letter(7, "telegram", "42", outbound, "5")
    assert is_one_call(outbound) == carried
    if carried:
        [call] = draw(drawn)
        assert in_answer(drawn) == {"method": "sendMessage", **call.params}
    else:
        with pytest.raises(AssertionError):
            in_answer(drawn)


@pytest.mark.parametrize("tap", ["", "x" * 65, "é" * 33])
def test_a_tap_telegram_would_refuse(tap: str) -> None:
    with pytest.raises(AssertionError):
        draw(letter(buttons=(Button("A", tap),)))


def test_at_most_a_hundred_buttons() -> None:
    assert draw(letter(buttons=buttons(*["A"] * 99), controls=CONTROLS[:1]))
    with pytest.raises(AssertionError):
        draw(letter(buttons=buttons(*["A"] * 100), controls=CONTROLS[:1]))
