"""Broadcasts: what they say, whom they are for, and what came of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Text
from sqlmodel import Field, SQLModel

from storage.columns import NEVER_REUSED, BigId, contact_key, id_column, moment


def _broadcast_key() -> Any:
    key = ForeignKey("broadcast.id", ondelete="CASCADE")
    return Field(default=None, sa_column=Column(BigId, key, primary_key=True))


class Broadcast(SQLModel, table=True):
    """One message to many people. ``state``: draft, scheduled, repeating, sending, paused, done or
    cancelled.

    It tells of the offer ``listing_id``, or says its `BroadcastText`. ``letters`` are the words as
    they were shown when it was decided (language → Outbound), ``reached_id`` the last contact that
    was looked at, ``left_out`` how many got none, by reason. A repeating one makes one of these for
    each run: those have its number as ``series_id``.
    """

    __table_args__ = NEVER_REUSED
    id: int = id_column()
    name: str
    listing_id: str = ""
    audience: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    segments: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    fallback: str = ""
    templates: bool = False
    repeats: str = ""
    lasts_hours: int = 24
    state: str = "draft"
    series_id: int | None = Field(default=None, sa_column=Column(BigId, index=True))
    letters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    reached_id: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    left_out: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_by: str
    created_at: datetime = moment()
    due_at: datetime | None = moment(nullable=True)
    started_at: datetime | None = moment(nullable=True)
    expanded_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)


class BroadcastText(SQLModel, table=True):
    """What a broadcast without an offer says in one language.

    ``made_from`` is the hash of the Italian that was translated; ``reviewed_by`` who has read it.
    """

    __tablename__ = "broadcast_text"
    broadcast_id: int = _broadcast_key()
    language: str = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    made_from: str = ""
    reviewed_by: str = ""


class BroadcastCount(SQLModel, table=True):
    """What came of the rows of a broadcast that are not in the outbox any more."""

    __tablename__ = "broadcast_count"
    broadcast_id: int = _broadcast_key()
    language: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    status: str = Field(primary_key=True)
    problem: str = Field(primary_key=True)
    count: int


class Segment(SQLModel, table=True):
    """A saved audience."""

    name: str = Field(primary_key=True)
    audience: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Tag(SQLModel, table=True):
    """A mark that operators gave a person."""

    contact_id: int = contact_key(primary_key=True)
    tag: str = Field(primary_key=True, index=True)
