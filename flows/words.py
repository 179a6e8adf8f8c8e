"""Words that mean the same everywhere: menu, back, stop … in every language at once.

Each catalog lists them, comma-separated, under the context ``words``; so does the label of a
control, typed. A word of the person's own language wins over the same word of another one.
"""

from functools import cache

from flows import sentences
from flows.folding import fold
from flows.reading import GREETING
from flows.speech import Languages, Speech

# What each meaning does: a control of the engine, or the start of a flow.
CONTROLS = ("back", "skip", "more", "done")
STARTS = {
    "menu": "menu",
    "help": "help",
    "language": "language",
    "person": "person",
    "appointment": "appointment",
    "my appointments": "appointments",
    "stop": "stop",
    "start": "welcome_back",
    "my data": "privacy",
    "delete my data": "erase",
    "questions": "intake",
    "offers": "browse",
    "job": "browse-job",
    "training": "browse-training",
    "housing": "browse-housing",
    "transport": "browse-transport",
    "childcare": "browse-childcare",
    "community": "browse-community",
    "service": "browse-service",
    "alerts": "alerts",
}


@cache
def listed(speech: Speech) -> dict[str, str]:
    """Meaning → the comma-separated words for it, as the translator of one language wrote them."""
    pgettext = speech.pgettext
    # Translators: what a person may type, in any common spelling, separated by commas.
    return {
        "back": pgettext("words", "back"),
        "skip": pgettext("words", "skip"),
        "more": pgettext("words", "more"),
        "done": pgettext("words", "done"),
        "menu": pgettext("words", "menu"),
        "help": pgettext("words", "help"),
        "language": pgettext("words", "language"),
        "person": pgettext("words", "person"),
        "appointment": pgettext("words", "appointment"),
        "my appointments": pgettext("words", "my appointments"),
        "stop": pgettext("words", "stop"),
        "start": pgettext("words", "start"),
        "my data": pgettext("words", "my data"),
        "delete my data": pgettext("words", "delete my data"),
        "questions": pgettext("words", "questions"),
        "offers": pgettext("words", "offers"),
        "job": pgettext("words", "job"),
        "training": pgettext("words", "training"),
        "housing": pgettext("words", "housing"),
        "transport": pgettext("words", "transport"),
        "childcare": pgettext("words", "childcare"),
        "community": pgettext("words", "community"),
        "service": pgettext("words", "service"),
        "alerts": pgettext("words", "alerts"),
        "name of the language": pgettext("words", "name of the language"),
    }


def separate(words: str) -> list[str]:
    """The folded words of a comma-separated list; the Arabic comma counts too."""
    return [word for word in map(fold, words.replace("،", ",").split(",")) if word]


class GlobalWords:
    """Looks a whole message up among the global words."""

    def __init__(self, languages: Languages) -> None:
        self._own: dict[str, dict[str, str]] = {}
        self._any: dict[str, str] = {}
        for code, speech in languages.items():
            names = (fold(speech.name), code if code != GREETING else "")
            own = {word: f"go:language-{code}" for word in names if word}
            for name, label in sentences.controls(speech).items():
                own[fold(label)] = _effect(name, code)
            for meaning, words in listed(speech).items():
                own |= dict.fromkeys(separate(words), _effect(meaning, code))
            self._own[code] = own
            self._any = own | self._any

    def meaning(self, text: str, language: str) -> str:
        """A control (``back`` …), a start (``go:menu``), or empty when the text is neither."""
        word = fold(text)
        return self._own.get(language, {}).get(word) or self._any.get(word, "")

    def meaning_beside_names(self, text: str, language: str) -> str:
        """The same where any word may be a name: Nina is no child and Sari skips nothing.

        The person's own words count but for the topics; of other languages STOP and their names.
        """
        word, found = fold(text), self.meaning(text, language)
        own = word in self._own.get(language, {}) and not found.startswith("go:browse")
        named = found.startswith("go:language") and len(word) > _LONGEST_CODE
        return found if own or named or found == "go:stop" else ""


_LONGEST_CODE = 3  # of a language; "Om" and "Pa" are names


def _effect(meaning: str, language: str) -> str:
    if meaning in CONTROLS:
        return meaning
    return f"go:{STARTS[meaning]}" if meaning in STARTS else f"go:language-{language}"
