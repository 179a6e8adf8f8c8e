"""The offers, and their words in each language."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from storage.columns import BigId, moment


class Listing(SQLModel, table=True):
    """An offer that operators checked. ``details`` holds the typed facts of its topic as JSON.

    ``provider_id`` is the person who answers for it on a channel (`storage.content.providers`);
    ``asked_at`` is when they were last asked whether it still holds. ``shown_at`` is when people
    could first see it.
    """

    __table_args__ = (
        Index("listing_shown", "topic", "status", "comune", "valid_until", "valid_from", "id"),
    )
    id: str = Field(primary_key=True)
    topic: str
    organisation: str
    comune: str
    address: str = ""
    phone: str
    email: str = ""
    places: int | None = None
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    status: str
    valid_from: date
    valid_until: date
    checked_on: date
    checked_by: str
    source: str
    provider_id: int | None = Field(
        default=None,
        sa_column=Column(BigId, ForeignKey("contact.id", ondelete="SET NULL"), index=True),
    )
    asked_at: datetime | None = moment(nullable=True)
    shown_at: datetime | None = moment(nullable=True, index=True)


class ListingText(SQLModel, table=True):
    """The words of an offer in one language.

    ``made_from`` holds, field by field, the hash of the Italian words that were translated: when
    those have changed the translation is stale. ``reviewed_by`` is who has read this translation.
    """

    __tablename__ = "listing_text"
    listing_id: str = Field(primary_key=True, foreign_key="listing.id", ondelete="CASCADE")
    language: str = Field(primary_key=True)
    title: str
    summary: str
    bring: str = ""
    who: str = ""
    made_from: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    reviewed_by: str = ""
