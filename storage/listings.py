"""Reading offers as a person may see them today."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from flows.desk import Listing as Offer
from storage.models import Listing, ListingText

SOURCE_LANGUAGE = "it"
_DATES = ("starts_on", "ends_on", "available_from", "on")


def shown(connection: Connection, topic: str, language: str, today: date) -> list[Offer]:
    """Every offer of the topic that is published and valid, in ``language`` or its source's."""
    query = _query(language, today).where(col(Listing.topic) == topic)
    return [_offer(row) for row in connection.execute(query)]


def one(connection: Connection, id: str, language: str, today: date) -> Offer | None:
    """The offer, or None when it may not be shown."""
    row = connection.execute(_query(language, today).where(col(Listing.id) == id)).first()
    return _offer(row) if row else None


def _query(language: str, today: date) -> Select[Any]:
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
        .outerjoin(own, and_(col(own.listing_id) == col(Listing.id), col(own.language) == language))
        .where(
            col(Listing.status) == "published",
            col(Listing.valid_until) >= today,
            col(Listing.valid_from) <= today,
        )
    )


def _offer(row: Any) -> Offer:
    values = dict(row._mapping)
    details = dict(values["details"])
    for name in _DATES:
        if details.get(name):
            details[name] = date.fromisoformat(details[name])
    return Offer(**{**values, "details": details})
