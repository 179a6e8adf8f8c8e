"""The words of one language for the things people ask about, found in a text.

Words are found as written, or nearly: another ending, another spelling of the same sound, a typo.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz, process

from flows.understanding.normalise import variants, words
from flows.understanding.scripts import consonants, is_abjad, sound

Entry = tuple[tuple[str, ...], str, str]  # words, slot, value

_TYPO = 84.0  # rapidfuzz ratio: one wrong letter in a word of six
_LONE = 80.0
_EXACT_ONLY = ("relation", "number")  # small words mean something else with one letter changed


@dataclass(frozen=True, slots=True)
class Hit:
    """``tokens[start:end]`` means ``value`` for ``slot``; ``exact`` when it is spelt so."""

    start: int
    end: int
    slot: str
    value: str
    exact: bool

    @property
    def length(self) -> int:
        """How many tokens it covers."""
        return self.end - self.start


def entries(data: Mapping[str, Any]) -> list[Entry]:
    """What a questions.yaml says about words: phrases with the slot and value they mean."""
    found: list[Entry] = []
    for slot, values in (data.get("terms") or {}).items():
        for value, phrases in (values or {}).items():
            found += _phrases(phrases, str(slot), str(value))
    for intent, phrases in (data.get("topics") or {}).items():
        found += _phrases(phrases, "about", str(intent))
    for cue, phrases in (data.get("cues") or {}).items():
        found += _phrases(phrases, "cue", str(cue))
    for number, phrases in (data.get("numbers") or {}).items():
        found += _phrases(phrases, "number", str(number))
    for role, phrases in (data.get("relations") or {}).items():
        found += _phrases(phrases, "relation", str(role))
    return list(dict.fromkeys(found))


class Lexicon:
    """One language's entries, indexed by word, by sound and by beginning.

    ``known`` holds words that are surely spelt right.
    """

    def __init__(self, found: Iterable[Entry], known: Collection[str] = ()) -> None:
        self._known = known
        self._starting: dict[str, list[Entry]] = {}
        self._vocabulary: set[str] = set()
        self._small: set[str] = set()
        for entry in found:
            self._starting.setdefault(entry[0][0], []).append(entry)
            known = self._small if entry[1] in _EXACT_ONLY else self._vocabulary
            known.update(entry[0])
        self._sounds: dict[str, list[str]] = {}
        self._beginnings: dict[str, list[str]] = {}
        for word in sorted(self._vocabulary):
            self._sounds.setdefault(sound(word), []).append(word)
            self._beginnings.setdefault(word[:3], []).append(word)
        self._long = [word for word in sorted(self._vocabulary) if len(word) >= 5]
        self._meant = lru_cache(maxsize=4096)(self._means)

    def hits(self, tokens: Sequence[str]) -> list[Hit]:
        """Every phrase of the lexicon in ``tokens``."""
        meant = [self._meant(token) for token in tokens]
        found = []
        for start, candidates in enumerate(meant):
            for word in candidates:
                for phrase, slot, value in self._starting.get(word, ()):
                    end = start + len(phrase)
                    if self._follows(meant[start + 1 : end], phrase[1:]):
                        exact = all(map(_spelt, tokens[start:end], phrase))
                        if exact or _nearly(tokens[start:end], phrase, slot):
                            found.append(Hit(start, end, slot, value, exact))
        return found

    def knows(self, word: str) -> bool:
        """Whether the word stands in the lexicon as it is."""
        return word in self._vocabulary or word in self._small

    def affixes(self, role: str) -> tuple[str, ...]:
        """Endings or beginnings that this language glues to a name (``to_suffix`` …)."""
        return tuple(
            phrase[0]
            for group in self._starting.values()
            for phrase, slot, value in group
            if slot == "relation" and value == role
        )

    @staticmethod
    def _follows(meant: Sequence[tuple[str, ...]], rest: Sequence[str]) -> bool:
        return len(meant) == len(rest) and all(
            word in candidates for word, candidates in zip(rest, meant, strict=True)
        )

    def _means(self, token: str) -> tuple[str, ...]:
        """The words of the lexicon that ``token`` may be: itself, or the nearest ones."""
        own = [word for word in variants(token) if self.knows(word)]
        if own or len(token) < 4 or not token[0].isalpha():
            return tuple(own)
        near = self._same_sound(token) + self._same_stem(token)
        if not near and len(token) >= 5 and token not in self._known:
            typo = process.extractOne(token, self._long, scorer=fuzz.ratio, score_cutoff=_TYPO)
            near = [typo[0]] if typo else []
        return tuple(dict.fromkeys(near))

    def _same_sound(self, token: str) -> list[str]:
        sounded = sound(token)
        return self._sounds.get(sounded, []) if len(consonants(sounded)) >= 2 else []

    def _same_stem(self, token: str) -> list[str]:
        forms = variants(token)
        return [
            word
            for form in forms
            for word in self._beginnings.get(form[:3], ())
            if _same_stem(form, word)
        ]


def _spelt(token: str, word: str) -> bool:
    return token == word or word in variants(token)


def _nearly(said: Sequence[str], phrase: Sequence[str], slot: str) -> bool:
    """Whether words that are not spelt so may count; a lone word of danger must be very like."""
    if slot != "danger" or len(phrase) > 1:
        return slot not in _EXACT_ONLY
    return len(said[0]) >= 5 and fuzz.ratio(said[0], phrase[0]) >= _LONE


def hits_in(tokens: Sequence[str], lexicons: Sequence[Lexicon]) -> list[Hit]:
    """The hits of the likeliest language, and those of the others that are spelt exactly so."""
    own = lexicons[0].hits(tokens) if lexicons else []
    others = [hit for lexicon in lexicons[1:] for hit in lexicon.hits(tokens) if hit.exact]
    return own + others


def _same_stem(a: str, b: str) -> bool:
    """Whether two words differ in their last letters only."""
    common = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    common = min(len(a), len(b)) if common is None else common
    least = 3 if is_abjad(a) or "\u0900" <= a[0] <= "\u0dff" else 4
    if common < least or len(a) > len(b) + min(4, max(2, len(b) - 2)):
        return False
    return common == len(b) or (common >= 5 and len(b) - common <= 2 and len(a) - common <= 2)


def _phrases(phrases: Any, slot: str, value: str) -> list[Entry]:
    if isinstance(phrases, str):
        phrases = phrases.split(",")
    split = (words(str(phrase)) for phrase in phrases or ())
    return [(phrase, slot, value) for phrase in split if phrase]
