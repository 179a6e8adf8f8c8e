"""Which offers a question asks for, best first, and why they fit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.desk import Listing
from flows.hours import PARTS, Hours, part_at
from flows.places import Gazetteer, Place, distance_km

TOPIC_OF = {
    "job": "job",
    "training": "training",
    "housing": "housing",
    "transport": "transport",
    "childcare": "childcare",
    "trail_event": "community",
}
"""Intent → the topic of the offers that answer it."""

_UNKNOWN_KM = 15.0
_PARTS = {
    "morning": ("05:00", "12:30"),
    "afternoon": ("12:00", "18:30"),
    "evening": ("17:00", "24"),
}
_COURSES = {  # a word of the Italian title says what a course teaches
    "italian_course": ("italiano", "leggere"),
    "driving_licence": ("patente",),
    "computer": ("computer", "digital"),
    "forklift": ("muletto",),
    "safety": ("sicurezza", "haccp"),
}

Slots = Mapping[str, Any]


def fitting(listings: Iterable[Listing], slots: Slots, places: Gazetteer) -> list[Listing]:
    """The offers that hold what ``slots`` ask, nearest and best first; ties by name."""
    near, ends = asked_place(slots, places), _ends(slots, places)
    able = [listing for listing in listings if _can(listing, slots, ends)]
    return sorted(able, key=lambda listing: (_effort(listing, slots, near, places), listing.id))


def asked_place(slots: Slots, places: Gazetteer) -> Place | None:
    """The comune a question is about: where one wants to be, or starts from."""
    ends = (place_named(slots.get(name), places) for name in ("comune", "origin", "destination"))
    return next((place for place in ends if place), None)


def place_named(value: Any, places: Gazetteer) -> Place | None:
    """The comune that a slot names, the first of several."""
    first = value[0] if isinstance(value, list) and value else value
    return places.named(first) if isinstance(first, str) else None


def asked_parts(slots: Slots) -> tuple[str, ...]:
    """The parts of the week (`flows.hours.PARTS`) a question names."""
    time, day = slots.get("time"), slots.get("day")
    found = [part_at(time) if ":" in time else time] if isinstance(time, str) and time else []
    found += ["weekend"] if day in ("weekend", "sat", "sun") else []
    return tuple(part for part in found if part in PARTS)


def _can(listing: Listing, slots: Slots, ends: Sequence[str]) -> bool:
    about = listing.details
    return (
        _same(about.get("sector"), slots.get("sector"))
        and _within(slots.get("max_rent"), 0, about.get("rent"))
        and _rooms(about, slots)
        and _child(about, slots)
        and _route(about, ends)
        and (about.get("kind") == "elder_care") == (slots.get("care") == "elder")
    )


def _same(offered: Any, asked: Any) -> bool:
    return not asked or not offered or offered == asked


def _within(most: Any, low: Any, offered: Any) -> bool:
    return not most or offered is None or low <= offered <= most


def _rooms(about: Mapping[str, Any], slots: Slots) -> bool:
    asked, offered = slots.get("rooms"), about.get("rooms")
    return not isinstance(asked, int) or offered is None or asked <= offered <= asked + 1


def _child(about: Mapping[str, Any], slots: Slots) -> bool:
    """Whether one of the children is of the age: a nursery for the small one is an answer too."""
    low, high = about.get("age_min_months"), about.get("age_max_months")
    months = slots.get("child_age_months")
    years = slots.get("child_age")
    spans = [(months, months)] if isinstance(months, int) else []
    ages = years if isinstance(years, list) else [years] if isinstance(years, int) else []
    spans += [(12 * int(age), 12 * int(age) + 11) for age in ages]
    if not spans or (low is None and high is None):
        return True
    return any(last >= (low or 0) and first <= (high or 999) for first, last in spans)


def _ends(slots: Slots, places: Gazetteer) -> list[str]:
    """Where one comes from and goes to (ISTAT), as far as it was said."""
    ends = [slots.get(name) for name in ("origin", "destination")]
    return [place.istat for end in ends if isinstance(end, str) and (place := places.named(end))]


def _route(about: Mapping[str, Any], codes: Sequence[str]) -> bool:
    """Whether it goes from and to where one asks, in that order for a line."""
    area = list(about.get("area") or ()) if codes else []
    if not area:
        return True
    if any(code not in area for code in codes):
        return False
    line = about.get("kind") in ("bus", "train") and len(codes) == 2
    return not line or area.index(codes[0]) < area.index(codes[1])


def _effort(listing: Listing, slots: Slots, asked: Place | None, places: Gazetteer) -> float:
    """Roughly kilometres, with what else does not fit added."""
    there = places.get(listing.comune)
    away = _UNKNOWN_KM if asked and not there else 0.0
    if asked and there and "destination" not in slots:
        away = distance_km(asked.position, there.position)
    return (
        away
        + (0.0 if _contract(listing, slots) else 20.0)
        + (0.0 if _open(listing.details.get("hours") or (), slots) else 15.0)
        + (0.0 if teaches(listing, slots) else 60.0)
        + (30.0 if slots.get("no_car") and listing.details.get("licence") else 0.0)
    )


def _contract(listing: Listing, slots: Slots) -> bool:
    asked = slots.get("contract")
    if asked == "live_in":
        return bool(listing.details.get("lodging"))
    return _same(listing.details.get("contract"), "fixed_term" if asked == "temporary" else asked)


def _open(hours: Iterable[Hours], slots: Slots) -> bool:
    """Whether it is on the day and at the time one asks, as far as both are known."""
    day, time = slots.get("day"), slots.get("time")
    known = list(hours)
    if not known or not (day or time):
        return True
    return any(_on(one, day) and _at(one, time) for one in known)


def _on(hours: Hours, day: Any) -> bool:
    if day == "weekend":
        return bool({"sat", "sun"} & set(hours.days))
    return not hours.days or day in hours.days or day in (None, "today", "tomorrow")


def _at(hours: Hours, time: Any) -> bool:
    if not isinstance(time, str) or not hours.start:
        return True
    low, high = _PARTS.get(time, (time, time))
    return hours.start <= high and (not hours.end or hours.end >= low)


def teaches(listing: Listing, slots: Slots) -> bool:
    """Whether a course teaches what one asks for; so does every one where nothing is asked."""
    topic = slots.get("topic")
    if topic == "internship":
        return listing.details.get("kind") == "internship"
    words = _COURSES.get(topic) if isinstance(topic, str) else None
    said = f"{listing.id} {listing.title} {listing.summary}".lower()
    return not words or any(word in said for word in words) or str(topic).split("_")[0] in said
