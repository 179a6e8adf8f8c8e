"""What Telegram shows of the assistant outside the conversation, in each language."""

from flows.speech import Speech


def commands(speech: Speech) -> dict[str, str]:
    """Command → what it does (Bot API: at most 256 letters each)."""
    _ = speech.gettext
    return {
        "menu": _("All that I can do"),
        "help": _("How to use me"),
        "language": _("Another language"),
        "person": _("Talk to a person at the desk"),
        "data": _("What I know about you; delete it"),
        "stop": _("No more messages from me"),
        "start": _("Begin again"),
    }


def description(speech: Speech) -> str:
    """Shown in an empty chat (Bot API: at most 512 letters)."""
    _ = speech.gettext
    return _(
        "The opportunities desk north of Asti, in your language: work, training, homes, rides, "
        "childcare. Free. I am a robot; a person of the desk is one tap away."
    )


def short_description(speech: Speech) -> str:
    """Shown on the profile page (Bot API: at most 120 letters)."""
    _ = speech.gettext
    return _("Work, training, homes, rides and childcare north of Asti. Free, in your language.")


def news_waiting(speech: Speech) -> str:
    """WhatsApp's opener when there is news somebody agreed to get."""
    _ = speech.gettext
    return _(
        "Hello from the opportunities desk north of Asti. There is something new that may suit "
        "you. Tap the button to read it, or write STOP for no more messages."
    )


def read_it(speech: Speech) -> str:
    """The opener's button."""
    _ = speech.gettext
    # Translators: at most 20 characters.
    return _("Read it")
