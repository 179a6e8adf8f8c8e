"""What was learned from the examples: two classifiers and the words of every language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.understanding.lexicon import Entry, Lexicon
from flows.understanding.linear import Linear

INTENTS = (
    "job",
    "training",
    "housing",
    "transport",
    "childcare",
    "desk_info",
    "book_appointment",
    "cancel_appointment",
    "my_appointment",
    "trail_event",
    "alerts",
    "human_help",
    "emergency",
    "stop",
    "greeting",
    "language_change",
    "menu",
    "out_of_scope",
)
INTENT_BITS, LANGUAGE_BITS = 18, 17


@dataclass(frozen=True, slots=True)
class Model:
    """Made by `flows.understanding.training.train`; stored by `storage.understanding`.

    ``scripts``: the scripts each language is written in; ``known``: words that name no comune.
    """

    intents: Linear
    languages: Linear
    entries: Mapping[str, Sequence[Entry]]
    scripts: Mapping[str, Sequence[str]]
    known: frozenset[str]

    def lexicons(self) -> dict[str, Lexicon]:
        """The words of each language, ready to look up."""
        return {code: Lexicon(entries, self.known) for code, entries in self.entries.items()}
