"""How words reach the people of the desk, and when the assistant calls them itself."""

from flows import sentences
from flows.draft import Draft
from flows.messages import Event
from flows.questions import take_question
from flows.reading import Again, Begin, Misread, Question, Reading
from flows.tickets.hearing import FLOW, ForDesk, desk_has_floor, lost_on_us
from flows.tickets.port import TellDesk

_TOO_OFTEN = 3


def help_for_puzzled(draft: Draft, reading: Reading | ForDesk) -> Reading | ForDesk:
    """``reading``, or the people of the desk after three messages in a row that nobody read."""
    if isinstance(reading, Again):
        return reading
    lost = reading is Misread.NOT_TEXT or (not isinstance(reading, ForDesk) and lost_on_us(reading))
    draft.puzzled = draft.puzzled + 1 if lost else 0
    elsewhere = draft.asked is None or draft.asked.flow != FLOW
    if draft.puzzled < _TOO_OFTEN or not (draft.language and elsewhere):
        return reading
    draft.puzzled = 0
    return Begin(f"{FLOW}-misread")


def pass_on(draft: Draft, text: str, alarm: Question | None) -> None:
    """To the ticket; acknowledged when it is the first, or when the assistant had the floor."""
    away = not desk_has_floor(draft.desk.tickets.mine(), draft.asked)
    first = draft.desk.perform(TellDesk(text)) == "first"
    draft.events.append(Event("told_desk"))
    if alarm:
        take_question(draft, alarm)
    elif first or away:
        draft.say(sentences.passed_on(draft.speech))
        if away and draft.asked:
            draft.repeat()
