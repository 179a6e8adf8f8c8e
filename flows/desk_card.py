"""The desk's own card: never an invented number."""

from flows.cards import card
from flows.talk import Talk


def desk_card(talk: Talk, intent: str = "human_help") -> str:
    """How to reach the desk, with a first sentence that answers ``intent``."""
    _ = talk.gettext
    desks = [
        listing
        for listing in talk.desk.listings("service", talk.speech.code)
        if listing.details.get("kind") == "desk"
    ]
    if not desks:
        return _("Please ask at your town hall: they know how to reach the desk.")
    return "\n\n".join((_first_words(talk, intent), card(desks[0], talk)))


def _first_words(talk: Talk, intent: str) -> str:
    _ = talk.gettext
    match intent:
        case "desk_info":
            return _("This is the desk. Everything there is free.")
        case "book_appointment":
            return _("For an appointment call the desk, or come when it is open:")
        case "cancel_appointment":
            return _("To change or cancel an appointment, please call the desk:")
        case "my_appointment":
            return _("The desk knows the day and the hour of your appointment. Please call:")
        case _:
            return _("You can talk to a person at the desk:")
