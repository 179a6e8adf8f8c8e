"""`Outbound` → exactly what WhatsApp shows."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.render import Drawn, draw, one_line
from bot.whatsapp.templates import NAMES, definitions
from flows.messages import Button, Kind, Outbound
from tests.loopback.twilio_rules import Shown, fill, read_variables

SIDS = {name: f"HX-{name}" for name in NAMES}
YES, NO = Button("✅ Yes", "7:yes"), Button("❌ No", "7:no")
BACK, MENU = Button("↩️ Back", "7:_back"), Button("🏠 Menu", "go:menu")
HOWTO = "Reply with a number.\nOr write: back · menu"


def options(count: int, label: str = "Answer {}", hint: str = "") -> tuple[Button, ...]:
    return tuple(Button(label.format(n), f"7:a{n}", hint) for n in range(1, count + 1))


def ask(
    text: str = "3/9\nMay I?",
    buttons: Sequence[Button] = (YES, NO),
    kind: Kind = "pick",
    howto: str = HOWTO,
    controls: Sequence[Button] = (BACK, MENU),
    **more: Any,
) -> Outbound:
    return Outbound(
        text,
        "en",
        kind=kind,
        buttons=tuple(buttons),
        controls=tuple(controls),
        howto=howto,
        **more,
    )


def template(name: str, body: str, *buttons: Button) -> Drawn:
    return Drawn((body,), buttons, name, f"HX-{name}")


def text(*pieces: str) -> Drawn:
    return Drawn(pieces)


SHORT = options(3)
TWENTY = Button("x" * 20, "7:x")


@pytest.mark.parametrize(
    ("outbound", "drawn"),
    [
        # 1: everything as quick replies
        (
            ask(controls=[BACK], howto=HOWTO),
            template("quick_reply_3", "3/9 · May I?", YES, NO, BACK),
        ),
        (ask(controls=(), howto="x"), template("quick_reply_2", "3/9 · May I?", YES, NO)),
        (ask(kind="tell", controls=()), template("quick_reply_2", "3/9 · May I?", YES, NO)),
        (ask("May I?", [TWENTY], controls=()), template("quick_reply_1", "May I?", TWENTY)),
        # 2: the controls as words
        (ask(), template("quick_reply_2", "3/9 · May I? Or write: back · menu", YES, NO)),
        (
            ask("A?", SHORT),
            template("quick_reply_3", "A? Or write: back · menu", *SHORT),
        ),
        # without words nothing would tell of the controls: a list
        (ask(howto=""), template("list_picker_4", "3/9 · May I?", YES, NO, BACK, MENU)),
        # 3: a list
        (
            ask("A?", options(8)),
            template("list_picker_10", "A?", *options(8), BACK, MENU),
        ),
        (
            ask("A?", options(2, hint="Near you")),
            template("list_picker_4", "A?", *options(2, hint="Near you"), BACK, MENU),
        ),
        (
            ask("A?", options(1, "x" * 24)),
            template("list_picker_3", "A?", *options(1, "x" * 24), BACK, MENU),
        ),
        # 4: a list, the controls as words
        (
            ask("A?", options(10)),
            template("list_picker_10", "A? Or write: back · menu", *options(10)),
        ),
        # 5: text
        (
            ask("A?", options(11), howto="Reply with a number."),
            text(
                "A?\n\n"
                + "\n".join(f"{n}. Answer {n}" for n in range(1, 12))
                + "\n\nReply with a number."
            ),
        ),
        (
            ask("A?", [Button("x" * 25, "7:a")]),
            text(f"A?\n\n1. {'x' * 25}\n\n{HOWTO}"),
        ),
        (
            ask("A?", [Button("a", "7:a", "h" * 73)]),
            text(f"A?\n\n1. a\n   {'h' * 73}\n\n{HOWTO}"),
        ),
        (
            ask("A?", [Button("a", "7:a"), Button("a", "7:b")]),
            text(f"A?\n\n1. a\n2. a\n\n{HOWTO}"),
        ),
        (ask("A?", [Button("a\nb", "7:a")]), text(f"A?\n\n1. a\nb\n\n{HOWTO}")),
        (
            ask("1\n2\n3\n4\n5", [YES], controls=(), howto="Reply with a number."),
            text("1\n2\n3\n4\n5\n\n1. ✅ Yes\n\nReply with a number."),
        ),
        (ask("A?", (), kind="number", howto="Or write: back"), text("A?\n\nOr write: back")),
        (ask("A?", (), kind="text", howto="Or write: back"), text("A?\n\nOr write: back")),
        (
            ask("Where?", [YES], kind="place", howto="", share_location="Share"),
            text("Where?\n\n1. ✅ Yes"),
        ),
        (
            ask("A?", [Button("a", "7:a", chosen=True), NO], kind="pick_many", howto="1, 3"),
            text("A?\n\n1. ✅ a\n2. ❌ No\n\n1, 3"),
        ),
        (Outbound("Hello.\n\nBye.", "en"), text("Hello.\n\nBye.")),
        (Outbound("x" * 1600, "en"), text("x" * 1600)),
        (Outbound("x" * 1601, "en"), text("x" * 1600, "x")),
        (Outbound(" ", "en"), text()),
    ],
)
def test_drawn(outbound: Outbound, drawn: Drawn) -> None:
    assert draw(outbound, SIDS) == drawn


def test_the_body_is_at_most_1024() -> None:
    fits = ask("x" * 1024, controls=())
    assert draw(fits, SIDS).template == "quick_reply_2"
    more = ask("x" * 1025, controls=())
    assert draw(more, SIDS).pieces[0].startswith("x" * 1025 + "\n\n1. ✅ Yes")


def test_without_templates_all_is_text() -> None:
    assert draw(ask("A?"), {}) == text(f"A?\n\n1. ✅ Yes\n2. ❌ No\n\n{HOWTO}")
    lists_only = {name: sid for name, sid in SIDS.items() if "list" in name}
    assert draw(ask("A?"), lists_only).template == "list_picker_4"


def test_variables() -> None:
    assert draw(ask(controls=()), SIDS).variables == {
        "1": "3/9 · May I?",
        "2": "✅ Yes",
        "3": "7:yes",
        "4": "❌ No",
        "5": "7:no",
    }
    as_list = draw(ask("A?", [Button("Work", "7:w", "3 offers")], controls=[BACK]), SIDS)
    assert as_list.variables == {
        "1": "A?",
        "2": "☰",
        "3": "Work",
        "4": "7:w",
        "5": "3 offers",
        "6": "↩️ Back",
        "7": "7:_back",
        "8": "·",
    }
    assert draw(Outbound("Hello", "en"), SIDS).variables == {}


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["3/9", "How many?"], "3/9 · How many?"),
        (["Thank you.", "4/9", "Where?"], "Thank you. 4/9 · Where?"),
        (["\u200fكم؟", "\u200fاكتب"], "\u200fكم؟ \u200fاكتب"),
        (["a \t      b"], "a b"),
        ([], ""),
    ],
)
def test_one_line(lines: list[str], line: str) -> None:
    assert one_line(lines) == line


WORDS = st.text(
    st.sampled_from("ab .?!\n\t ·✅👍🇮🇹كم؟\u200f\u200d۱म"), max_size=30
) | st.sampled_from(["Yes", "x" * 20, "x" * 24, "h" * 72])
BUTTONS = st.lists(st.builds(Button, WORDS, st.sampled_from(["7:a", "7:b", "7:c"]), WORDS))
KINDS: st.SearchStrategy[Kind] = st.sampled_from(["tell", "pick", "pick_many", "number", "place"])


@settings(max_examples=400, deadline=None)
@given(WORDS, BUTTONS, BUTTONS, WORDS, KINDS, st.integers(1, 60))
def test_never_beyond_the_limits(
    words: str,
    buttons: list[Button],
    controls: list[Button],
    howto: str,
    kind: Kind,
    longer: int,
) -> None:
    drawn = draw(ask(words * longer, buttons, kind, howto, controls), SIDS)
    assert all(0 < len(piece) <= 1600 for piece in drawn.pieces)
    if drawn.template:
        shown = Shown("", "", "")
        values = read_variables(json.dumps(drawn.variables))
        fill(definitions()[drawn.template], values, shown)
        assert [button[:2] for button in shown.buttons] == [(b.label, b.tap) for b in drawn.buttons]
        assert set(buttons) <= set(drawn.buttons)
