"""How the simulator draws a message: as itself, or within another channel's limits."""

from dataclasses import dataclass

from bot.channel import Letter
from bot.drawing import numbered
from bot.telegram import render as telegram
from bot.whatsapp import render as whatsapp
from bot.whatsapp.templates import NAMES
from flows.messages import Button, Outbound

AS = ("", "telegram", "whatsapp")
_PROVISIONED = {name: name for name in NAMES}


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on the page."""

    text: str
    options: tuple[tuple[str, str], ...] = ()


def draw(letter: Letter, acting_as: str) -> list[Bubble]:
    """The bubbles of a letter; more than one where a channel has to split it."""
    match acting_as:
        case "whatsapp":
            return _as_whatsapp(letter.outbound)
        case "telegram":
            return _as_telegram(letter)
        case _:
            return [_own(letter.outbound)]


def _own(outbound: Outbound) -> Bubble:
    """Everything: the list where options have hints, and every button."""
    hints = any(button.hint for button in outbound.buttons)
    text = f"{outbound.text}\n\n{numbered(outbound)}" if hints else outbound.text
    labels = (
        f"{place}. {button.label}" if hints else _ticked(button)
        for place, button in enumerate(outbound.buttons, start=1)
    )
    options = list(zip(labels, (b.tap for b in outbound.buttons), strict=True))
    options += [(control.label, control.tap) for control in outbound.controls]
    return Bubble(text, tuple(options))


def _as_telegram(letter: Letter) -> list[Bubble]:
    """The Bot API calls Telegram would get, keyboards as buttons."""
    bubbles = []
    for call in telegram.draw(letter):
        markup = call.params.get("reply_markup", {})
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        buttons = [button for row in rows for button in row if "request_location" not in button]
        taps = {b.label: b.tap for b in letter.outbound.buttons + letter.outbound.controls}
        options = tuple((b["text"], b.get("callback_data") or taps[b["text"]]) for b in buttons)
        bubbles.append(Bubble(call.params["text"], options))
    return bubbles


def _as_whatsapp(outbound: Outbound) -> list[Bubble]:
    """As with all templates provisioned: a template's text and buttons, or pieces of text."""
    drawn = whatsapp.draw(outbound, _PROVISIONED)
    options = tuple((button.label, button.tap) for button in drawn.buttons)
    return [*map(Bubble, drawn.pieces[:-1]), Bubble(drawn.pieces[-1], options)]


def _ticked(button: Button) -> str:
    return f"✅ {button.label}" if button.chosen else button.label
