"""What a flow may ask of the outcomes, and have done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far one person came with one offer (`flows.outcomes.ladder`), whatever became of it.

    ``title`` and ``organisation`` are in the words that the reader knows best.
    """

    id: int
    listing: str
    topic: str
    title: str
    organisation: str
    rung: str
    ended: str = ""


@dataclass(frozen=True, slots=True)
class SayOutcome:
    """Somebody says how it went: one of `flows.outcomes.ladder.SAID`.

    The result is ``done``, or ``gone`` when it is not theirs.
    """

    id: int
    said: str
