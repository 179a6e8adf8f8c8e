"""Every word on the chat page."""

from flows.speech import Speech


def page_words(speech: Speech) -> dict[str, str]:
    """Key → words in one language, with the language itself."""
    _ = speech.gettext
    return {
        "language": speech.code,
        "direction": speech.direction,
        "title": _("Opportunities desk"),
        "placeholder": _("Write here"),
        "send": _("Send"),
        "location": _("Share my position"),
        "location_denied": _("Your position is not available. Write the name of your town."),
        "new_chat": _("New chat"),
        "connection_lost": _("No connection. Trying again …"),
        "you": _("You"),
        "bot": _("Assistant"),
        "choose": _("Choose an answer"),
        "demo_note": _("A trial page: the offers here are invented."),
        "restart_hint": _("Write “menu” to begin again."),
        "typing": _("The assistant is writing …"),
    }
