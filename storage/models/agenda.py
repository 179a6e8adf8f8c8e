"""The desk's agenda: what makes an hour bookable, and what is booked."""

from datetime import date, datetime

from sqlalchemy import JSON, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from storage.columns import NEVER_REUSED, BigId, Moment, contact_key, id_column, moment


class DeskPlace(SQLModel, table=True):
    """Where one can meet the desk (`flows.agenda.rules.Place`); ``hours`` as operators write them.

    ``offer`` is the service listing that tells people about it, in every language. A place that
    was removed stays, for its past appointments, and is not ``active``.
    """

    __tablename__ = "desk_place"
    id: str = Field(primary_key=True)
    name: str
    comune: str = ""
    address: str = ""
    phone: str = ""
    rooms: int = 1
    hours: str = ""
    weeks: str = "every"
    patron: str = ""
    phone_only: bool = False
    offer: str = ""
    active: bool = True


class DeskStaff(SQLModel, table=True):
    """A colleague or mediator (`flows.agenda.rules.Colleague`). ``places``: comma-separated ids."""

    __tablename__ = "desk_staff"
    id: str = Field(primary_key=True)
    name: str
    languages: str
    mediates: bool = False
    on_request: bool = False
    hours: str = ""
    places: str = ""
    active: bool = True


class DeskRules(SQLModel, table=True):
    """One row: what holds everywhere. ``topics``: key → minutes."""

    __tablename__ = "desk_rules"
    id: int = Field(primary_key=True, default=1)
    topics: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    grid: int = 30
    notice_hours: int = 12
    days_ahead: int = 21
    hold_minutes: int = 120


class DeskException(SQLModel, table=True):
    """A day unlike the others (`flows.agenda.rules.Exceptional`)."""

    __tablename__ = "desk_exception"
    id: int = id_column()
    place: str = ""
    day: date
    hours: str = ""
    closes: bool = True
    reason: str = ""


class Appointment(SQLModel, table=True):
    """One appointment. ``status``: offered (a freed hour that is held for somebody until
    ``held_until``), booked, cancelled, moved, declined, attended or no_show.

    ``sequence`` counts its changes, for calendars (RFC 5545); ``first_id`` is the number of the
    first one that was moved to it, so that a calendar moves it too. ``contact_id`` is empty for
    somebody who came without writing to us, and once the person was erased.
    """

    __table_args__ = (
        Index("appointment_of", "contact_id", "status"),
        Index("appointment_at", "starts_at"),
        NEVER_REUSED,
    )
    id: int = id_column()
    contact_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("contact.id", ondelete="SET NULL"))
    )
    place: str
    colleague: str
    mediator: str = ""
    room: int
    topic: str
    language: str = ""
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    status: str = "booked"
    sequence: int = 0
    first_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))
    created_at: datetime = moment()
    confirmed_at: datetime | None = moment(nullable=True)
    held_until: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)


class Hold(SQLModel, table=True):
    """A quarter of an hour that a person, a colleague or a room is taken: never twice.

    The primary key is what makes a double booking impossible, whatever runs beside us.
    """

    __table_args__ = (Index("hold_at", "at"),)
    resource: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Moment, primary_key=True))
    appointment_id: int = Field(
        sa_column=Column(
            BigId, ForeignKey("appointment.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )


class Waiting(SQLModel, table=True):
    """Somebody would come earlier than ``appointment_id``, or at all when there is none.

    ``refused``: the hours they did not take, as `Slot.key`, so that none is offered twice.
    """

    __table_args__ = (
        Index(
            "waiting_once",
            "contact_id",
            "topic",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    id: int = id_column()
    contact_id: int = contact_key()
    topic: str
    language: str = ""
    place: str = ""
    appointment_id: int | None = Field(
        default=None,
        sa_column=Column(BigId, ForeignKey("appointment.id", ondelete="CASCADE")),
    )
    refused: str = ""
    created_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)


class Reminder(SQLModel, table=True):
    """A reminder that was queued: none is queued twice, and a moved appointment has new ones."""

    appointment_id: int = Field(
        sa_column=Column(BigId, ForeignKey("appointment.id", ondelete="CASCADE"), primary_key=True)
    )
    kind: str = Field(primary_key=True)
    starts_at: datetime = Field(sa_column=Column(Moment, primary_key=True))
