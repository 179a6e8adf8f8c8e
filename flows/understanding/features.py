"""What a classifier sees of a text: hashed features with values, in groups of equal weight."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import sqrt
from zlib import crc32

from flows.understanding.comuni import Named
from flows.understanding.lexicon import Hit
from flows.understanding.scripts import consonants, script_of, sound

Features = tuple[list[int], list[float]]

_UNSEEN = ("number",)  # slots that say nothing of the intent


def of_intent(
    tokens: Sequence[str], hits: Sequence[Hit], named: Sequence[Named], bits: int
) -> Features:
    """Words, letters, sounds and concepts of a text; names and numbers count as their kind."""
    shown = _kinds(tokens, named)
    return _hashed(
        (
            (0.8, _word_features(shown)),
            (0.7, _letter_features(shown, 3, 5)),
            (0.5, _sound_features(shown)),
            (1.2, _concepts(hits, named)),
            (1.8, _pairs(hits, named)),
            (0.3, [f"n{min(len(shown), 6)}", f"q{'?' in shown}", "b"]),
        ),
        bits,
    )


def of_language(raw: str, tokens: Sequence[str], named: Sequence[Named], bits: int) -> Features:
    """Words and letters of a text, without names; ``raw`` still has its accents."""
    shown = [word for word in _kinds(tokens, named) if word[0] not in "<?"]
    accented = [word for word in raw.casefold().split() if not word.isascii()]
    return _hashed(
        (
            (1.0, [f"w{word}" for word in shown]),
            (1.0, _letter_features(shown, 1, 4)),
            (0.6, [f"a{gram}" for word in accented for gram in _grams(f" {word} ", 1, 3)]),
            (0.8, [f"s{script_of(raw)}"]),
        ),
        bits,
    )


def _kinds(tokens: Sequence[str], named: Sequence[Named]) -> list[str]:
    """The tokens, with ``<kind>`` for names of comuni, numbers and times."""
    inside = {at for name in named for at in range(name.start, name.end)}
    first = {name.start for name in named}
    shown = []
    for at, token in enumerate(tokens):
        if at in first:
            shown.append("<place>")
        elif at not in inside:
            shown.append(_kind(token))
    return shown


def _kind(token: str) -> str:
    if token[0].isdecimal():
        if ":" in token:
            return "<time>"
        if token.isdecimal():
            return "<few>" if len(token) < 2 else "<some>" if len(token) < 3 else "<many>"
    return token


def _word_features(shown: Sequence[str]) -> list[str]:
    words = [f"w{word}" for word in shown]
    pairs = [f"p{a} {b}" for a, b in zip(("^", *shown), (*shown, "$"), strict=True)]
    return words + pairs


def _letter_features(shown: Sequence[str], low: int, high: int) -> list[str]:
    return [
        f"c{gram}" for word in shown if word[0] != "<" for gram in _grams(f" {word} ", low, high)
    ]


def _grams(word: str, low: int, high: int) -> Iterable[str]:
    for size in range(low, high + 1):
        for start in range(len(word) - size + 1):
            yield word[start : start + size]


def _sound_features(shown: Sequence[str]) -> list[str]:
    sounds = [sound(word) for word in shown if word[0] != "<" and word[0].isalpha()]
    bones = [f"k{bone}" for bone in map(consonants, sounds) if len(bone) >= 2]
    pairs = [f"z{a} {b}" for a, b in pairwise(sounds)]
    return [f"s{one}" for one in sounds] + bones + pairs


def _concepts(hits: Sequence[Hit], named: Sequence[Named]) -> list[str]:
    found = {f"h{hit.slot}={hit.value}" for hit in hits if hit.slot not in _UNSEEN}
    found |= {f"h{hit.slot}" for hit in hits if hit.slot not in (*_UNSEEN, "relation", "about")}
    found |= {f"e{hit.slot}={hit.value}" for hit in hits if hit.exact and hit.slot == "about"}
    found |= {f"r{name.role}" for name in named}
    return sorted(found)


def _pairs(hits: Sequence[Hit], named: Sequence[Named]) -> list[str]:
    """Every two concepts of a text together: ``my`` with ``appointment`` is another question."""
    found = {f"{hit.slot[0]}{hit.value}" for hit in hits if hit.slot in _PAIRED}
    found |= {hit.slot for hit in hits if hit.slot in _PAIRED_AS_KIND}
    found |= {f"r{hit.value}" for hit in hits if hit.value in _PAIRED_ROLES}
    found |= {"place" for _ in named}
    ordered = sorted(found)
    return [f"x{a}&{b}" for at, a in enumerate(ordered) for b in ordered[at + 1 :]]


_PAIRED = ("cue", "about", "action")
_PAIRED_AS_KIND = ("sector", "oos", "danger", "topic", "day", "time", "language", "care")
_PAIRED_ROLES = ("child", "rooms", "one_room", "years", "months", "euro", "no_car", "from", "to")


def _hashed(groups: Iterable[tuple[float, list[str]]], bits: int) -> Features:
    places: list[int] = []
    values: list[float] = []
    for weight, group in groups:
        if group:
            value = weight / sqrt(len(group))
            places += [crc32(one.encode("utf-8", "replace")) >> (32 - bits) for one in group]
            values += [value] * len(group)
    return places, values
