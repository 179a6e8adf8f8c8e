"""What people want to be told about, and what they were told."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, String
from sqlmodel import Field, SQLModel

from storage.columns import NEVER_REUSED, contact_key, id_column, moment


class Search(SQLModel, table=True):
    """A saved search: `flows.searches.port.Search` of one contact.

    Offers that were first shown after ``seen_at`` are new to it; before ``due_at`` it is not looked
    at again.
    """

    __table_args__ = (Index("search_due", "due_at"), NEVER_REUSED)
    id: int = id_column()
    contact_id: int = contact_key()
    topic: str
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    every: str
    seen_at: datetime = moment()
    due_at: datetime = moment()
    created_at: datetime = moment()


class Alerted(SQLModel, table=True):
    """An offer somebody was written to about: never twice."""

    contact_id: int = contact_key(primary_key=True)
    listing_id: str = Field(
        sa_column=Column(String, ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True)
    )
    at: datetime = moment()
