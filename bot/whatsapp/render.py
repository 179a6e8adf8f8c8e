"""A letter as WhatsApp draws it. Pure; the limits are Twilio's and WhatsApp's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.drawing import plain, split, utf16_length
from bot.whatsapp.templates import (
    MOST_ITEMS,
    MOST_QUICK_REPLIES,
    list_picker,
    list_picker_values,
    quick_reply,
    quick_reply_values,
)
from flows.messages import Button, Outbound
from storage.templates import template_name

MOST_TEXT = 1600  # Twilio, error 21617
MOST_BODY = 1024  # Twilio, twilio/quick-reply and twilio/list-picker
MOST_TITLE, MOST_ITEM, MOST_HINT, MOST_ID = 20, 24, 72, 200

# A card of more lines is easier to read as lines than to tap: see `draw`.
_MOST_LINES = 4
_SENTENCE_END = re.compile(r"[.!?…:؟۔।]$")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Drawn:
    """Either text alone, in as few ``pieces`` as possible, or one piece and a Content template.

    ``buttons`` are what can be tapped, in order; ``template`` is our name for it;
    ``fixed``: its words were approved and take no variables.
    """

    pieces: tuple[str, ...]
    buttons: tuple[Button, ...] = ()
    template: str = ""
    content_sid: str = ""
    fixed: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """What fills the template; empty without one."""
        if not self.template or self.fixed:
            return {}
        as_list = self.template == list_picker(len(self.buttons))
        values = list_picker_values if as_list else quick_reply_values
        return values(self.pieces[0], self.buttons)


def draw(outbound: Outbound, templates: Mapping[str, str], link: str = "") -> Drawn:
    """``outbound`` as one message wherever it fits; ``templates`` is our name → ContentSid.

    ``link`` is where its document is to be had; then it is text, because of the lines.

    One message, because each is paid for. The first of these that fits:

    1. everything as quick replies: one tap;
    2. the options as quick replies, the controls as words in the text: still one tap to answer,
       and going back or to the menu is rarer than answering;
    3. everything as a list: two taps, but nothing to type;
    4. the options as a list, the controls as words;
    5. all as numbered text: nothing is ever cut off.

    Questions that are answered by typing, or by more than one option, are text. So is a text of
    many lines: a variable takes no new line (Twilio, error 21656: "newline, a tab, or more than
    four consecutive spaces"), and an offer's card in one line could hardly be read.
    """
    if link and outbound.document:
        parts = (outbound.text, outbound.document.link, link)
        outbound = replace(outbound, text="\n".join(part for part in parts if part))
    as_text = outbound.document or outbound.kind not in ("tell", "pick")
    approved = template_name(outbound.template, outbound.language)
    if outbound.template and approved in templates:
        return Drawn((outbound.text,), outbound.buttons, approved, templates[approved], fixed=True)
    found = None if as_text else _as_template(outbound, templates)
    return found or Drawn(tuple(split(plain(outbound).strip(), MOST_TEXT)))


def _as_template(outbound: Outbound, templates: Mapping[str, str]) -> Drawn | None:
    options, controls = outbound.buttons, outbound.controls
    lines = [line.strip() for line in outbound.text.splitlines() if line.strip()]
    if not options or not lines or len(lines) > _MOST_LINES:
        return None
    # the last line of howto names the words (flows.sentences.howto); the first one the numbers,
    # which buttons do not show
    words = outbound.howto.strip().rpartition("\n")[2]
    choices = [((*options, *controls), lines)]
    if controls and words:
        choices.append((options, [*lines, words]))
    for fits, named in ((_fit_quick_reply, quick_reply), (_fit_list, list_picker)):
        for buttons, body in choices:
            name = named(len(buttons))
            text = one_line(body)
            if name in templates and fits(buttons) and utf16_length(text) <= MOST_BODY:
                return Drawn((text,), buttons, name, templates[name])
    return None


def one_line(lines: list[str]) -> str:
    """``lines`` in one, as a variable needs it: after a sentence a blank, else a dot between."""
    text = ""
    for line in lines:
        between = " " if not text or _SENTENCE_END.search(text) else " · "
        text = f"{text}{between}{line}"
    return _SPACES.sub(" ", text).strip()


def _fit_quick_reply(buttons: tuple[Button, ...]) -> bool:
    return (
        len(buttons) <= MOST_QUICK_REPLIES
        and all(_fits(button.label, MOST_TITLE) and not button.hint for button in buttons)
        and _distinct(buttons)
    )


def _fit_list(buttons: tuple[Button, ...]) -> bool:
    return (
        len(buttons) <= MOST_ITEMS
        and all(
            _fits(button.label, MOST_ITEM) and (not button.hint or _fits(button.hint, MOST_HINT))
            for button in buttons
        )
        and _distinct(buttons)
    )


def _fits(text: str, limit: int) -> bool:
    """Counted in UTF-16 units, to be on the safe side: nobody says how an emoji counts."""
    return bool(text.strip()) and text == one_line([text]) and utf16_length(text) <= limit


def _distinct(buttons: tuple[Button, ...]) -> bool:
    """WhatsApp refuses two buttons with one label or one id."""
    labels, taps = {b.label for b in buttons}, {b.tap for b in buttons}
    return len(labels) == len(taps) == len(buttons) and all(_fits(tap, MOST_ID) for tap in taps)
