"""The menu, help, and how to reach a person."""

from flows import labels
from flows.cards import card
from flows.flow import Flow
from flows.messages import Option
from flows.moves import End, Move, pick
from flows.profile import rows
from flows.talk import Talk

menu = Flow("menu")


@menu.step()
def choose(talk: Talk) -> Move:
    """Every choice is a start, so an old menu works for ever."""
    _ = talk.gettext
    topics = [Option(key, label, start=f"browse-{key}") for key, label in labels.topics(_).items()]
    answers = _("📝 My answers") if rows(talk) else _("📝 Find what fits me")
    rest = [
        Option("questions", answers, start="intake"),
        Option("person", _("🙋 Ask the desk"), start="person"),
        Option("more", _("⚙️ Settings, my data"), start="privacy"),
    ]
    return pick(_("What can I do for you?"), [*topics, *rest], page_size=10)


help = Flow("help", digression=True)


@help.step()
def explained(talk: Talk) -> Move:
    """What it can do, and the words that always work."""
    _ = talk.gettext
    return End(
        _(
            "I am a robot of the opportunities desk. I show offers that the desk has checked: "
            "work, courses, homes, rides, childcare. "
            "Tap a button, or write the number or the word. "
            "These words always work: menu, back, language, my data, person, STOP. "
            "In danger call 112: it is free."
        )
    )


person = Flow("person", digression=True)


@person.step()
def reach(talk: Talk) -> Move:
    """The desk's own card: never an invented number."""
    _ = talk.gettext
    desks = [
        listing
        for listing in talk.desk.listings("service", talk.speech.code)
        if listing.details.get("kind") == "desk"
    ]
    if not desks:
        return End(_("Please ask at your town hall: they know how to reach the desk."))
    cards = "\n\n".join(card(listing, talk) for listing in desks[:1])
    return End("\n\n".join((_("You can talk to a person at the desk:"), cards)))
