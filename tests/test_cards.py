"""Offers in words: whatever an operator fills in is read by a person."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.preview import preview
from flows.desk import TOPICS, Listing
from flows.engine import Engine
from flows.hours import parse_hours
from storage.content.fields import DETAILS, Field
from storage.gazetteer import load_gazetteer

TODAY = date(2026, 11, 23)
BARE = Listing(
    id="x",
    topic="job",
    title="Prova",
    summary="Una frase.",
    language="it",
    organisation="Ditta",
    comune="005005",
    phone="0141 000 001",
    checked_on=TODAY,
    valid_until=TODAY,
)
FILLED: dict[str, Any] = {
    "day": date(2026, 12, 24),
    "whole": 7,
    "money": 77,
    "yes_no": True,
    "hours": parse_hours("mon-fri 08:00-12:00"),
    "comuni": ["005067"],
}
IN_THE_TITLE = {"sector", "kind"}
WITH = {"pay_unit": "pay_min", "price_unit": "price", "expenses": "rent"}


def shown(flows: Engine, offer: Listing) -> str:
    bubbles = preview(flows, offer, load_gazetteer(), "it", "telegram", TODAY)
    return "\n".join(bubble.text for bubble in bubbles)


def isolated(text: str) -> str:
    """As it stands inside a sentence that is written from right to left."""
    return f"\u2068{text}\u2069"


def values(field: Field) -> list[Any]:
    if field.kind == "list":
        return [[choice] for choice in field.choices]
    return list(field.choices) or [FILLED[field.kind]]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_fact_of_an_offer_is_told(flows: Engine, topic: str) -> None:
    for field in DETAILS[topic]:
        if field.name in IN_THE_TITLE:
            continue
        beside = {WITH[field.name]: 300} if field.name in WITH else {}
        without = shown(flows, replace(BARE, topic=topic, details=beside))
        for value in values(field):
            offer = replace(BARE, topic=topic, details={**beside, field.name: value})
            assert shown(flows, offer) != without, f"{field.name} {value}"


@pytest.mark.parametrize(
    ("details", "line"),
    [
        ({"age_min": 18}, "Età: da 18 anni"),
        ({"age_min": 15, "age_max": 34}, "Età: da 15 a 34 anni"),
        ({"age_max": 34}, "Età: da 14 a 34 anni"),
        ({"age_min_months": 6, "age_max_months": 36}, "Età: da 6 a 36 mesi"),
        ({"age_min_months": 6}, "Età: da 6 mesi"),
        ({"age_min_months": 72, "age_max_months": 132}, "Età: da 6 a 11 anni"),
        ({"age_min_months": 72}, "Età: da 6 anni"),
        ({"experience": "none"}, "Non serve esperienza."),
        ({"experience": "some"}, "Esperienza: Qualche mese"),
        ({"experience": "years2"}, "Esperienza: 2 anni"),
        ({"people_max": 3}, "Per 3 persone al massimo"),
        ({"pay_max": 1500, "pay_unit": "month"}, "💶 1.500 € al mese"),
        (
            {"hours": parse_hours("mon-fri 08:00-12:00; sat,sun 22:00-06:00")},
            "🕒 lun–ven, 08:00–12:00; sab, dom, 22:00–06:00",
        ),
    ],
)
def test_a_fact_in_words(flows: Engine, details: dict[str, Any], line: str) -> None:
    assert line in shown(flows, replace(BARE, details=details)).splitlines()


@pytest.mark.parametrize(
    ("words", "language", "line"),
    [
        ("other", "it", "Cette offre est seulement dans cette langue : Italien."),
        ("partly", "fr", "Une partie de cette offre est seulement en italien."),
        ("stale", "fr", "L'offre a changé depuis cette traduction."),
        ("unreviewed", "fr", "Cette traduction n'a pas encore été vérifiée."),
        ("own", "fr", ""),
    ],
)
def test_how_far_the_words_can_be_trusted_is_told(
    flows: Engine, words: str, language: str, line: str
) -> None:
    offer = replace(BARE, words=words, language=language)
    [bubble] = preview(flows, offer, load_gazetteer(), "fr", "telegram", TODAY)
    assert bubble.text.splitlines()[-1].startswith(line or "✔️")


@pytest.mark.parametrize(("days", "line"), [(45, "✔️ Ultimo controllo"), (46, "⚠️ Ultimo controllo")])
def test_an_offer_that_nobody_has_checked_says_so(flows: Engine, days: int, line: str) -> None:
    old = replace(BARE, checked_on=TODAY - timedelta(days=days))
    assert shown(flows, old).splitlines()[-1].startswith(line)


@pytest.mark.parametrize("language", ["ar", "fa", "ur"])
def test_each_town_of_a_list_stands_alone_in_right_to_left(flows: Engine, language: str) -> None:
    offer = replace(BARE, topic="transport", details={"area": ["005005", "005067"]})
    bubbles = preview(flows, offer, load_gazetteer(), language, "telegram", TODAY)
    text = "\n".join(bubble.text for bubble in bubbles)
    assert all(isolated(town) in text for town in ("Asti", "Monale"))
