"""Learning from the examples and words of every language; the same input gives the same model."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError

from flows.places import Gazetteer
from flows.understanding import features
from flows.understanding.augment import Written, alone, examples, varied
from flows.understanding.comuni import Comuni
from flows.understanding.lexicon import Entry, Lexicon, entries, hits_in
from flows.understanding.linear import Example, learn
from flows.understanding.model import INTENT_BITS, INTENTS, LANGUAGE_BITS, Model
from flows.understanding.normalise import tokens, words
from flows.understanding.scripts import script_of

Data = Mapping[str, Any]  # one questions.yaml
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIXED = "it"  # people mix the words of the country into every language
_RARE_SCRIPT = 0.02  # of a language's examples: below it is a slip


@dataclass(frozen=True, slots=True)
class _Language:
    code: str
    data: Data
    written: list[Written]
    lexicon: Lexicon


def train(all_data: Mapping[str, Data], places: Gazetteer) -> Model:
    """The model of these languages, by code."""
    found = {code: [*entries(data), *calendar(code)] for code, data in all_data.items()}
    known = _known(all_data, places)
    comuni = Comuni(places, known)
    languages = [
        _Language(code, data, examples(data), Lexicon(found[code], known))
        for code, data in sorted(all_data.items())
    ]
    mixed = [one.lexicon for one in languages if one.code == _MIXED]
    asked: list[Example] = []
    spoken: list[Example] = []
    for number, one in enumerate(languages):
        _add_examples(one, number, mixed, comuni, asked, spoken)
    codes = [one.code for one in languages]
    return Model(
        learn(_balanced(asked), INTENTS, INTENT_BITS),
        learn(_balanced(spoken), codes, LANGUAGE_BITS, passes=3),
        found,
        {one.code: _scripts(one) for one in languages},
        known,
    )


def calendar(code: str) -> list[Entry]:
    """The names of days and months in a language (CLDR)."""
    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return []
    found = []
    for day, name in locale.days["format"]["wide"].items():
        found.append((words(name), "day", _WEEK[day]))
    for form in ("format", "stand-alone"):
        for month, name in locale.months[form]["wide"].items():
            found.append((words(name), "month", f"{month:02d}"))
    return [entry for entry in found if entry[0] and entry[0][0].isalpha()]


def _add_examples(
    one: _Language,
    number: int,
    mixed: Sequence[Lexicon],
    comuni: Comuni,
    asked: list[Example],
    spoken: list[Example],
) -> None:
    """The examples of one language: for the intents with variations, for the languages without."""
    lexicons = list(dict.fromkeys([one.lexicon, *mixed]))
    plain = [*one.written, *alone(one.data)]
    for at, text in enumerate([*plain, *varied(one.written, one.data)]):
        split = tokens(text.text)
        if not split or text.intent not in INTENTS:
            continue
        hits = hits_in(split, lexicons)
        named = comuni.named(split, hits, lexicons)
        seen = features.of_intent(split, hits, named, INTENT_BITS)
        asked.append(Example(seen, INTENTS.index(text.intent), text.weight))
        if at < len(plain):
            heard = features.of_language(text.text, split, named, LANGUAGE_BITS)
            spoken.append(Example(heard, number, text.weight))


def _balanced(found: Sequence[Example]) -> list[Example]:
    """Rare labels count more, by the square root of how rare they are."""
    counts = Counter(example.label for example in found)
    usual = len(found) / len(counts)
    return [
        replace(example, weight=example.weight * (usual / counts[example.label]) ** 0.5)
        for example in found
    ]


def _known(all_data: Mapping[str, Data], places: Gazetteer) -> frozenset[str]:
    """Words of the examples and lexicons that are no names of comuni."""
    names = {word for name in places.names() for word in words(name)}
    said: Counter[str] = Counter()
    for data in all_data.values():
        said.update({word for text in examples(data) for word in tokens(text.text)})
        for entry in entries(data):
            said.update(entry[0])
    return frozenset(word for word in said if len(word) >= 4 and word not in names)


def _scripts(one: _Language) -> list[str]:
    counts = Counter(script_of(text.text) for text in one.written)
    return sorted(s for s, count in counts.items() if count >= _RARE_SCRIPT * len(one.written))
