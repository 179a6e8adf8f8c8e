"""What people and the people of the desk write to each other."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, text
from sqlmodel import Field, SQLModel

from storage.columns import BigId, channel_id, contact_key, id_column, moment, sealed


class Ticket(SQLModel, table=True):
    """A person to be answered by people of the desk; ``id`` is the number of its notice.

    ``reason``: asked, misread, emergency or desk (an operator wrote first). ``urgency``: 0 an
    emergency, 1 a minor, 2 everybody else. ``listens``: what the person writes goes here.
    ``heard_at``: their last words, or when it was opened; ``replied_at`` the desk's last ones.
    """

    __table_args__ = (
        Index(
            "ticket_one_open",
            "contact_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    id: int = Field(
        sa_column=Column(BigId, ForeignKey("notice.id"), primary_key=True, autoincrement=False)
    )
    contact_id: int = contact_key()
    reason: str
    urgency: int = Field(sa_column=Column(Integer, nullable=False))
    listens: bool
    assigned_to: str = ""
    opened_at: datetime = moment()
    heard_at: datetime = moment()
    first_reply_at: datetime | None = moment(nullable=True)
    replied_at: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)


class TicketMessage(SQLModel, table=True):
    """Words of a ticket. ``author``: person, operator, or note (which nobody sends).

    ``canned`` is the key of a ready answer; ``letter_id`` the outbox row that carries an operator's
    words; ``problem`` is why they did not arrive, once the operators have been told.
    """

    __tablename__ = "ticket_message"
    id: int = id_column()
    ticket_id: int = Field(
        sa_column=Column(
            BigId, ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    at: datetime = moment()
    author: str
    operator: str = ""
    text: str = sealed("ticket_message.text")
    canned: str = ""
    letter_id: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    problem: str = ""


class DeskTopic(SQLModel, table=True):
    """The forum topic of one person in the operators' Telegram group."""

    __tablename__ = "desk_topic"
    __table_args__ = (Index("desk_topic_thread", "chat", "thread", unique=True),)
    contact_id: int = contact_key(primary_key=True)
    chat: str = channel_id()
    thread: int = Field(sa_column=Column(BigInteger, nullable=False))
