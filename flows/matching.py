"""Which offers fit a person best: nearest first, then what they can do."""

from collections.abc import Iterable

from flows.desk import Listing
from flows.places import Gazetteer, distance_km
from flows.talk import Talk

_LEVELS = ("A0", "A1", "A2", "B1", "B2", "C1", "C2")
_UNKNOWN_KM = 15.0
_MOST_EFFORT = 30.0
_YOUNGEST = {"14_17": 14, "18_24": 18, "25_34": 25, "35_54": 35, "55_up": 55}
_OLDEST = {"14_17": 17, "18_24": 24, "25_34": 34, "35_54": 54, "55_up": 120}


def ranked(listings: Iterable[Listing], talk: Talk) -> list[Listing]:
    """``listings`` with the best fitting first; ties by name, so that pages never shuffle."""
    return sorted(listings, key=lambda listing: (_effort(listing, talk), listing.id))


def fits(listing: Listing, talk: Talk) -> bool:
    """Whether it is worth writing to the person about it: near enough, and they could take it."""
    return _effort(listing, talk) <= _MOST_EFFORT


def distance(listing: Listing, talk: Talk) -> float | None:
    """Kilometres from the person's town, or None when either is unknown."""
    places: Gazetteer = talk.desk.places
    home, there = places.get(talk.profile.pick("comune")), places.get(listing.comune)
    return distance_km(home.position, there.position) if home and there else None


def _effort(listing: Listing, talk: Talk) -> float:
    """Roughly kilometres: what stands between the person and the offer."""
    away = distance(listing, talk)
    effort = _UNKNOWN_KM if away is None else away
    return (
        effort
        + _licence(listing, talk)
        + _italian(listing, talk)
        + _wish(listing, talk)
        + (_age(listing, talk))
    )


def _licence(listing: Listing, talk: Talk) -> float:
    has = talk.profile.pick("licence")
    return 40.0 if listing.details.get("licence") and has == "none" else 0.0


def _italian(listing: Listing, talk: Talk) -> float:
    wanted, spoken = listing.details.get("italian", "A0"), talk.profile.pick("italian")
    if wanted not in _LEVELS or spoken not in _LEVELS:
        return 0.0
    return 15.0 * max(0, _LEVELS.index(wanted) - _LEVELS.index(spoken))


def _wish(listing: Listing, talk: Talk) -> float:
    wishes, sector = talk.profile.many("sectors"), listing.details.get("sector")
    return 25.0 if wishes and sector and sector not in wishes else 0.0


def _age(listing: Listing, talk: Talk) -> float:
    band = talk.profile.pick("age")
    if band not in _OLDEST:
        return 0.0
    low, high = listing.details.get("age_min") or 0, listing.details.get("age_max") or 200
    return 60.0 if _OLDEST[band] < low or _YOUNGEST[band] > high else 0.0
