"""What comes in, what goes out, and the facts we count."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.columns import (
    NEVER_REUSED,
    BigId,
    channel_id,
    contact_key,
    id_column,
    moment,
    sealed,
)
from storage.following import following


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
        Index(
            "inbox_handled",
            "handled_at",
            sqlite_where=text("handled_at IS NOT NULL"),
            postgresql_where=text("handled_at IS NOT NULL"),
        ),
    )
    id: int = id_column()
    channel: str
    external_id: str
    address: str = channel_id()
    body: str | None = sealed("inbox.body", nullable=True)
    received_at: datetime = moment()
    handled_at: datetime | None = moment(nullable=True)
    failures: int = 0


class Outbox(SQLModel, table=True):
    """One message to one person. Status words are the providers' (see the glossary).

    ``origin``: reply, goodbye (deleted once sent), reminder, operator,
    broadcast. ``held``: it waits until the person writes, because WhatsApp's window is closed.
    ``priority``: 0 replies, 1 reminders, 2 broadcasts; ``hidden`` counts the tries whose
    outcome a crash or a broken connection hid: such a message may have reached the person
    twice. ``edits`` is the provider's id of the message this one replaces. ``trace`` is the
    message in whose turn it was queued, whoever it goes to; ``inbox_id`` that which it answers.
    ``about`` is what it speaks of, such as ``appointment:12``, so that it can be called back;
    ``broadcast_id`` and ``language`` say which broadcast it is of, and in whose words.
    ``closed_at`` is set when nothing more is to be done; until then the row is open. ``held``
    is the status of what waits until the person has written.
    """

    __table_args__ = (
        Index(
            "outbox_due",
            "channel",
            "priority",
            "due_at",
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
        Index(
            "outbox_sending",
            "claimed_at",
            sqlite_where=text("status = 'sending'"),
            postgresql_where=text("status = 'sending'"),
        ),
        Index(
            "outbox_expires",
            "expires_at",
            sqlite_where=text("closed_at IS NULL AND expires_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NULL AND expires_at IS NOT NULL"),
        ),
        Index(
            "outbox_closed",
            "closed_at",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        Index("outbox_external", "channel", "external_id"),
        Index("outbox_inbox", "inbox_id"),
        Index(
            "outbox_about",
            "about",
            sqlite_where=text("closed_at IS NULL AND about <> ''"),
            postgresql_where=text("closed_at IS NULL AND about <> ''"),
        ),
        Index(
            "outbox_broadcast",
            "broadcast_id",
            "contact_id",
            unique=True,
            sqlite_where=text("broadcast_id IS NOT NULL"),
            postgresql_where=text("broadcast_id IS NOT NULL"),
        ),
        NEVER_REUSED,
    )
    id: int = id_column()
    contact_id: int | None = contact_key(nullable=True)
    channel: str
    address: str = channel_id()
    body: str = sealed("outbox.body")
    origin: str
    inbox_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    priority: int = 0
    edits: str = ""
    about: str = ""
    broadcast_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    language: str = ""
    due_at: datetime = moment()
    expires_at: datetime | None = moment(nullable=True)
    status: str = "queued"
    attempts: int = 0
    hidden: int = 0
    claimed_at: datetime | None = moment(nullable=True)
    external_id: str | None = None
    problem: str | None = None
    created_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    trace: int | None = Field(default_factory=following.get, sa_column=Column(BigInteger))


class Event(SQLModel, table=True):
    """A fact we count. No free text; erasing a person leaves the fact without the person.

    The indexes hold all that statistics read: they never look at the rows themselves.
    """

    __table_args__ = (
        Index("event_what", "kind", "flow", "step", "key", "contact_id", "at"),
        Index("event_who", "contact_id", "channel", "at"),
    )
    id: int = id_column()
    contact_id: int | None = Field(
        default=None,
        sa_column=Column(BigId, ForeignKey("contact.id", ondelete="SET NULL")),
    )
    kind: str
    flow: str = ""
    step: str = ""
    key: str = ""
    language: str = ""
    channel: str = ""
    at: datetime = moment()


class Permit(SQLModel, table=True):
    """The right to send one message on a channel; taken until ``free_at``, for ``address``."""

    channel: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    free_at: datetime = moment()
    address: str = channel_id(default="")


class Pause(SQLModel, table=True):
    """On this channel nothing of this ``priority`` or less urgent is sent before ``until``."""

    channel: str = Field(primary_key=True)
    priority: int = Field(primary_key=True)
    until: datetime = moment()
    code: str = ""


class Template(SQLModel, table=True):
    """A WhatsApp Content template that was provisioned, by our name for it.

    ``approval`` is Meta's word, read back: empty for those that need none (inside of the window),
    else ``unsubmitted``, ``received``, ``pending``, ``approved``, ``rejected`` …; ``language`` and
    ``category`` are what was asked for, or what Meta made of it.
    """

    name: str = Field(primary_key=True)
    sid: str
    language: str = ""
    category: str = ""
    approval: str = ""
    reason: str = ""


class SimulatorMessage(SQLModel, table=True):
    """The simulator's own memory of a chat, as a chat platform would have it."""

    __tablename__ = "simulator_message"
    __table_args__ = (Index("simulator_chat", "chat", "id"), NEVER_REUSED)
    id: int = id_column()
    chat: str = channel_id()
    sender: str
    text: str = sealed("simulator_message.text")
    body: str = sealed("simulator_message.body", default="{}")
    at: datetime = moment()
