"""The menu, and help."""

from flows import labels
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
