"""How it went with an offer: answered from a letter with one tap, or of one's own accord."""

from flows.flow import Flow
from flows.messages import Option
from flows.moves import Do, End, Move, pick
from flows.outcomes.ladder import RUNGS, SAID
from flows.outcomes.letters import answers, wording
from flows.outcomes.port import Outcome, SayOutcome
from flows.talk import Answers, Talk


def begin(argument: str, profile: Answers) -> Answers:
    """``outcome-12`` asks about one offer; ``outcome-started_12`` is an answer to a letter."""
    said, _, number = argument.rpartition("_")
    if not number:
        return Answers()
    return Answers(which=number, how=said) if said in SAID else Answers(which=number)


outcome = Flow("outcome", digression=True, begin=begin)


def follows(talk: Talk) -> bool:
    """Whether this person is asked how it went (docs/reasons.md: the consent to alerts)."""
    return talk.contact.agreed("alerts") and talk.contact.alerts == "on"


def _chosen(talk: Talk) -> Outcome | None:
    number = talk.answers.pick("which")
    return next((o for o in talk.desk.outcomes(talk.speech.code) if str(o.id) == number), None)


def _none(talk: Talk) -> bool:
    return not talk.desk.outcomes(talk.speech.code)


@outcome.step(when=_none)
def none(talk: Talk) -> Move:
    """They have not been interested in any, or it was removed."""
    _ = talk.gettext
    return End(_("This offer is not there any more."))


@outcome.step()
def which(talk: Talk) -> Move:
    """The offers they were interested in, the newest first."""
    _ = talk.gettext
    mine = talk.desk.outcomes(talk.speech.code)
    options = (Option(str(o.id), talk.speech.isolate(o.title), o.organisation) for o in mine)
    return pick(_("How did it go? Choose the offer."), options)


@outcome.step(when=lambda talk: _chosen(talk) is None)
def gone(talk: Talk) -> Move:
    """It is not theirs."""
    _ = talk.gettext
    return End(_("This offer is not there any more."))


@outcome.step()
def how(talk: Talk) -> Move:
    """The next rungs."""
    one = _chosen(talk)
    assert one is not None, "the step before has made sure"
    early = RUNGS.index(one.rung) < RUNGS.index("started")
    there = "still_90" if one.rung in ("still_30", "still_90") else "still_30"
    stage = "how" if early else there
    return pick(wording(one, stage, talk.speech), answers(one, stage, talk.gettext))


@outcome.step()
def noted(talk: Talk) -> Move:
    """In this turn's transaction."""
    return Do(SayOutcome(int(talk.answers.pick("which")), talk.answers.pick("how")))


@outcome.step()
def thanks(talk: Talk) -> Move:
    """A kind word, whatever it was."""
    _ = talk.gettext
    there, over = _("That is good to hear! 👏"), _("Thank you for telling me. The desk can help.")
    words = {
        "contacted": _("Thank you! Good luck. 🍀"),
        "interview": _("Thank you! Good luck. 🍀"),
        "started": _("Congratulations! 🎉 I wish you a good start."),
        "still_30": there,
        "still_90": there,
        "not_yet": _("All right, there is no hurry."),
        "quiet": _("All right, I do not ask you about this any more."),
    }
    return End(words.get(talk.answers.pick("how"), over))
