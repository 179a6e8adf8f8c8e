"""An appointment somebody asks for in their own words: what they said is not asked again."""

from flows.moves import Move, Start
from flows.talk import Talk, Value
from flows.understanding.fitting import asked_place

APPOINTMENTS = ("book_appointment", "cancel_appointment", "my_appointment")
"""Intents that are about an appointment."""


def asks_to_meet(talk: Talk, intent: str) -> bool:
    """About an appointment; also who asks when somebody is there who speaks a language."""
    answers = talk.answers
    named = any(answers.pick(name) for name in ("day", "date", "time"))
    interpreter = intent == "desk_info" and named and bool(answers.get("interpreter"))
    return intent in APPOINTMENTS or interpreter


def appointment_asked(talk: Talk, intent: str) -> Move:
    """To booking, moving, cancelling or looking."""
    if intent == "my_appointment":
        return Start("appointments")
    if intent == "cancel_appointment":
        moves = talk.answers.pick("action") == "reschedule"
        return Start("appointments-move" if moves else "appointments-cancel", _when(talk))
    return Start("appointment", _when(talk) | _where(talk) | _spoken(talk))


def _when(talk: Talk) -> dict[str, Value]:
    on = talk.answers.pick("date") or talk.answers.pick("day")
    at = talk.answers.pick("time")
    return {name: value for name, value in (("on", on), ("at", at)) if value}


def _where(talk: Talk) -> dict[str, Value]:
    near = asked_place(talk.answers, talk.desk.places)
    there = [place.id for place in talk.desk.agenda.places() if near and place.comune == near.istat]
    return {"place": there[0]} if there else {}


def _spoken(talk: Talk) -> dict[str, Value]:
    """The language they named, or their own when they only asked for an interpreter."""
    named = talk.answers.pick("language")
    wanted = named or (talk.speech.code if talk.answers.get("interpreter") else "")
    return {"speaks": wanted} if wanted in talk.desk.agenda.languages() else {}
