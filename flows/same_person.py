"""A WhatsApp number may have passed to somebody else: asked before anything personal is shown."""

from flows import labels
from flows.desk import KnowAgain, LetGo
from flows.draft import Draft
from flows.flow import Flow
from flows.moves import Do, Leave, Move, choices, pick
from flows.reading import Again, Answer, Begin, Misread, Question, Reading
from flows.talk import Talk
from flows.tickets.hearing import ForDesk

_NAME = "same_person"
same_person = Flow(_NAME)


@same_person.step()
def same(talk: Talk) -> Move:
    """Says nothing of whoever had the number."""
    _ = talk.gettext
    text = _(
        "👋 You have not written for a long time. Sometimes a phone number passes to another "
        "person. Have you written to this desk before, with this number?"
    )
    return pick(text, choices(labels.yes_no(_)))


@same_person.step(when=lambda talk: talk.answers.pick("same") == "yes")
def known_again(talk: Talk) -> Move:
    """What waited for them goes out."""
    return Do(KnowAgain())


@same_person.step(when=lambda talk: talk.answers.pick("same") == "no")
def let_go(talk: Talk) -> Move:
    """The number is the earlier person's no more."""
    return Do(LetGo())


@same_person.step(when=lambda talk: talk.answers.pick("same") == "no")
def start_anew(talk: Talk) -> Move:
    """The next message comes from somebody new."""
    _ = talk.gettext
    return Leave(
        _(
            "Thank you. I show you nothing of the person who had this number before. "
            "Write to me again, and we start anew. 👋"
        )
    )


def asked_first(draft: Draft, reading: Reading | ForDesk) -> Reading | ForDesk:
    """What may be done while we do not know who writes: answer that question, choose a language,
    STOP, and be helped in danger. Anything else leads to the question.
    """
    pending = draft.asked.flow if draft.asked else ""
    match reading:
        case Answer() | Misread() if pending in (_NAME, "language"):
            return reading
        case Again() if pending == _NAME:
            return reading
        case Begin(start) if start.split("-")[0] in (_NAME, "stop", "language"):
            return _aside(draft, reading)
        case Question(said) if said.intent == "emergency":
            return _aside(draft, reading)
        case ForDesk(_, Question() as alarm):
            return _aside(draft, alarm)
        case _:
            return Begin(_NAME)


def _aside(draft: Draft, reading: Reading) -> Reading:
    """So that what was going on before comes back with the question, not with an answer."""
    if draft.flow is None or draft.flow.name != _NAME:
        draft.begin(_NAME)
    return reading
