"""A row for each person, for use inside of the desk: coarse facts, a name that means nothing."""

import secrets
from collections.abc import Iterator

from flows.intake import intake
from storage.stats.crowds import NOBODY, Crowd
from storage.stats.facts import Facts
from storage.stats.funnel import by_step
from storage.stats.persons import Person, Persons
from storage.stats.quality import begun_and_finished, shown_offers
from storage.stats.questions import outcomes
from storage.stats.table import Table, key

_STEPS = [step.name for step in intake.steps]
_COLUMNS = (
    key("pseudonym", "Drawn anew for each export, and kept nowhere: nobody can turn it back."),
    key("language", "The language of their conversation."),
    key("channel", "Where they wrote last in the period."),
    key("comune", "Where they said they live."),
    key("age", "Their age band."),
    key("situation", "What they said they do now."),
    key("needs", "What they chose in the intake, with | in between."),
    key("new", "yes: first wrote in the period."),
    key("intake", "none, begun or finished in the period."),
    key("furthest", "The last question of the intake that was put to them in the period."),
    key("offers", "yes: were shown at least one offer that fits."),
    key("asked", "yes: asked in own words."),
    key("answered", "yes: were answered at least once."),
)


def table(facts: Facts, persons: Persons) -> Table:
    """Whoever did something in the period, in an order that tells nothing."""
    rows = sorted(_rows(facts, persons))
    return Table("people", "Everybody who wrote in the period.", _COLUMNS, tuple(rows))


def _rows(facts: Facts, persons: Persons) -> Iterator[tuple[str, ...]]:
    found = outcomes(facts, persons)
    asked, answered = NOBODY, NOBODY
    for one in found.values():
        asked, answered = asked | one.asked, answered | one.answered
    begun, finished = begun_and_finished(facts)
    shown, reached = shown_offers(facts, found), by_step(facts.who("asked", "intake"))
    for id, person in persons.items():
        bit = 1 << id
        steps = [step for step in _STEPS if reached.get(step, NOBODY) & bit]
        yield (
            *(secrets.token_hex(8), *_known(person)),
            "finished" if begun & finished & bit else "begun" if begun & bit else "none",
            steps[-1] if steps else "",
            *(_yes(some, bit) for some in (shown, asked, answered)),
        )


def _known(person: Person) -> Iterator[str]:
    for name in ("language", "channel", "comune", "age", "situation"):
        yield person.group(name)
    yield "|".join(person.profile.many("needs"))
    yield "yes" if person.new else "no"


def _yes(some: Crowd, bit: int) -> str:
    return "yes" if some & bit else "no"
