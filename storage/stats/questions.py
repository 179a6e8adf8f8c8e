"""What people asked in their own words, and what became of it."""

from collections import defaultdict

from storage.stats.crowds import NOBODY, Crowd, crowd
from storage.stats.facts import Facts
from storage.stats.funnel import by_step
from storage.stats.happened import ANSWERED
from storage.stats.persons import Persons
from storage.stats.table import Row, Table, key, people

_COLUMNS = (
    key("intent", "What was understood, or guessed."),
    people("answered", "Had an answer to at least one such question."),
    people("nothing_fits", "Never had one: there was no offer that fits."),
    people("unsure", "Never had one: they were not understood."),
    people("people", "Asked it at least once in the period."),
    people("handed_over", "Asked it, and asked for a person of the desk in the same period."),
)


class Outcomes:
    """Who asked, and for each of them the best that became of it in the period."""

    def __init__(self, asked: Crowd, answered: Crowd, nothing: Crowd) -> None:
        self.asked, self.answered = asked, answered
        self.nothing_fits = asked & ~answered & nothing
        self.unsure = asked & ~answered & ~nothing


def outcomes(facts: Facts, persons: Persons) -> dict[str, Outcomes]:
    """What became of the questions of each intent."""
    everybody = crowd(persons)
    nothing = by_step(facts.who("nothing_fits", "answer"))
    asked, answered = (defaultdict[str, Crowd](int) for _ in range(2))
    for what, some in facts.who("question", "answer").items():
        (answered if what.key == ANSWERED else asked)[what.step] |= some & everybody
    return {
        intent: Outcomes(some, answered[intent], nothing.get(intent, NOBODY))
        for intent, some in asked.items()
        if some
    }


def by_intent(facts: Facts, persons: Persons) -> Table:
    """What is asked most comes first."""
    asked_desk = NOBODY
    for some in facts.who("started", "person").values():
        asked_desk |= some
    rows: list[Row] = []
    for intent, found in outcomes(facts, persons).items():
        parts = (found.answered, found.nothing_fits, found.unsure, found.asked)
        counts = (some.bit_count() for some in (*parts, found.asked & asked_desk))
        rows.append((intent, *counts))
    return Table(
        "questions",
        "Different people who asked in their own words, by what they asked.",
        _COLUMNS,
        tuple(sorted(rows, key=lambda row: (-int(row[4] or 0), row[0]))),
        parts=("answered", "nothing_fits", "unsure"),
        whole="people",
    )
