"""Before somebody who does not write any more is forgotten, they are told: one tap keeps all."""

from datetime import date

from flows.drawing import letter
from flows.flow import Flow
from flows.messages import Option, Outbound
from flows.moves import End, Move
from flows.speech import Speech
from flows.talk import Talk


def farewell(day: date, speech: Speech) -> Outbound:
    """From ``day`` on everything about them is deleted, unless they write."""
    _ = speech.gettext
    text = _(
        "You have not written to me for a long time. If you do not write before {date}, "
        "I will delete everything I know about you."
    )
    options = [
        Option("keep", _("✅ Keep my data"), start="keep"),
        Option("erase", _("🗑️ Delete everything"), start="erase"),
    ]
    return letter(speech.fill(text, date=speech.day_and_month(day)), options, speech)


keep = Flow("keep", digression=True)


@keep.step()
def kept(talk: Talk) -> Move:
    """That they wrote is what keeps it."""
    _ = talk.gettext
    return End(_("Done. ✅"))
