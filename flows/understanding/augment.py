"""More examples from those that were written: typos, other words of the kind, polite frames."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

_NEIGHBOURS = {"a": "s", "e": "r", "i": "o", "o": "p", "n": "m", "t": "r", "s": "d", "c": "v"}
_ALONE = {  # which intent a term alone most likely stands for
    "sector": "job",
    "contract": "job",
    "oos": "out_of_scope",
    "danger": "emergency",
    "care": "childcare",
    "language": "language_change",
}
_TOPIC = {
    "hours": "desk_info",
    "address": "desk_info",
    "documents": "desk_info",
    "interpreter": "desk_info",
    "italian_course": "training",
    "driving_licence": "training",
    "internship": "training",
    "computer": "training",
    "school_diploma": "training",
    "safety": "training",
    "forklift": "training",
    "care_course": "training",
}
_ACTION = {
    "cancel": "cancel_appointment",
    "reschedule": "cancel_appointment",
    "unsubscribe": "stop",
    "delete_data": "stop",
}
_UNFRAMED = ("greeting", "menu", "stop")


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence, what it asks, and how much it counts."""

    text: str
    intent: str
    weight: float = 1.0


def examples(data: Mapping[str, Any]) -> list[Written]:
    """The sentences of a questions.yaml, as they were written."""
    return [
        Written(str(text), str(intent))
        for intent, texts in (data.get("examples") or {}).items()
        for text in texts or ()
    ]


def alone(data: Mapping[str, Any]) -> list[Written]:
    """The words of a questions.yaml by themselves, as people in a hurry send them."""
    return list(_alone(data))


def varied(written: Sequence[Written], data: Mapping[str, Any]) -> Iterator[Written]:
    """Each sentence once more: with a typo, in a polite frame, or with another word of the kind."""
    hello, kinds = _short(data, "greeting"), _kinds(data)
    for one in written:
        seed = crc32(one.text.encode())
        text = _other_word(one, kinds, seed) if seed % 3 == 0 else ""
        if not text and seed % 3 == 1 and hello and one.intent not in _UNFRAMED:
            first = hello[seed % len(hello)]
            text = f"{first} {one.text}" if seed % 4 else f"{one.text} {first}"
        if not text:
            text = (misspelt, without_vowel)[seed // 7 % 2](one.text, seed)
        yield replace(one, text=text, weight=0.6 * one.weight)


def misspelt(text: str, seed: int) -> str:
    """``text`` with a letter dropped, doubled, swapped with the next, or hit beside."""
    spots = [at for at, c in enumerate(text[:-1]) if c.isalpha() and text[at + 1].isalpha()]
    if len(spots) < 4:
        return text
    for turn in range(1 + len(spots) // 25):
        at = spots[(seed >> (3 * turn)) % len(spots)]
        c, after = text[at], text[at + 1 :]
        change = ("", c + c, after[:1] + c, _NEIGHBOURS.get(c, ""))[(seed >> turn) % 4]
        text = text[:at] + change + (after[1:] if (seed >> turn) % 4 == 2 else after)
        spots = spots[: len(spots) // 2]
    return text


def without_vowel(text: str, seed: int) -> str:
    """``text`` with one vowel in the middle of a word left out, or the other way to spell it."""
    for a, b in (("kh", "x"), ("q", "k"), ("aa", "a"), ("ee", "i"), ("oo", "u"), ("7", "h")):
        if a in text and seed % 2:
            return text.replace(a, b)
    spots = [
        at
        for at in range(1, len(text) - 1)
        if text[at] in "aeiou" and text[at - 1].isalpha() and text[at + 1].isalpha()
    ]
    return text if len(spots) < 3 else text[: (at := spots[seed % len(spots)])] + text[at + 1 :]


def _alone(data: Mapping[str, Any]) -> Iterator[Written]:
    terms = data.get("terms") or {}
    for slot, intent in _ALONE.items():
        for phrases in (terms.get(slot) or {}).values():
            yield from (Written(str(phrase), intent, 0.3) for phrase in phrases or ())
    for slot, intents in (("topic", _TOPIC), ("action", _ACTION)):
        for value, phrases in (terms.get(slot) or {}).items():
            if value in intents:
                yield from (Written(str(one), intents[value], 0.15) for one in phrases or ())
    for intent, phrases in (data.get("topics") or {}).items():
        yield from (Written(str(phrase), str(intent), 0.3) for phrase in phrases or ())


def _short(data: Mapping[str, Any], intent: str) -> list[str]:
    """Greetings of one or two words, the first of them: later ones may say more."""
    texts = [str(text) for text in ((data.get("examples") or {}).get(intent) or ())[:10]]
    return [text for text in texts if len(text.split()) <= 2]


def _kinds(data: Mapping[str, Any]) -> list[list[str]]:
    """Groups of words that may stand for one another: names of work, days, parts of the day."""
    terms = data.get("terms") or {}
    groups = [
        [str(phrase) for phrases in (terms.get(slot) or {}).values() for phrase in (phrases or ())]
        for slot in ("sector", "day", "time", "language")
    ]
    return [group for group in groups if len(group) > 1]


def _other_word(one: Written, kinds: Sequence[Sequence[str]], seed: int) -> str:
    words = one.text.split()
    for group in kinds:
        known = set(group)
        for at, word in enumerate(words):
            if word in known:
                changed = [*words[:at], group[seed % len(group)], *words[at + 1 :]]
                return " ".join(changed)
    return ""
