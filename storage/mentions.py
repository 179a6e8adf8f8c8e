"""Offers that a question names: full-text over titles, summaries and organisations."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, or_, select
from sqlmodel import col

from storage.listings import showable
from storage.models import Listing, ListingText

MOST = 10
_WORDS = 3  # of a question; more are no name


def mentioning(
    connection: Connection, topic: str, words: Sequence[str], today: date
) -> Sequence[str]:
    """Ids of offers of the topic with one of these ``words`` in any of their translations.

    The words are in lower case and without accents: an accent in a title hides it.
    """
    said = [_says(word) for word in words[:_WORDS]]
    if not said:
        return ()
    offers = (
        select(col(Listing.id))
        .join(ListingText, col(ListingText.listing_id) == col(Listing.id))
        .where(col(Listing.topic) == topic, *showable(), or_(*said))
        .distinct()
        .order_by(col(Listing.id))
        .limit(MOST)
    )
    return connection.execute(offers, {"today": today}).scalars().all()


def _says(word: str) -> Any:
    """In lower case or with a capital: SQLite's ``lower`` knows Latin letters only."""
    places = (col(ListingText.title), col(ListingText.summary), col(Listing.organisation))
    small = [func.lower(place).contains(word, autoescape=True) for place in places]
    return or_(*small, *(place.contains(word.capitalize(), autoescape=True) for place in places))
