"""Which offers answer a saved search, and what it is called."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flows import labels
from flows.desk import Listing
from flows.matching import fits, ranked
from flows.searches.port import PROFILE, Search
from flows.talk import Answers, Talk
from flows.understanding.fitting import asked_place, fitting

_KEPT = (
    "sector",
    "comune",
    "no_car",
    "child_age",
    "child_age_months",
    "care",
    "rooms",
    "max_rent",
    "day",
    "time",
    "contract",
    "origin",
    "destination",
    "topic",
)
_ONCE = ("today", "tomorrow")


def facts_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    """What of a question's slots still means the same in a month."""
    kept = {name: answers[name] for name in _KEPT if answers.get(name)}
    return {name: value for name, value in kept.items() if value not in _ONCE}


def topics_of(search: Search, profile: Answers) -> tuple[str, ...]:
    """The topics whose offers may answer it."""
    return profile.many("needs") if search.topic == PROFILE else (search.topic,)


def searching(search: Search, talk: Talk) -> Talk:
    """``talk`` as if the person had just asked this, there where they asked it of."""
    asked = asked_place(search.facts, talk.desk.places)
    profile = Answers(talk.profile | {"comune": asked.istat}) if asked else talk.profile
    return replace(talk, answers=Answers(search.facts), profile=profile)


def hits(search: Search, offers: Iterable[Listing], talk: Talk) -> list[Listing]:
    """The offers that answer it, best first; ``talk`` is that of `searching`."""
    able = fitting(offers, search.facts, talk.desk.places) if search.facts else offers
    return [one for one in ranked(able, talk) if fits(one, talk)]


def title(search: Search, talk: Talk) -> str:
    """What it is about, in the person's language: a label of at most 24 letters, and then more."""
    _ = talk.gettext
    if search.topic == PROFILE:
        return _("🔎 What fits me")
    return labels.topics(_)[search.topic]


def details(search: Search, talk: Talk) -> str:
    """What else was asked: where, which kind of work, up to which rent."""
    _, facts = talk.gettext, search.facts
    place = asked_place(facts, talk.desk.places)
    rent = facts.get("max_rent")
    parts = (
        talk.speech.isolate(place.name) if place else "",
        labels.sectors(_).get(facts.get("sector", ""), ""),
        talk.fill(labels.units(_)["month"], amount=talk.speech.number(rent)) if rent else "",
    )
    return " · ".join(part for part in parts if part)
