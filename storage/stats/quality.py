"""How well each language is served, the worst first."""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import or_
from statistics import median

from flows.understanding.fitting import TOPIC_OF
from storage.stats.crowds import NOBODY, Crowd, crowd
from storage.stats.facts import Facts
from storage.stats.happened import LISTS
from storage.stats.persons import Persons, by_group
from storage.stats.questions import Outcomes, outcomes
from storage.stats.table import Row, Table, Value, base, key, number, percent, share

_SHARES = (3, 5, 7)  # what decides who is served worst

_COLUMNS = (
    key("language", "The language of their conversation."),
    base("people", "Different people who wrote in the period."),
    base("shown", "Of them: were shown at least one offer that fits."),
    share("offers", "people", "In a hundred: were shown at least one offer that fits."),
    base("asked", "Asked in own words."),
    share("answered", "asked", "In a hundred of who asked: were answered at least once."),
    base("begun", "Began the intake in the period."),
    share("complete", "begun", "In a hundred of who began the intake: finished it in the period."),
    base("first", "Were shown offers for the first time."),
    number("steps", "first", "Median questions put to them before the first offers they ever saw."),
)


def by_language(facts: Facts, persons: Persons) -> Table:
    """Ordered by the mean of the shares that are known."""
    found = outcomes(facts, persons)
    asked = _either(one.asked for one in found.values())
    answered = _either(one.answered for one in found.values())
    begun, finished = begun_and_finished(facts)
    shown = shown_offers(facts, found)
    pairs = ((crowd(persons), shown), (asked, answered), (begun, begun & finished))
    lengths: dict[str, list[int]] = defaultdict(list)
    for who, questions in facts.first_offers().items():
        if who in persons:
            lengths[persons[who].group("language")].append(questions)
    rows = [
        _row(language, [(them & some, them & got) for some, got in pairs], lengths[language])
        for language, them in by_group(persons, "language").items()
    ]
    return Table(
        "quality",
        "How far people of each language get, the language served worst first.",
        _COLUMNS,
        tuple(sorted(rows, key=_served)),
    )


def _row(language: str, pairs: list[tuple[Crowd, Crowd]], lengths: list[int]) -> Row:
    (people, shown), *others = [(some.bit_count(), got.bit_count()) for some, got in pairs]
    row: list[Value] = [language, people, shown, percent(shown, people)]
    for some, got in others:
        row += [some, percent(got, some)]
    return (*row, len(lengths), median(lengths) if lengths else None)


def _served(row: Row) -> tuple[float, str]:
    known = [float(row[place] or 0) for place in _SHARES if row[place] is not None]
    return (sum(known) / len(known) if known else 101.0, str(row[0]))


def begun_and_finished(facts: Facts) -> tuple[Crowd, Crowd]:
    """Who began it, and who came to its end."""
    begun = _either(facts.who("started", "intake").values())
    told = facts.who("told", "intake").items()
    return begun, _either(some for what, some in told if what.step == "saved")


def shown_offers(facts: Facts, found: dict[str, Outcomes]) -> Crowd:
    """Who saw at least one offer that fits, ``found`` being what became of questions."""
    return _saw_list(facts) | _had_offers(found)


def _saw_list(facts: Facts) -> Crowd:
    return _either(
        some
        for flow, step in sorted(LISTS)
        for what, some in facts.who("asked", flow).items()
        if what.step == step
    )


def _had_offers(found: dict[str, Outcomes]) -> Crowd:
    """Who had a question about offers answered: with some, also in the middle of a form."""
    return _either(one.answered for intent, one in found.items() if intent in TOPIC_OF)


def _either(crowds: Iterable[Crowd]) -> Crowd:
    return reduce(or_, crowds, NOBODY)
