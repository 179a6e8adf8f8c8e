"""What in the offers needs an operator's care."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import phonenumbers
from rapidfuzz import fuzz
from sqlalchemy import Connection, select

from storage.content.records import Record, load
from storage.content.translations import units
from storage.gazetteer import load_gazetteer
from storage.listings import SOURCE_LANGUAGE
from storage.models import Conversation

ALIKE = 85
MOST_COMPARED = 100  # an employer with more offers in one comune is not compared with itself
_ITALY = 39
_CONVERSATION: Any = Conversation.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to put right about one offer; ``kind`` is for scripts, ``says`` for people."""

    offer: str
    kind: str
    says: str


def findings(
    connection: Connection, today: date, days: int = 14, unchecked: int = 30
) -> Iterator[Finding]:
    """Everything that needs care among the published offers.

    What ended or ends within ``days``, was not checked for ``unchecked`` days, is not translated
    into a language that people of its comune speak, repeats another offer, or has a phone number
    nobody can call.
    """
    offers = {id: o for id, o in load(connection).items() if o["status"] == "published"}
    for id, offer in offers.items():
        yield from _dates(id, offer, today, days, unchecked)
        if not callable_number(offer["phone"]):
            yield Finding(id, "phone", f"{offer['phone']!r} is no number one can call")
    yield from _untranslated(connection, offers)
    yield from _repeated(offers.values())


def callable_number(text: str) -> bool:
    """Whether a phone number has a form that exists, read as Italian unless it begins with +.

    Italian ones begin with 0, 3 or 8: a spreadsheet that takes 0141 for a number loses the 0.
    """
    try:
        number = phonenumbers.parse(text, "IT")
    except phonenumbers.NumberParseException:
        return False
    whole = number.country_code != _ITALY or number.italian_leading_zero
    starts_well = whole or str(number.national_number)[0] in "38"
    return starts_well and phonenumbers.is_possible_number(number)


def spoken_in(connection: Connection) -> dict[str, set[str]]:
    """Which languages the people of each comune (ISTAT) use with us."""
    found: dict[str, set[str]] = defaultdict(set)
    query = select(_CONVERSATION.c.language, _CONVERSATION.c.state)
    for language, state in connection.execute(query):
        comune = json.loads(state).get("profile", {}).get("comune")
        if isinstance(comune, str) and load_gazetteer().get(comune):
            found[comune].add(language)
    return found


def _dates(id: str, offer: Record, today: date, days: int, unchecked: int) -> Iterator[Finding]:
    last = date.fromisoformat(offer["valid_until"])
    if last < today:
        yield Finding(id, "ended", f"ended on {last}: nobody sees it any more; close or prolong it")
    elif last <= today + timedelta(days=days):
        yield Finding(id, "ends", f"ends on {last}")
    looked = date.fromisoformat(offer["checked_on"])
    if looked < today - timedelta(days=unchecked):
        yield Finding(id, "unchecked", f"last checked on {looked} by {offer['checked_by']}")


def _untranslated(connection: Connection, offers: dict[str, Record]) -> Iterator[Finding]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for comune, languages in spoken_in(connection).items():
        for language in languages - {SOURCE_LANGUAGE}:
            wanted[language].add(comune)
    for language, comuni in sorted(wanted.items()):
        lacking: dict[str, list[str]] = defaultdict(list)
        for unit in units(connection, language):
            if unit.state in ("missing", "stale"):
                lacking[unit.id].append(f"{unit.field} {unit.state}")
        for id, fields in lacking.items():
            if id in offers and offers[id]["comune"] in comuni:
                yield Finding(id, f"language:{language}", f"{language}: {', '.join(fields)}")


def _repeated(offers: Any) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for offer in offers:
        groups[offer["topic"], offer["organisation"].lower(), offer["comune"]].append(offer)
    for group in (group for group in groups.values() if len(group) <= MOST_COMPARED):
        for one, other in combinations(group, 2):
            if fuzz.token_sort_ratio(one["title"], other["title"]) >= ALIKE:
                yield Finding(other["id"], "twice", f"says the same as {one['id']}")
