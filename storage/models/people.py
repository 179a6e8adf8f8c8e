"""People, their addresses, what they agreed to, where they are in a conversation."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import NEVER_REUSED, channel_id, contact_key, id_column, moment, sealed


class Contact(SQLModel, table=True):
    """A person. ``alerts``: off, on, paused or stopped.

    ``agreed`` holds the purposes they consent to now, comma-separated; `Consent` the history.
    """

    __table_args__ = NEVER_REUSED
    id: int = id_column()
    alerts: str = "off"
    agreed: str = ""
    created_at: datetime = moment()


class Address(SQLModel, table=True):
    """A person's id on a channel; a person may have several.

    ``heard_at`` is when they last wrote there (WhatsApp's window); ``state``: ok, blocked, doubted;
    before ``rests_until`` the provider wants no broadcast there.
    """

    __table_args__ = (UniqueConstraint("channel", "address"),)
    id: int = id_column()
    contact_id: int = contact_key()
    channel: str
    address: str = channel_id()
    state: str = "ok"
    heard_at: datetime = moment()
    rests_until: datetime | None = moment(nullable=True)


class Conversation(SQLModel, table=True):
    """Where a contact is: `flows.conversation.Conversation` as JSON."""

    contact_id: int = contact_key(primary_key=True)
    language: str
    state: str = sealed("conversation.state")
    updated_at: datetime = moment()


class Consent(SQLModel, table=True):
    """One yes or no to one purpose, and under which words (GDPR art. 7(1))."""

    id: int = id_column()
    contact_id: int = contact_key()
    purpose: str
    given: bool
    version: str
    text_hash: str
    language: str
    channel: str
    at: datetime = moment()


class Interest(SQLModel, table=True):
    """Somebody would like an offer."""

    __table_args__ = (UniqueConstraint("contact_id", "listing_id"),)
    id: int = id_column()
    contact_id: int = contact_key()
    listing_id: str = Field(foreign_key="listing.id", ondelete="CASCADE")
    at: datetime = moment()


class Unanswered(SQLModel, table=True):
    """A question that was not understood, scrubbed, of somebody who agreed; for 30 days.

    ``intent`` is what was guessed, ``label`` what an operator says it means.
    """

    id: int = id_column()
    contact_id: int = contact_key()
    at: datetime = moment()
    language: str
    intent: str
    comune: str
    text: str = sealed("unanswered.text")
    label: str = ""


class Farewell(SQLModel, table=True):
    """Somebody does not write any more: told that they will be forgotten, or could not be told."""

    contact_id: int = contact_key(primary_key=True)
    told_at: datetime = moment()
