"""When to show the emergency numbers: in doubt, show them."""

from collections.abc import Sequence
from enum import Enum

from flows.understanding.lexicon import Hit

_LIKELY = 0.35  # without a word of danger: nonsense of all kinds comes near
_WITH_A_WORD, _WITH_A_PHRASE, _POSSIBLE = 0.25, 0.1, 0.08


class Alarm(Enum):
    """``SURE``: answer with the numbers at once. ``POSSIBLE``: add them to another answer."""

    NONE = 0
    POSSIBLE = 1
    SURE = 2


def alarm(chance: float, hits: Sequence[Hit]) -> Alarm:
    """How alarming a text is: ``chance`` is the classifier's, ``hits`` the words in it."""
    danger = [hit for hit in hits if hit.slot == "danger"]
    phrase = any(hit.exact and hit.length >= 2 for hit in danger)
    least = _WITH_A_PHRASE if phrase else _WITH_A_WORD if danger else _LIKELY
    if chance >= least:
        return Alarm.SURE
    return Alarm.POSSIBLE if danger or chance >= _POSSIBLE else Alarm.NONE
