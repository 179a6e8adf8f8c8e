"""A broadcast as one person reads it."""

from flows.drawing import letter
from flows.messages import Option, Outbound
from flows.speech import Speech


def broadcast(text: str, speech: Speech, words: Speech, start: str = "") -> Outbound:
    """``text``, which is in the language of ``words``, for somebody who reads ``speech``.

    ``start`` is what "tell me more" opens: a deep link, which answers no pending question. The last
    line says how to get no more of these.
    """
    _ = speech.gettext
    lines = text.strip().split("\n")
    if words.code != speech.code:
        said = _("This message is only in this language: {language}. The desk can explain it.")
        name = speech.language_name(words.code)
        lines = [speech.fill(said, language=name), *map(speech.isolate, lines)]
    lines += ["", _("To get no more messages like this, write STOP.")]
    # Translators: a button, 20 characters at most.
    options = [Option("more", _("ℹ️ Tell me more"), start=start)] if start else []
    return letter("\n".join(lines), options, speech)
