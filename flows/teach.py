"""Whether questions that were not understood may be kept: people of the desk teach with them."""

from flows.desk import RecordConsent
from flows.flow import Flow
from flows.moves import Ask, Do, End, Move
from flows.privacy import ask_consent
from flows.talk import Talk

PURPOSE = "questions"

teach = Flow("teach", digression=True)


def notice(talk: Talk) -> str:
    """The words a person agrees to."""
    _ = talk.gettext
    return _(
        "💡 When I do not understand a question, may I keep it for 30 days, without names and "
        "numbers? The people of the desk read it to teach me."
    )


@teach.step()
def keep_questions(talk: Talk) -> Ask:
    """Yes or no; no deletes what was kept."""
    return ask_consent(talk, notice(talk))


@teach.step()
def record_questions(talk: Talk) -> Move:
    """Their answer, with the words they saw."""
    given = talk.answers.pick("keep_questions") == "yes"
    return Do(RecordConsent(PURPOSE, given, notice(talk), talk.speech.code))


@teach.step()
def taught(talk: Talk) -> Move:
    """Say so."""
    _ = talk.gettext
    return End(_("Done. ✅"))
