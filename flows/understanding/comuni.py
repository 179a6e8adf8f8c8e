"""Comuni named in a text, and whether somebody wants to go there, comes from there, or near it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from flows.places import Gazetteer, Place
from flows.understanding.lexicon import Hit, Lexicon
from flows.understanding.normalise import variants, words

_TYPO = 85.0
# Comuni whose names are everyday words somewhere: they count only after "in", "to", "from" …
_EVERYDAY = frozenset(
    [
        "bruno",
        "viale",
        "grana",
        "isola",
        "alba",
        "bra",
        "برا",
        "ast",
        "celle",
        "canale",
        "casale",
        "cisterna",
        "incisa",
        "cerreto",
        "tonco",
        "grazzano",
        "rocca",
        "serole",
        "penango",
        "vaglio",
        "solio",
        "monastero",
        "cassinasco",
        "soglio",
        "frinco",
        "piea",
    ]
)
_ROLES = ("from", "to", "near")


@dataclass(frozen=True, slots=True)
class Named:
    """``tokens[start:end]`` names a comune; ``role`` is ``from``, ``to``, ``near`` or empty."""

    start: int
    end: int
    place: Place
    role: str = ""


class Comuni:
    """Finds comuni in tokens. ``known`` holds words that are surely no misspelt name."""

    def __init__(self, gazetteer: Gazetteer, known: Collection[str]) -> None:
        self._names: dict[tuple[str, ...], Place] = {}
        for name, place in gazetteer.names().items():
            self._names.setdefault(words(name), place)
        self._longest = max(map(len, self._names), default=0)
        self._single = {
            name[0]: place
            for name, place in self._names.items()
            if len(name) == 1 and len(name[0]) >= 5 and name[0] not in _EVERYDAY
        }
        self._joined = {
            " ".join(name): place for name, place in self._names.items() if len(name) == 2
        }
        self._known = known

    def named(
        self, tokens: Sequence[str], hits: Sequence[Hit], lexicons: Sequence[Lexicon]
    ) -> list[Named]:
        """The comuni in ``tokens``, in order, with their roles."""
        found, at = [], 0
        while at < len(tokens):
            one = self._at(tokens, at, lexicons)
            if one is None:
                at += 1
                continue
            role = one.role or _role(one, hits)
            everyday = one.end - one.start == 1 and tokens[at] in _EVERYDAY
            if role or not everyday:
                found.append(Named(one.start, one.end, one.place, role))
            at = one.end
        return found

    def _at(self, tokens: Sequence[str], at: int, lexicons: Sequence[Lexicon]) -> Named | None:
        for length in range(min(self._longest, len(tokens) - at), 0, -1):
            if place := self._names.get(tuple(tokens[at : at + length])):
                return Named(at, at + length, place)
        return self._glued(tokens, at, lexicons) or self._misspelt(tokens, at)

    def _glued(self, tokens: Sequence[str], at: int, lexicons: Sequence[Lexicon]) -> Named | None:
        """A name with an ending or a small word glued to it: لأستي, আস্তিতে."""
        for rest in variants(tokens[at])[1:]:
            for length in (3, 2, 1):
                key = (rest, *tokens[at + 1 : at + length])
                if len(key) == length and (place := self._names.get(key)):
                    to = tokens[at].startswith("ل")
                    return Named(at, at + length, place, "to" if to else "")
        token = tokens[at]
        if token in self._known:
            return None
        for cut in range(1, min(5, len(token) - 3)):
            stem, ending = token[:-cut], token[-cut:]
            if place := self._names.get((stem,)):
                return Named(at, at + 1, place, _suffix_role(ending, lexicons))
        return None

    def _misspelt(self, tokens: Sequence[str], at: int) -> Named | None:
        token = tokens[at]
        if len(token) < 5 or token in self._known or not token.isalpha():
            return None
        pair = f"{token} {tokens[at + 1]}" if at + 1 < len(tokens) else ""
        if pair and (place := _nearest(pair, self._joined)):
            return Named(at, at + 2, place)
        place = _nearest(token, self._single)
        return Named(at, at + 1, place) if place else None


def _nearest(typed: str, names: dict[str, Place]) -> Place | None:
    near = process.extractOne(typed, names.keys(), scorer=fuzz.ratio, score_cutoff=_TYPO)
    return names[near[0]] if near else None


def _suffix_role(ending: str, lexicons: Sequence[Lexicon]) -> str:
    has: Callable[[str], bool] = lambda role: any(  # noqa: E731
        ending in lexicon.affixes(f"{role}_suffix") for lexicon in lexicons
    )
    return next((role for role in _ROLES if has(role)), "")


def _role(named: Named, hits: Sequence[Hit]) -> str:
    """The role that the words just before the name give it, or those just after."""
    relations = [hit for hit in hits if hit.slot == "relation"]
    before = [
        (hit.length, hit.value)
        for hit in relations
        if hit.value in _ROLES and 0 <= named.start - hit.end <= 0
    ]
    after = [
        (hit.length, hit.value.removesuffix("_after"))
        for hit in relations
        if hit.value.endswith("_after") and hit.start == named.end
    ]
    best = max(before + after, default=(0, ""))
    return best[1]
