"""Reading offers as a person may see them today."""

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from flows.desk import Listing as Offer
from storage.models import Listing, ListingText

SOURCE_LANGUAGE = "it"
_DATES = ("starts_on", "ends_on", "available_from", "on")


def shown(connection: Connection, topic: str, language: str, today: date) -> list[Offer]:
    """Every offer of the topic that is published and valid, in ``language`` or its source's."""
    values = {"language": language, "today": today, "topic": topic}
    return [_offer(row) for row in connection.execute(_of_topic(), values)]


def one(connection: Connection, id: str, language: str, today: date) -> Offer | None:
    """The offer, or None when it may not be shown."""
    values = {"language": language, "today": today, "id": id}
    row = connection.execute(_with_id(), values).first()
    return _offer(row) if row else None


@cache
def _of_topic() -> Select[Any]:
    return _query().where(col(Listing.topic) == bindparam("topic"))


@cache
def _with_id() -> Select[Any]:
    return _query().where(col(Listing.id) == bindparam("id"))


def _query() -> Select[Any]:
    """Built once for each use: building it costs several times what running it does."""
    own, source = aliased(ListingText), aliased(ListingText)
    words = [
        func.coalesce(col(getattr(own, name)), col(getattr(source, name))).label(name)
        for name in ("language", "title", "summary", "bring", "who")
    ]
    fields = [
        col(getattr(Listing, name))
        for name in (
            "id",
            "topic",
            "organisation",
            "comune",
            "phone",
            "checked_on",
            "valid_until",
            "address",
            "places",
            "details",
        )
    ]
    return (
        select(*fields, *words)
        .join(
            source,
            and_(
                col(source.listing_id) == col(Listing.id),
                col(source.language) == SOURCE_LANGUAGE,
            ),
        )
        .outerjoin(
            own,
            and_(
                col(own.listing_id) == col(Listing.id), col(own.language) == bindparam("language")
            ),
        )
        .where(
            col(Listing.status) == "published",
            col(Listing.valid_until) >= bindparam("today"),
            col(Listing.valid_from) <= bindparam("today"),
        )
    )


def _offer(row: Any) -> Offer:
    values = dict(row._mapping)
    details = dict(values["details"])
    for name in _DATES:
        if details.get(name):
            details[name] = date.fromisoformat(details[name])
    return Offer(**{**values, "details": details})
