"""Every table. Times end in ``_at`` and are aware UTC; keys are ASCII snake_case."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.columns import BigId, Moment

# SQLite would give a deleted row's number to the next one.
_NEVER_REUSED = {"sqlite_autoincrement": True}


def _id() -> Any:
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def _contact(*, nullable: bool = False, primary_key: bool = False) -> Any:
    key = ForeignKey("contact.id", ondelete="CASCADE")
    column = Column(BigId, key, nullable=nullable, primary_key=primary_key, index=not primary_key)
    return Field(default=None, sa_column=column)


def _at(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Moment, nullable=nullable))


class Contact(SQLModel, table=True):
    """A person. ``alerts``: off, on, paused or stopped.

    ``agreed`` holds the purposes they consent to now, comma-separated; `Consent` the history.
    """

    __table_args__ = _NEVER_REUSED
    id: int = _id()
    alerts: str = "off"
    agreed: str = ""
    created_at: datetime = _at()


class Address(SQLModel, table=True):
    """A person's id on a channel; a person may have several.

    ``heard_at`` is when they last wrote there (WhatsApp's window); ``state``: ok or blocked.
    """

    __table_args__ = (UniqueConstraint("channel", "address"),)
    id: int = _id()
    contact_id: int = _contact()
    channel: str
    address: str
    state: str = "ok"
    heard_at: datetime = _at()


class Conversation(SQLModel, table=True):
    """Where a contact is: `flows.conversation.Conversation` as JSON."""

    contact_id: int = _contact(primary_key=True)
    language: str
    state: str = Field(sa_column=Column(Text, nullable=False))
    updated_at: datetime = _at()


class Consent(SQLModel, table=True):
    """One yes or no to one purpose, and under which words (GDPR art. 7(1))."""

    id: int = _id()
    contact_id: int = _contact()
    purpose: str
    given: bool
    version: str
    text_hash: str
    language: str
    channel: str
    at: datetime = _at()


class Inbox(SQLModel, table=True):
    """One delivery of a provider. ``body`` is there only until it is handled."""

    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        Index(
            "inbox_waiting",
            "channel",
            "address",
            "id",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
    )
    id: int = _id()
    channel: str
    external_id: str
    address: str
    body: str | None = Field(default=None, sa_column=Column(Text))
    received_at: datetime = _at()
    handled_at: datetime | None = _at(nullable=True)
    failures: int = 0


class Outbox(SQLModel, table=True):
    """One message to one person. Status words are the providers' (see the glossary).

    ``origin``: reply, goodbye (deleted once sent), later reminder, operator, broadcast.
    ``priority``: 0 replies, 1 reminders, 2 broadcasts; ``hidden`` counts the tries whose outcome a
    crash or a broken connection hid: such a message may have reached the person twice. ``edits`` is
    the provider's id of the message this one replaces. ``closed_at`` is set when nothing more is
    to be done; until then the row is open.
    """

    __table_args__ = (
        Index(
            "outbox_open",
            "priority",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "outbox_open_of_address",
            "channel",
            "address",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("outbox_external", "channel", "external_id"),
        Index("outbox_inbox", "inbox_id"),
        _NEVER_REUSED,
    )
    id: int = _id()
    contact_id: int | None = _contact(nullable=True)
    channel: str
    address: str
    body: str = Field(sa_column=Column(Text, nullable=False))
    origin: str
    inbox_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    priority: int = 0
    edits: str = ""
    due_at: datetime = _at()
    expires_at: datetime | None = _at(nullable=True)
    status: str = "queued"
    attempts: int = 0
    hidden: int = 0
    claimed_at: datetime | None = _at(nullable=True)
    external_id: str | None = None
    problem: str | None = None
    created_at: datetime = _at()
    closed_at: datetime | None = _at(nullable=True)


class Event(SQLModel, table=True):
    """A fact we count. No free text; erasing a person leaves the fact without the person."""

    __table_args__ = (Index("event_kind_at", "kind", "at"),)
    id: int = _id()
    contact_id: int | None = Field(
        default=None,
        sa_column=Column(BigId, ForeignKey("contact.id", ondelete="SET NULL"), index=True),
    )
    kind: str
    flow: str = ""
    step: str = ""
    key: str = ""
    language: str = ""
    channel: str = ""
    at: datetime = _at()


class Listing(SQLModel, table=True):
    """An offer that operators checked. ``details`` holds the typed facts of its topic as JSON.

    ``provider_id`` is the person who answers for it on a channel (`storage.content.providers`);
    ``asked_at`` is when they were last asked whether it still holds.
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
    asked_at: datetime | None = _at(nullable=True)


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


class Interest(SQLModel, table=True):
    """Somebody would like an offer."""

    __table_args__ = (UniqueConstraint("contact_id", "listing_id"),)
    id: int = _id()
    contact_id: int = _contact()
    listing_id: str = Field(foreign_key="listing.id", ondelete="CASCADE")
    at: datetime = _at()


class Template(SQLModel, table=True):
    """A WhatsApp Content template that was provisioned, by our name for it."""

    name: str = Field(primary_key=True)
    sid: str


class Audit(SQLModel, table=True):
    """Who changed what: never edited. ``before`` and ``after`` hold no personal data."""

    __table_args__ = (Index("audit_subject", "subject", "id"), _NEVER_REUSED)
    id: int = _id()
    at: datetime = _at()
    operator: str
    action: str
    subject: str
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class Notice(SQLModel, table=True):
    """Something the operators should know, until one of them closes it."""

    id: int = _id()
    at: datetime = _at()
    kind: str
    subject: str = ""
    text: str = Field(sa_column=Column(Text, nullable=False))
    closed_at: datetime | None = _at(nullable=True)
    closed_by: str = ""


class Unanswered(SQLModel, table=True):
    """A question that was not understood, scrubbed, of somebody who agreed; for 30 days.

    ``intent`` is what was guessed, ``label`` what an operator says it means.
    """

    id: int = _id()
    contact_id: int = _contact()
    at: datetime = _at()
    language: str
    intent: str
    comune: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    label: str = ""


class JobRun(SQLModel, table=True):
    """A scheduled job that was done for one local day; unique, so it is done once."""

    __tablename__ = "job_run"
    job: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    at: datetime = _at()


class SimulatorMessage(SQLModel, table=True):
    """The simulator's own memory of a chat, as a chat platform would have it."""

    __tablename__ = "simulator_message"
    __table_args__ = (Index("simulator_chat", "chat", "id"), _NEVER_REUSED)
    id: int = _id()
    chat: str
    sender: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    body: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    at: datetime = _at()
