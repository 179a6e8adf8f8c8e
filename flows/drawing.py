"""The one message a turn says, from what was drafted."""

from collections.abc import Iterable
from dataclasses import replace

from flows import sentences
from flows.conversation import Asked
from flows.draft import Draft
from flows.messages import Button, Document, Option, Outbound
from flows.moves import Ask
from flows.speech import Speech
from flows.words import listed

_RLM = "\u200f"


def outbound(draft: Draft, *, edits: bool) -> Outbound | None:
    """Everything said in this turn and its question, as one message; None when nothing is said."""
    asked, question, speech = draft.asked, draft.question, draft.speech
    if question is None or asked is None:
        text = anchored("\n\n".join(draft.said), speech.direction)
        ways_out = menu_button(speech) if draft.language else ()
        said = Outbound(text, speech.code, speech.direction, controls=ways_out)
        return said if text else None
    place, total = draft.position()
    number = sentences.progress(speech, place, total) if total else ""
    asking = f"{number}\n{question.text}" if number else question.text
    return Outbound(
        text=anchored("\n\n".join([*draft.said, asking]), speech.direction),
        language=speech.code,
        direction=speech.direction,
        kind=asked.kind,
        buttons=_buttons(asked),
        controls=(controls := _controls(draft, asked, question)),
        howto=anchored(_howto(asked, controls, speech), speech.direction),
        edits=edits and not draft.said,
        share_location=sentences.share_location(speech) if asked.kind == "place" else "",
        document=draft.document and replace(draft.document, link=sentences.link_to_file(speech)),
    )


def letter(
    text: str, options: Iterable[Option], speech: Speech, document: Document | None = None
) -> Outbound:
    """A message that answers nothing: each of its options is a start, and works at any time."""
    return Outbound(
        anchored(text, speech.direction),
        speech.code,
        speech.direction,
        kind="pick",
        buttons=tuple(Button(o.label, f"go:{o.start}", o.hint) for o in options),
        document=document and replace(document, link=sentences.link_to_file(speech)),
    )


def menu_button(speech: Speech) -> tuple[Button, ...]:
    """Where nothing is asked, one tap leads on."""
    return (Button(sentences.controls(speech)["menu"], "go:menu"),)


def _buttons(asked: Asked) -> tuple[Button, ...]:
    return tuple(
        Button(o.label, _tap(asked, o), o.hint, o.key in asked.chosen)
        if not o.start
        else Button(o.label, f"go:{o.start}", o.hint)
        for o in asked.shown
    )


def _tap(asked: Asked, option: Option) -> str:
    """What comes back; a minus unticks, so that a double tap is not both."""
    untick = "-" if option.key in asked.chosen else ""
    return f"{asked.id}:{untick}{option.key}"


def _controls(draft: Draft, asked: Asked, question: Ask) -> tuple[Button, ...]:
    labels = sentences.controls(draft.speech)
    wanted = {
        "done": asked.kind == "pick_many",
        "more": asked.pages > 1,
        "skip": question.optional,
        "back": bool(draft.trail),
        "menu": asked.flow != "menu" and bool(draft.language),
    }
    drawn = tuple(
        Button(labels[name], "go:menu" if name == "menu" else f"{asked.id}:_{name}")
        for name, yes in wanted.items()
        if yes
    )
    return (*drawn, *_other_language(draft))


def _other_language(draft: Draft) -> tuple[Button, ...]:
    """One tap to go on in the language this answer is in."""
    code = draft.offered_language
    return (Button(f"🌍 {draft.languages[code].name}", f"go:language-{code}"),) if code else ()


def _howto(asked: Asked, controls: tuple[Button, ...], speech: Speech) -> str:
    """The first word the translator lists for each control: what one types without buttons."""
    words = listed(speech)
    names = [button.tap.removeprefix("go:").rpartition(":")[2].strip("_") for button in controls]
    typed = [
        words[name].replace("،", ",").split(",")[0]
        for name in names
        if name in words and name != "done"
    ]
    return sentences.howto(asked, typed, speech)


def anchored(text: str, direction: str) -> str:
    """``text`` with every line starting in its language's direction.

    A line that begins with a number or an isolate has none of its own (UAX #9, P2).
    """
    if direction == "ltr":
        return text
    return "\n".join(f"{_RLM}{line}" if line else line for line in text.split("\n"))
