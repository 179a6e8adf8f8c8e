"""Reading what a person sent against the question as it was asked."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from rapidfuzz import fuzz, process

from flows.conversation import Asked
from flows.folding import clean, fold, numbers
from flows.messages import Inbound
from flows.places import Gazetteer, Place
from flows.talk import Answers, Value
from flows.understanding.understand import Understood


class Misread(StrEnum):
    """Why an answer could not be read; `flows.sentences` has one kind sentence for each."""

    NOT_AN_OPTION = "not_an_option"
    NOT_A_NUMBER = "not_a_number"
    TOO_LOW = "too_low"
    TOO_HIGH = "too_high"
    TOO_LONG = "too_long"
    NOT_A_PLACE = "not_a_place"
    NOT_TEXT = "not_text"
    NEEDED = "needed"
    EARLIER = "earlier"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the pending question."""

    value: Value


@dataclass(frozen=True, slots=True)
class Toggle:
    """One option of a pick_many is to be ticked (``on``) or unticked: twice does no harm."""

    key: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Control:
    """``back``, ``skip``, ``more`` or ``done``."""

    name: str


@dataclass(frozen=True, slots=True)
class Begin:
    """A start: ``flow`` or ``flow-argument``; ``then`` goes on when that flow has ended.

    ``answers`` are known to ``then`` already.
    """

    start: str
    then: str = ""
    answers: Answers = field(default_factory=Answers)


@dataclass(frozen=True, slots=True)
class Maybe:
    """A comune that may be one of these."""

    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """The same tap twice: nothing to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question in their own words, with how many words it has."""

    said: Understood
    words: int


GREETING = "hi"  # also the code of Hindi: whoever says hello has chosen no language

Find = Callable[[str, Asked], str]
Reading = Answer | Toggle | Control | Begin | Maybe | Again | Question | Misread

_SIMILAR = 84.0
# "1, 3 e 4", in every language we speak
_AND_WORDS = (
    "e", "ed", "and", "et", "y", "și", "dhe", "і", "та", "й", "и",
    "و", "اور", "এবং", "ও", "আর", "और", "ਅਤੇ", "ਤੇ",
)  # fmt: skip
_AND = frozenset(map(fold, _AND_WORDS))
_MOST_WORDS = 5  # around a number that is an age: "I am 27 years old"
_COMMA = re.compile("[,،;؛]")


def read_tap(tap: str, asked: Asked | None, last: tuple[int, str]) -> Reading:
    """A button: a start works always, an answer only to the question it came with."""
    if tap.startswith("go:"):
        return Begin(tap.removeprefix("go:"))
    question, _, key = tap.partition(":")
    if asked is None or question != str(asked.id):
        return Again() if _twice(question, key, asked, last) else Misread.EARLIER
    if key.startswith("_"):
        return Control(key.removeprefix("_"))
    return _chosen(asked, key)


def _twice(question: str, key: str, asked: Asked | None, last: tuple[int, str]) -> bool:
    """Whether this is the second tap on a button whose first one brought us here."""
    if key.startswith("_"):
        return asked is not None and question == str(asked.id - 1)
    return (question, key) == (str(last[0]), last[1])


def exactly(word: str, asked: Asked) -> str:
    """The key of the option whose label or key this is, or an empty string."""
    labels = {fold(option.label): option.key for option in asked.options}
    keys = {fold(option.key): option.key for option in asked.options if option.key != GREETING}
    return labels.get(word) or keys.get(word, "")


def nearly(word: str, asked: Asked) -> str:
    """The same, or the one option whose label holds these words or is nearly this one."""
    if found := exactly(word, asked):
        return found
    labels = {fold(option.label): option.key for option in asked.options}
    said = set(word.split())
    within = [key for label, key in labels.items() if said <= set(label.split())]
    if len(within) == 1:
        return within[0]
    if len(word) < 4:
        return ""
    near = process.extract(word, labels.keys(), scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=2)
    clear = len(near) == 1 or (len(near) == 2 and near[0][1] - near[1][1] > 6)
    return labels[near[0][0]] if clear else ""


def read_option(text: str, asked: Asked, find: Find = nearly) -> Reading | None:
    """``text`` as an option of the pending question: by number, or as ``find`` does; else None."""
    word = fold(text)
    if asked.kind == "pick_many":
        keys = _several(text, asked, find)
        return Answer(list(keys)) if keys else None
    if asked.kind not in ("pick", "place") or not word:
        return None
    if word.isdigit() and (found := numbers(word)):
        shown = asked.shown
        if 1 <= found[0] <= len(shown):
            return _chosen(asked, shown[found[0] - 1].key)
        key = _range(found[0], asked)
    else:
        key = find(word, asked) or (_said_age(text, asked) if find is nearly else "")
    return _chosen(asked, key) if key else None


def read_free(inbound: Inbound, asked: Asked, places: Gazetteer) -> Reading:
    """An answer that is no option: a number, some words, a comune."""
    if inbound.media:
        return Misread.NOT_TEXT
    match asked.kind:
        case "number":
            return _number(inbound.text, asked)
        case "text":
            return _words(inbound.text, asked)
        case "place":
            return _place(inbound, places)
        case _:
            return Misread.NOT_AN_OPTION


def _chosen(asked: Asked, key: str) -> Reading:
    untick = asked.kind == "pick_many" and key.startswith("-")
    key = key.removeprefix("-") if untick else key
    option = next((o for o in asked.options if o.key == key), None)
    if option is None:
        return Misread.EARLIER
    if option.start:
        return Begin(option.start)
    return Toggle(key, on=not untick) if asked.kind == "pick_many" else Answer(key)


def _spans(key: str, number: int) -> bool:
    """Whether the option is a range that holds the number: ``25_34``, ``under_14``, ``55_up``."""
    low, _, high = key.partition("_")
    if low == "under" and high.isdigit():
        return number < int(high)
    if not low.isdigit():
        return False
    return int(low) <= number and (high == "up" or (high.isdigit() and number <= int(high)))


def _range(number: int, asked: Asked) -> str:
    return next((o.key for o in asked.options if _spans(o.key, number)), "")


def _said_age(text: str, asked: Asked) -> str:
    """``27`` of "I am 27"; never the lowest range: "I have 2 children" must not make a child."""
    found = numbers(text)
    if len(found) != 1 or len(text.split()) > _MOST_WORDS:
        return ""
    key = _range(found[0], asked)
    return "" if key.startswith("under") else key


def _several(text: str, asked: Asked, find: Find) -> tuple[str, ...]:
    """The keys of ``1, 3 e 4``, ``cleaning and kitchen`` or, where the options are ranges, ``4 and
    7 years``; none unless every part is an option.
    """
    typed, words = numbers(text), fold(text).split()
    if typed and _AND.issuperset(word for word in words if not word.isdigit()):
        parts = [str(number) for number in typed]
    else:
        commas = filter(str.strip, _COMMA.split(text))
        parts = [one for part in commas for one in _apart(part, asked, find)]
    keys = [_one(part, asked, find) for part in parts]
    if not all(keys) and find is nearly and len(words) <= _MOST_WORDS:
        keys = [_range(number, asked) for number in typed]
    return tuple(dict.fromkeys(keys)) if keys and all(keys) else ()


def _apart(part: str, asked: Asked, find: Find) -> list[str]:
    """``part`` alone where it is an option ("Kitchen and hotel"), else what "and" joins in it."""
    if _one(part, asked, find):
        return [part]
    groups = groupby(fold(part).split(), key=_AND.__contains__)
    return [" ".join(words) for joins, words in groups if not joins]


def _one(part: str, asked: Asked, find: Find) -> str:
    found, shown = numbers(part), asked.shown
    if found and not any(c.isalpha() for c in part):
        return shown[found[0] - 1].key if 1 <= found[0] <= len(shown) else ""
    return find(fold(part), asked)


def _number(text: str, asked: Asked) -> Reading:
    found = numbers(text)
    if len(found) != 1:
        return Misread.NOT_A_NUMBER
    if found[0] < asked.low:
        return Misread.TOO_LOW
    return Misread.TOO_HIGH if found[0] > asked.high else Answer(found[0])


def _words(text: str, asked: Asked) -> Reading:
    words = " ".join(clean(text).split())
    if not words:
        return Misread.NOT_TEXT
    return Misread.TOO_LONG if len(words) > asked.high else Answer(words)


def _place(inbound: Inbound, places: Gazetteer) -> Reading:
    if inbound.location is not None:
        here = places.nearest(inbound.location)
        return Answer(here.istat) if here else Answer("elsewhere")
    found = places.find(inbound.text)
    if isinstance(found, Place):
        return Answer(found.istat)
    return Maybe(tuple(found)) if found else Misread.NOT_A_PLACE
