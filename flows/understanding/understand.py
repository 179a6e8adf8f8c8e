"""From a text to what is asked: the language, the intent, how sure, and the slots."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from flows.places import Gazetteer
from flows.understanding import features
from flows.understanding.comuni import Comuni, Named
from flows.understanding.emergency import Alarm, alarm
from flows.understanding.lexicon import Hit, Lexicon, hits_in
from flows.understanding.linear import Floats
from flows.understanding.model import INTENT_BITS, INTENTS, LANGUAGE_BITS, Model
from flows.understanding.normalise import tokens
from flows.understanding.scripts import script_of
from flows.understanding.slots import Seen, Slots, find_slots

SURE = 0.57  # below it we ask: "did you mean …?"
_ALSO = 0.12
_NAME = 4  # letters of a word that may name an offer
_ONLY_A_NAME = 0.3  # the name of a comune alone asks nothing
_LIKELY_LANGUAGE = 0.25
_RARER = {"hi": 0.2, "pcm": 0.5}  # in Latin letters, beside their near twins Urdu and English
_HABIT = 3.0  # how much likelier a text is in the conversation's language, before it is read


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text asks. ``also`` holds what else it may ask, likeliest first.

    ``abstained``: we are not sure enough to act on ``intent``.
    """

    language: str
    language_confidence: float
    intent: str
    confidence: float
    abstained: bool
    slots: Slots = field(default_factory=dict)
    also: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    """Words that may name an offer: none that people use to ask, no comuni, no numbers."""

    @property
    def alarming(self) -> bool:
        """Whether it may be an emergency, beside what it asks."""
        return "emergency" in self.also


class Understanding:
    """Reads questions with a model. Pure: the same text is always understood alike."""

    def __init__(self, model: Model, places: Gazetteer) -> None:
        self._model = model
        self._lexicons = model.lexicons()
        self._comuni = Comuni(places, model.known)
        self._native = {
            script: np.array([script in model.scripts[code] for code in model.languages.labels])
            for script in {s for scripts in model.scripts.values() for s in scripts}
        }
        self._rarer = np.array([_RARER.get(code, 1.0) for code in model.languages.labels])

    def understand(self, text: str, conversation_language: str = "") -> Understood:
        """What ``text`` asks; it never raises."""
        split = tokens(text)
        if not any(token[0].isalnum() for token in split):
            return Understood(conversation_language, 0.0, "menu", 0.0, True)
        likely = self._languages(text, split, conversation_language)
        codes = self.model_codes
        language = codes[int(likely.argmax())]
        lexicons = self._lexicons_for(likely, conversation_language)
        hits = hits_in(split, lexicons)
        return self._decided(text, split, hits, lexicons, language, float(likely.max()))

    @property
    def model_codes(self) -> Sequence[str]:
        """The languages it knows, in the order of their probabilities."""
        return self._model.languages.labels

    def _languages(self, text: str, split: Sequence[str], habit: str) -> Floats:
        named = self._comuni.named(split, (), ())
        seen = features.of_language(text, split, named, LANGUAGE_BITS)
        likely = self._model.languages.probabilities(seen)
        native = self._native.get(script_of(text))
        if native is not None and native.any():
            likely = likely * native
        if script_of(text) == "Latn":
            likely = likely * self._rarer
        if habit in self.model_codes:
            likely = likely.copy()
            likely[self.model_codes.index(habit)] *= _HABIT if len(split) > 2 else _HABIT**3
        total = float(likely.sum())
        result: Floats = likely / total if total else likely
        return result

    def _lexicons_for(self, likely: Floats, habit: str) -> list[Lexicon]:
        order = np.argsort(-likely)[:3]
        codes = [self.model_codes[i] for i in order if likely[i] >= _LIKELY_LANGUAGE]
        codes = list(dict.fromkeys([*codes, self.model_codes[int(order[0])], "it", habit]))
        return [self._lexicons[code] for code in codes if code in self._lexicons]

    def _decided(
        self,
        text: str,
        split: Sequence[str],
        hits: Sequence[Hit],
        lexicons: Sequence[Lexicon],
        language: str,
        language_confidence: float,
    ) -> Understood:
        named = self._comuni.named(split, hits, lexicons)
        seen = features.of_intent(split, hits, named, INTENT_BITS)
        chances = self._model.intents.probabilities(seen)
        order = [int(i) for i in np.argsort(-chances)]
        danger = alarm(float(chances[INTENTS.index("emergency")]), hits)
        if danger is Alarm.SURE:
            order.sort(key=lambda i: INTENTS[i] != "emergency")
        intent, confidence = INTENTS[order[0]], float(chances[order[0]])
        if len(split) == sum(name.end - name.start for name in named):
            confidence = min(confidence, _ONLY_A_NAME)
        also = [INTENTS[i] for i in order[1:4] if chances[i] >= _ALSO]
        if danger is Alarm.POSSIBLE and "emergency" not in also:
            also.append("emergency")
        return Understood(
            language,
            language_confidence,
            intent,
            confidence,
            confidence < SURE and danger is not Alarm.SURE,
            find_slots(intent, Seen(text, split, hits, named)),
            tuple(also),
            self._rare(split, hits, named),
        )

    def _rare(
        self, split: Sequence[str], hits: Sequence[Hit], named: Sequence[Named]
    ) -> tuple[str, ...]:
        spans = [(one.start, one.end) for one in hits] + [(one.start, one.end) for one in named]
        taken = {at for start, end in spans for at in range(start, end)}
        words = (word for at, word in enumerate(split) if at not in taken)
        known = self._model.known
        return tuple(word for word in words if len(word) >= _NAME and word not in known)
