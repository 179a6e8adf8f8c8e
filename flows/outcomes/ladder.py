"""From interest to work: the rungs, what an answer does to them, and when to ask again. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

RUNGS = ("interested", "contacted", "interview", "started", "still_30", "still_90")
"""How far somebody came with an offer, from the lowest."""

FOLLOWED = ("job", "training")
"""The topics of offers that one can start: a home or a bus ride has no such ladder."""

SAID = (*RUNGS[1:], "not_yet", "no", "left", "quiet")
"""What somebody may answer. ``no``: it came to nothing; ``quiet``: they want no such question."""

FIRST = timedelta(days=10)
AGAIN = timedelta(days=14)
MOST_QUESTIONS = 3
"""How often somebody is asked, in all, before they have started."""
STILL = {"still_30": timedelta(days=30), "still_90": timedelta(days=90)}
TOO_LATE = timedelta(days=21)
"""A question that could not be put for so long is not put any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """``rung`` is the highest they reached; ``ended``: empty, ``no``, ``left`` or ``quiet``.

    ``asked`` counts the questions before the start; ``due_at`` is when the next one is due.
    """

    rung: str = "interested"
    ended: str = ""
    asked: int = 0
    started_at: datetime | None = None
    due_at: datetime | None = None


def reached(one: Standing, rung: str) -> bool:
    """Whether they came so far, or further."""
    return RUNGS.index(one.rung) >= RUNGS.index(rung)


def was_told(one: Standing) -> bool:
    """Whether a question is to come or has been put: nobody else is asked, whatever they say."""
    return one.due_at is not None or one.asked > 0


def began(now: datetime) -> Standing:
    """They have just said that they are interested, and were told of the question to come."""
    return Standing(due_at=now + FIRST)


def answered(one: Standing, said: str, now: datetime) -> Standing:
    """After an answer, which may come late, twice or out of order; ``said`` is one of `SAID`.

    Nobody goes down the ladder. The last word counts on whether it goes on; after ``quiet`` there
    is no further question.
    """
    match said:
        case "quiet":
            return replace(one, ended="quiet", due_at=None)
        case "no" | "left":
            return _came_to_an_end(one, said)
        case "not_yet":
            early = not reached(one, "started") and not one.ended
            return _to_be_asked(one, now) if early else one
        case "still_30" | "still_90":
            return _still_there(one, now)
    return _climbed(one, said, now)


def asked(one: Standing, now: datetime) -> Standing:
    """The question that was due has been put."""
    if not reached(one, "started"):
        return replace(one, asked=one.asked + 1, due_at=None)
    return replace(one, due_at=_next_still(one, now))


def stage(one: Standing, now: datetime) -> str:
    """Which question is put now: ``how`` it goes, or one of `STILL`."""
    if not reached(one, "started"):
        return "how"
    long_there = one.started_at and now >= one.started_at + STILL["still_90"]
    return "still_90" if long_there or reached(one, "still_30") else "still_30"


def _came_to_an_end(one: Standing, said: str) -> Standing:
    """Whoever started cannot be refused any more, and who did not start has nothing to leave."""
    fits = reached(one, "started") == (said == "left")
    if not fits or one.ended == "quiet":
        return one
    return replace(one, ended=said, due_at=None)


def _still_there(one: Standing, now: datetime) -> Standing:
    """By the clock, not by the question: a late "yes" answers the next one too, an early none."""
    if one.started_at is None:
        return one
    ended = "" if one.ended == "left" else one.ended
    passed = [name for name, after in STILL.items() if now >= one.started_at + after]
    after = replace(one, rung=max([one.rung, *passed], key=RUNGS.index), ended=ended)
    return replace(after, due_at=None if ended else _next_still(after, now))


def _climbed(one: Standing, rung: str, now: datetime) -> Standing:
    if reached(one, rung):
        return one
    ended = "quiet" if one.ended == "quiet" else ""
    after = replace(one, rung=rung, ended=ended)
    if rung == "started":
        after = replace(after, started_at=now)
        return replace(after, due_at=None if ended else _next_still(after, now))
    return replace(after, due_at=None) if ended else _to_be_asked(after, now)


def _to_be_asked(one: Standing, now: datetime) -> Standing:
    return replace(one, due_at=now + AGAIN if one.asked < MOST_QUESTIONS else None)


def _next_still(one: Standing, now: datetime) -> datetime | None:
    """Those that are behind us are not asked any more."""
    if one.started_at is None:
        return None
    ahead = [one.started_at + after for name, after in STILL.items() if not reached(one, name)]
    return next((at for at in ahead if at > now), None)
