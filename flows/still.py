"""Asking whoever answers for an offer whether it still holds."""

from flows.desk import AnswerForOffer
from flows.flow import Flow
from flows.messages import Option
from flows.moves import Do, End, Move, pick
from flows.talk import Answers, Talk


def begin(argument: str, profile: Answers) -> Answers:
    """``still-<offer>``."""
    return Answers(offer=argument)


still = Flow("still", digression=True, begin=begin)


def _not_mine(talk: Talk) -> bool:
    said = talk.answers.pick("answer")
    return not said and not talk.desk.answers_for(talk.answers.pick("offer"))


@still.step(when=_not_mine)
def not_mine(talk: Talk) -> Move:
    """It was closed meanwhile, or somebody else answers for it."""
    _ = talk.gettext
    return End(_("This offer is not there any more."))


@still.step()
def answer(talk: Talk) -> Move:
    """One tap is enough."""
    _ = talk.gettext
    offer = talk.desk.listing(talk.answers.pick("offer"), talk.speech.code)
    text = talk.fill(
        _("Is this offer still open?\n{title}, {organisation}"),
        title=offer.title if offer else talk.answers.pick("offer"),
        organisation=offer.organisation if offer else "",
    )
    options = [
        Option("yes", _("✅ Yes, still open")),
        Option("filled", _("🚫 No, it is taken")),
        Option("changed", _("✏️ It has changed")),
    ]
    return pick(text, options)


@still.step()
def noted(talk: Talk) -> Move:
    """The offer is brought up to date, or the operators are told."""
    return Do(AnswerForOffer(talk.answers.pick("offer"), talk.answers.pick("answer")))


@still.step()
def thanks(talk: Talk) -> Move:
    """What becomes of it."""
    _ = talk.gettext
    sayings = {
        "yes": _("Thank you! People see that you have just confirmed it."),
        "filled": _("Thank you! Nobody will see this offer any more."),
        "changed": _("Thank you! Somebody of the desk will ask you what has changed."),
    }
    done = talk.answers.pick("noted") == "done"
    gone = _("This offer is not there any more.")
    return End(sayings.get(talk.answers.pick("answer"), "") if done else gone)
