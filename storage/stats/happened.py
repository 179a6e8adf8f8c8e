"""Events as statistics count them: who did what on which day, and who was shown offers first."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from storage.columns import from_ms
from storage.stats.crowds import NOBODY, Crowd, crowd

LISTS = {("browse", "offer"), ("answer", "offers")}
"""Flow and step where offers are listed."""
SEEN, ANSWERED = "seen", "answered"
_QUARTER_MS = 900_000


class What(NamedTuple):
    """Something that people do.

    Of kind `SEEN` the key is the channel where they were last on that day, or empty where only the
    desk noted something. A question has no key, or `ANSWERED` when at least one had an answer.
    """

    kind: str
    flow: str = ""
    step: str = ""
    key: str = ""


EventRow = tuple[int, int, str, str, str, str, str, int]
"""Id, contact, kind, flow, step, key, channel and Unix milliseconds."""
Day = dict[What, Crowd]
"""Who did what on one day."""


@dataclass(slots=True)
class First:
    """``questions`` put to somebody before offers were shown, at ``at`` (milliseconds)."""

    questions: int = 0
    at: int | None = None


def days(rows: Iterable[EventRow], zone: ZoneInfo) -> dict[date, Day]:
    """Events in the order of their ids, day by day; of a turn all or none must be there."""
    did: dict[tuple[date, What], set[int]] = defaultdict(set)
    channels: dict[tuple[date, int], str] = {}
    turns: Counter[tuple[date, int, int, str]] = Counter()
    day_of = local_days(zone)
    for _, who, kind, flow, step, key, channel, at in rows:
        day = day_of(at)
        did[day, _what(kind, flow, step, key)].add(who)
        if channel or (day, who) not in channels:
            channels[day, who] = channel
        if flow == "answer" and kind in ("question", "unsure", "nothing_fits"):
            turns[day, who, at, step] += 1 if kind == "question" else -1
    for (day, who), channel in channels.items():
        did[day, What(SEEN, key=channel)].add(who)
    for (day, who, _, intent), more in turns.items():
        if more > 0:
            did[day, What("question", "answer", intent, ANSWERED)].add(who)
    found: dict[date, Day] = defaultdict(dict)
    for (day, what), some in did.items():
        found[day][what] = crowd(some)
    return found


def joined(before: Mapping[What, Crowd], after: Mapping[What, Crowd]) -> Day:
    """One day, in two parts; where somebody was last is where they were in the later part."""
    moved = NOBODY
    for what, some in after.items():
        if what.kind == SEEN and what.key:
            moved |= some
    both = {
        what: some & ~moved if what.kind == SEEN and what.key else some
        for what, some in before.items()
    }
    for what, some in after.items():
        both[what] = both.get(what, NOBODY) | some
    return both


def count_questions(rows: Iterable[EventRow], firsts: dict[int, First]) -> None:
    """Go on with ``firsts`` over events in the order of their ids."""
    for _, who, kind, flow, step, _, _, at in rows:
        if kind != "asked":
            continue
        first = firsts.setdefault(who, First())
        if first.at is not None:
            continue
        if (flow, step) in LISTS:
            first.at = at
        else:
            first.questions += 1


def local_days(zone: ZoneInfo) -> Callable[[int], date]:
    """The local day of a moment; all offsets of today's zones are whole quarters of an hour."""

    @lru_cache(maxsize=4096)
    def of(quarter: int) -> date:
        return from_ms(quarter * _QUARTER_MS).astimezone(zone).date()

    return lambda at: of(at // _QUARTER_MS)


@lru_cache(maxsize=4096)
def _what(kind: str, flow: str, step: str, key: str) -> What:
    """Without the key where nobody counts by it: what was chosen in the intake, and where."""
    told = kind == "question" or (kind, flow) == ("answered", "intake")
    return What(kind, flow, step, "" if told else key)
