"""A letter as calls of the Bot API. Pure; the limits are Telegram's."""

from dataclasses import dataclass
from typing import Any

from bot.channel import File, Letter
from bot.drawing import numbered, split, utf16_length
from flows.drawing import anchored
from flows.messages import Button, Outbound

MOST_TEXT = 4096  # UTF-16 units (Bot API, sendMessage)
MOST_CAPTION = 1024  # Bot API, sendDocument
_MOST_BUTTONS = 100  # in one message (Bot API, refused as "reply markup is too long")
_MOST_TAP_BYTES = 64  # Bot API, InlineKeyboardButton.callback_data
_SHORT_LABEL = 14  # two of these fit side by side on a narrow phone
_LONGEST_LABEL = 40  # what a phone shows of a button as wide as the message

Row = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """A method of the Bot API and its parameters, as JSON types; ``file`` is its ``document``."""

    method: str
    params: dict[str, Any]
    file: File | None = None


def draw(letter: Letter) -> list[Call]:
    """The calls that show ``letter``, in order; none when it says nothing.

    Plain text without parse_mode: nothing in it can be taken for markup. What is too long for one
    message becomes several, with the keyboard below the last.
    """
    outbound, chat = letter.outbound, _chat(letter.address)
    at_place = bool(outbound.share_location) and outbound.kind == "place"
    calls = [
        Call("sendMessage", _params(chat, piece))
        for piece in split(_text(outbound).strip(), MOST_TEXT)
    ]
    if not calls:
        return []
    # only inline keyboards can be edited (Bot API, editMessageText)
    if outbound.edits and letter.edits and not at_place:
        message_id = _chat(letter.edits)
        calls[0] = Call("editMessageText", {**calls[0].params, "message_id": message_id})
    if markup := _place_keyboard(outbound) if at_place else _inline_keyboard(outbound):
        calls[-1].params["reply_markup"] = markup
    return _with_file(calls, letter.file) if letter.file else calls


def is_one_call(outbound: Outbound) -> bool:
    """Whether the answer to a webhook can carry it; the rest goes by the sender.

    A document is made when it is sent. An edit may be refused, and of an answer nobody tells us so.
    """
    if outbound.edits or outbound.document:
        return False
    return 0 < utf16_length(_text(outbound).strip()) <= MOST_TEXT


def in_answer(letter: Letter) -> dict[str, Any]:
    """The letter as the answer to a webhook (Bot API, "Making requests when getting updates")."""
    assert is_one_call(letter.outbound), "it goes by the sender"
    [call] = draw(letter)
    return {"method": call.method, **call.params}


def _with_file(calls: list[Call], file: File) -> list[Call]:
    """The text below the file, in one message where it fits (Bot API, sendDocument)."""
    first = calls[0].params
    if len(calls) > 1 or utf16_length(first["text"]) > MOST_CAPTION:
        return [Call("sendDocument", {"chat_id": first["chat_id"]}, file), *calls]
    params: dict[str, Any] = {k: first[k] for k in ("chat_id", "reply_markup") if k in first}
    return [Call("sendDocument", params | {"caption": first["text"]}, file)]


def _params(chat: int | str, text: str) -> dict[str, Any]:
    return {"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": True}}


def _chat(id: str) -> int | str:
    return int(id) if id.removeprefix("-").isdecimal() else id


def _has_list(outbound: Outbound) -> bool:
    return any(button.hint for button in outbound.buttons)


def _text(outbound: Outbound) -> str:
    if not _has_list(outbound):
        return outbound.text
    return f"{outbound.text}\n\n{numbered(outbound)}"


def _inline_keyboard(outbound: Outbound) -> dict[str, Any]:
    buttons, numbers = outbound.buttons, _has_list(outbound)
    assert len(buttons) + len(outbound.controls) <= _MOST_BUTTONS, "too many buttons"
    options = [
        _inline(button, anchored(f"{place}. ", outbound.direction) if numbers else "")
        for place, button in enumerate(buttons, start=1)
    ]
    controls = [_inline(button) for button in outbound.controls]
    rows = _options_in_rows(options, outbound.buttons) + _controls_in_rows(controls)
    return {"inline_keyboard": rows} if rows else {}


def _inline(button: Button, number: str = "") -> dict[str, Any]:
    assert 0 < len(button.tap.encode()) <= _MOST_TAP_BYTES, "a tap is 1 to 64 bytes"
    label = _ticked(button)
    if number:
        label = _cut(f"{number}{label}")
    return {"text": label, "callback_data": button.tap}


def _place_keyboard(outbound: Outbound) -> dict[str, Any]:
    """A button can ask for a location only here, and only in a private chat (KeyboardButton)."""
    assert len(outbound.buttons) + len(outbound.controls) < _MOST_BUTTONS, "too many buttons"
    options: Row = [{"text": button.label} for button in outbound.buttons]
    controls: Row = [{"text": button.label} for button in outbound.controls]
    rows = [
        [{"text": outbound.share_location, "request_location": True}],
        *_options_in_rows(options, outbound.buttons),
        *_controls_in_rows(controls),
    ]
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}


def _ticked(button: Button) -> str:
    return f"✅ {button.label}" if button.chosen else button.label


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1].rstrip()}…"


def _options_in_rows(row: Row, buttons: tuple[Button, ...]) -> list[Row]:
    short = all(len(b.label) <= _SHORT_LABEL and not b.hint for b in buttons)
    return _rows(row, 2 if short else 1)


def _controls_in_rows(row: Row) -> list[Row]:
    """Three side by side when they are short, but four as two and two."""
    short = all(len(b["text"]) <= _SHORT_LABEL for b in row)
    return _rows(row, 3 if short and len(row) != 4 else 2)


def _rows(row: Row, width: int) -> list[Row]:
    return [row[start : start + width] for start in range(0, len(row), width)]
