"""How far people came with the offers they were interested in."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import NEVER_REUSED, contact_key, id_column, moment


class Outcome(SQLModel, table=True):
    """`flows.outcomes.ladder.Standing` of one person with one offer.

    The next question is due at ``due_at``, and is tried from ``ask_at`` on, which is later when
    they could not be written to; none is to come where these are empty.
    """

    __table_args__ = (
        UniqueConstraint("contact_id", "listing_id"),
        Index("outcome_ask", "ask_at"),
        NEVER_REUSED,
    )
    id: int = id_column()
    contact_id: int = contact_key()
    listing_id: str = Field(foreign_key="listing.id", ondelete="CASCADE")
    topic: str
    rung: str = "interested"
    ended: str = ""
    asked: int = 0
    started_at: datetime | None = moment(nullable=True)
    due_at: datetime | None = moment(nullable=True)
    ask_at: datetime | None = moment(nullable=True)
    said_at: datetime = moment()
