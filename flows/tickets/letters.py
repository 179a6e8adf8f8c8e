"""What people of the desk write to a person, in the person's language where that can be."""

from collections.abc import Callable
from dataclasses import replace

from flows.drawing import letter, menu_button
from flows.messages import Outbound
from flows.speech import Speech

WAITS = "answer_waiting"
"""The WhatsApp opener that says that an answer waits; one for each language."""


def canned(_: Callable[[str], str]) -> dict[str, str]:
    """Answers that exist in every language, by key; operators see them in the desk's."""
    return {
        "read": _("I have read your message. I will find out and write to you here."),
        "call_us": _("Please call us: it is quicker by telephone."),
        "call_you": _("We will call you. Please write your telephone number and when you can."),
        "come": _("Please come to the desk when it is open. It is free."),
        "more": _("Please tell us a little more about it."),
        "elsewhere": _("We cannot do this here, but we tell you who does. Please call or come."),
    }


def own_words(text: str, speech: Speech, desk_speech: Speech) -> Outbound:
    """What an operator wrote, as it was written, and in which language that is."""
    _ = speech.gettext
    if speech.code == desk_speech.code:
        return _from_desk(text, speech)
    said = speech.fill(
        _("🙋 A person of the desk wrote this, in {language}:"),
        language=speech.language_name(desk_speech.code),
    )
    lines = "\n".join(speech.isolate(line) for line in text.split("\n"))
    return _with_menu(f"{said}\n\n{lines}", speech)


def canned_words(key: str, speech: Speech) -> Outbound:
    """A canned answer, in the person's language. Raises KeyError."""
    return _from_desk(canned(speech.gettext)[key], speech)


def over(speech: Speech) -> Outbound:
    """The desk has closed the ticket: whoever writes now writes to the robot."""
    _ = speech.gettext
    text = _(
        "👋 The conversation with the desk has ended. The robot answers again. "
        "To talk to a person once more, write: person."
    )
    return _with_menu(text, speech)


def waits_text(speech: Speech) -> str:
    """The body of the template."""
    _ = speech.gettext
    return _("An answer from the opportunities desk waits for you. Tap the button to read it.")


def waits_button(speech: Speech) -> str:
    """The template's one button."""
    _ = speech.gettext
    # Translators: a button, 20 characters at most.
    return _("📩 Read the answer")


def _from_desk(text: str, speech: Speech) -> Outbound:
    _ = speech.gettext
    said = _("🙋 A person of the desk writes:")
    return _with_menu(f"{said}\n\n{text}", speech)


def _with_menu(text: str, speech: Speech) -> Outbound:
    return replace(letter(text, (), speech), kind="tell", controls=menu_button(speech))
