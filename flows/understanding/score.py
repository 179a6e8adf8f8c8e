"""How well questions with known answers are understood."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from flows.understanding.understand import Understood

ABSTAINED = "abstained"
_ENOUGH_WORDS = 4  # fewer do not tell Urdu from Hindi, nor Spanish from Italian


@dataclass(slots=True)
class Tally:
    """Counts over some questions."""

    rows: int = 0
    right: int = 0
    wrong: int = 0
    abstained: int = 0
    slots: int = 0
    slots_found: int = 0
    emergencies: int = 0
    emergencies_shown: int = 0
    long: int = 0
    long_right: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, row: Mapping[str, Any], said: Understood, milliseconds: float) -> None:
        """Count one question."""
        accepted = {row["intent"], *row.get("also_ok", ())}
        heard = ABSTAINED if said.abstained else said.intent
        self.rows += 1
        self.right += heard in accepted
        self.abstained += said.abstained
        self.wrong += heard not in accepted and not said.abstained
        self.confusion[row["intent"], row["intent"] if heard in accepted else heard] += 1
        wanted = row.get("slots", {})
        self.slots += len(wanted)
        self.slots_found += sum(
            _same(value, said.slots.get(name)) for name, value in wanted.items()
        )
        if row["intent"] == "emergency":
            self.emergencies += 1
            self.emergencies_shown += "emergency" in (said.intent, *said.also)
        if len(row["text"].split()) >= _ENOUGH_WORDS:
            self.long += 1
            self.long_right += said.language == row["lang"]
        self.milliseconds.append(milliseconds)

    def summary(self) -> dict[str, float]:
        """The shares, each between 0 and 1, and the median time."""
        return {
            "rows": self.rows,
            "macro_f1": round(self.macro_f1(), 4),
            "accuracy": _share(self.right, self.rows),
            "wrong_rate": _share(self.wrong, self.rows),
            "abstain_rate": _share(self.abstained, self.rows),
            "slot_recall": _share(self.slots_found, self.slots),
            "emergency_recall": _share(self.emergencies_shown, self.emergencies),
            "language_accuracy": _share(self.long_right, self.long),
            "median_ms": round(median(self.milliseconds), 3) if self.milliseconds else 0.0,
        }

    def macro_f1(self) -> float:
        """The mean F1 over the intents that were asked; an abstention is a miss."""
        asked = sorted({intent for intent, _ in self.confusion})
        return sum(map(self._f1, asked)) / len(asked) if asked else 0.0

    def _f1(self, intent: str) -> float:
        hit = self.confusion[intent, intent]
        missed = sum(n for (was, heard), n in self.confusion.items() if was == intent != heard)
        false = sum(n for (was, heard), n in self.confusion.items() if heard == intent != was)
        return 2 * hit / (2 * hit + missed + false) if hit else 0.0


def evaluate(
    rows: Iterable[Mapping[str, Any]],
    understand: Callable[[str], Understood],
    clock: Callable[[], float],
) -> dict[str, Any]:
    """The summary of all rows, by language, and who was taken for whom. ``clock``: seconds."""
    total: Tally = Tally()
    by_language: dict[str, Tally] = defaultdict(Tally)
    for row in rows:
        began = clock()
        said = understand(row["text"])
        took = 1000 * (clock() - began)
        for tally in (total, by_language[row["lang"]]):
            tally.add(row, said, took)
    languages = {code: tally.summary() for code, tally in sorted(by_language.items())}
    return total.summary() | {"by_language": languages, "confusion": _table(total.confusion)}


def _table(confusion: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for (was, heard), count in sorted(confusion.items()):
        table.setdefault(was, {})[heard] = count
    return table


def _same(wanted: Any, found: Any) -> bool:
    return found is not None and _texts(wanted) == _texts(found)


def _texts(value: Any) -> list[str]:
    return sorted(map(str, value)) if isinstance(value, list) else [str(value)]


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0
