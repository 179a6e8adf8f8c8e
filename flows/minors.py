"""Italy's age of digital consent is 14 (art. 2-quinquies Codice privacy): younger, nothing is kept.

Three flows ask for the age before they keep anything or promise to write: these are their steps.
"""

from flows import labels
from flows.desk import EraseContact
from flows.flow import Flow, When
from flows.moves import Ask, Do, Leave, Move, choices, pick
from flows.talk import Talk


def ask_age(talk: Talk) -> Ask:
    """The age as a band."""
    _ = talk.gettext
    return pick(_("How old are you?"), choices(labels.ages(_)))


def under_14(talk: Talk) -> bool:
    """Whether they have just said so."""
    return talk.answers.pick("age") == "under_14"


def add_goodbye(flow: Flow, when: When = under_14) -> None:
    """Nothing of a child stays with us, and they are told whom to ask instead."""

    @flow.step(when=when)
    def erase_minor(talk: Talk) -> Move:
        return Do(EraseContact())

    @flow.step(when=when)
    def ask_an_adult(talk: Talk) -> Move:
        """114 and 19696 are Italy's free lines for children."""
        _ = talk.gettext
        return Leave(
            _(
                "Thank you for telling me. You are under 14, so I keep nothing about you. "
                "Please write to me together with a parent, or ask a teacher or the desk. "
                "If you are in danger or sad, call 114 or 19696: it is free."
            )
        )
