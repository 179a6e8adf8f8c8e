"""Reading offers as a person may see them today."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from flows.desk import Listing as Offer
from flows.hours import Hours, parse_hours
from storage.columns import Moment
from storage.models import Listing, ListingText

SOURCE_LANGUAGE = "it"
SECOND_LANGUAGE = {"pcm": "en"}
"""Where an offer is not translated, the language that its readers know better than Italian."""

ENOUGH = 80
"""How many offers are looked at to find those that fit best."""

_FIRST_CIRCLE = 8
_WORDS = ("title", "summary", "bring", "who")
_DATES = ("starts_on", "ends_on", "available_from", "on")
_FIELDS = (
    "id",
    "topic",
    "organisation",
    "comune",
    "phone",
    "email",
    "checked_on",
    "valid_until",
    "address",
    "places",
    "details",
)


def shown(
    connection: Connection,
    topic: str,
    language: str,
    today: date,
    near: Sequence[str] = (),
    sector: str = "",
    since: datetime | None = None,
) -> list[Offer]:
    """At most `ENOUGH` offers of the topic that are published and valid, of the nearest comuni.

    ``near`` orders comuni by distance (ISTAT codes); without it any offers are taken. Within a
    comune those that end first come first. ``sector`` leaves out those of another one; ``since``
    those that people could see before.
    """
    ids = _ids(connection, topic, today, near, sector, since)
    second = SECOND_LANGUAGE.get(language, SOURCE_LANGUAGE)
    values = {"ids": ids, "language": language, "second": second}
    return [_offer(row, language) for row in connection.execute(_with_ids(), values)]


def _ids(
    connection: Connection,
    topic: str,
    today: date,
    near: Sequence[str],
    sector: str,
    since: datetime | None,
) -> list[str]:
    """Looks around in growing circles of comuni, so that it reads little where offers are many."""
    found: list[str] = []
    asked = {"topic": topic, "today": today, "sector": sector, "since": since}
    about = bool(sector), since is not None
    start, size = 0, _FIRST_CIRCLE
    while start < len(near) and len(found) < ENOUGH:
        values = asked | {"most": ENOUGH - len(found), "comuni": near[start : start + size]}
        circle = connection.execute(_of(True, *about), values)
        found += circle.scalars()
        start, size = start + size, size * 4
    if not near:
        values = asked | {"most": ENOUGH}
        found += connection.execute(_of(False, *about), values).scalars()
    return found


def one(connection: Connection, id: str, language: str, today: date | None = None) -> Offer | None:
    """The offer, or None when it may not be shown; without ``today`` whatever its state."""
    second = SECOND_LANGUAGE.get(language, SOURCE_LANGUAGE)
    values = {"language": language, "second": second, "today": today, "id": id}
    row = connection.execute(_with_id(today is not None), values).first()
    return _offer(row, language) if row else None


# Built once for each use: building a query costs several times what running it does.


@cache
def _of(somewhere: bool, in_sector: bool, new: bool) -> Select[Any]:
    query: Select[Any] = select(col(Listing.id)).where(
        col(Listing.topic) == bindparam("topic"), *showable(), *_sector(in_sector)
    )
    if new:
        query = query.where(col(Listing.shown_at) > bindparam("since", type_=Moment()))
    if somewhere:
        query = query.where(col(Listing.comune).in_(bindparam("comuni", expanding=True)))
    return query.order_by(col(Listing.comune), col(Listing.valid_until)).limit(bindparam("most"))


@cache
def _with_ids() -> Select[Any]:
    return _query().where(col(Listing.id).in_(bindparam("ids", expanding=True)))


@cache
def _with_id(valid: bool) -> Select[Any]:
    query = _query().where(col(Listing.id) == bindparam("id"))
    return query.where(*showable()) if valid else query


def _sector(wanted: bool) -> tuple[Any, ...]:
    """Those of the sector, and those of none."""
    if not wanted:
        return ()
    offered = col(Listing.details)["sector"].as_string()
    return (or_(offered == bindparam("sector"), offered.is_(None)),)


def showable() -> tuple[Any, ...]:
    """What an offer must be to be shown on ``today`` (a parameter of the query)."""
    return (
        col(Listing.status) == "published",
        col(Listing.valid_until) >= bindparam("today"),
        col(Listing.valid_from) <= bindparam("today"),
    )


def _query() -> Select[Any]:
    """An offer with its words in the reader's language, in a second one and in Italian."""
    columns = [col(getattr(Listing, name)) for name in _FIELDS]
    query: Select[Any] = select(*columns)
    for prefix, language in (("own", "language"), ("second", "second"), ("it", "")):
        text = aliased(ListingText)
        spoken = bindparam(language) if language else SOURCE_LANGUAGE
        words: list[Any] = [col(getattr(text, name)).label(f"{prefix}_{name}") for name in _WORDS]
        its = (col(text.listing_id) == col(Listing.id)) & (col(text.language) == spoken)
        query = query.add_columns(*words).join(text, its, isouter=prefix != "it")
        if language:
            query = query.add_columns(
                col(text.made_from).label(f"{prefix}_made_from"),
                col(text.reviewed_by).label(f"{prefix}_reviewed_by"),
            )
    return query


def _offer(row: Any, language: str) -> Offer:
    values = row._mapping
    details = dict(values["details"])
    for name in _DATES:
        if details.get(name):
            details[name] = date.fromisoformat(details[name])
    if "hours" in details:
        details["hours"] = _readable_hours(details["hours"])
    fields = {name: values[name] for name in _FIELDS if name != "details"}
    return Offer(**fields, details=details, **_spoken(values, language))


def _spoken(values: Any, language: str) -> dict[str, Any]:
    """The words, what language they are in, and how far they can be trusted."""
    if values["own_title"]:
        words = _words(values, "own")
        return {**words, "language": language, "words": _trust(values, language)}
    fresh = values["second_title"] and not _stale(values, "second")
    prefix = "second" if fresh else "it"
    words = _words(values, prefix)
    spoken = SECOND_LANGUAGE.get(language, SOURCE_LANGUAGE) if prefix == "second" else "it"
    return {**words, "language": spoken, "words": "other"}


def _trust(values: Any, language: str) -> str:
    if language == SOURCE_LANGUAGE:
        return "own"
    if _stale(values, "own"):
        return "stale"
    if any(values[f"it_{name}"] and not values[f"own_{name}"] for name in _WORDS):
        return "partly"
    return "own" if values["own_reviewed_by"] else "unreviewed"


def _words(values: Any, prefix: str) -> dict[str, str]:
    """Each field in that language, or in Italian; what the Italian has no more is gone."""
    return {
        name: (values[f"{prefix}_{name}"] or values[f"it_{name}"]) if values[f"it_{name}"] else ""
        for name in _WORDS
    }


def _stale(values: Any, prefix: str) -> bool:
    made_from = values[f"{prefix}_made_from"] or {}
    return any(
        values[f"it_{name}"]
        and values[f"{prefix}_{name}"]
        and made_from.get(name) != hashed(values[f"it_{name}"])
        for name in _WORDS
    )


@lru_cache(10_000)
def hashed(words: str) -> str:
    """What tells whether Italian words have changed since they were translated."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


@lru_cache(10_000)
def _readable_hours(text: str) -> tuple[Hours, ...]:
    """None where an earlier release stored what cannot be read."""
    try:
        return parse_hours(text)
    except ValueError:
        return ()
