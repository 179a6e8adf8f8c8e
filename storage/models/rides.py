"""The social taxi: its rules, the rides that were asked for, and those that could not be met."""

from datetime import date, datetime

from sqlalchemy import JSON, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from storage.columns import NEVER_REUSED, BigId, Moment, id_column, moment

_MISSED = text("contact_id IS NOT NULL")


class RideRules(SQLModel, table=True):
    """One row: what the service can do (`flows.rides.rules.Taxi`), as operators wrote it.

    ``points``: ISTAT code → names; ``closed``: days, ISO.
    """

    __tablename__ = "ride_rules"
    id: int = Field(primary_key=True, default=1)
    name: str
    phone: str
    points: dict[str, list[str]] = Field(sa_column=Column(JSON, nullable=False))
    hours: str
    closed: list[str] = Field(sa_column=Column(JSON, nullable=False))
    notice_hours: int = 48
    days_ahead: int = 30
    grid: int = 30
    price_cents: int = 500
    cars: int = 1
    seats: int = 4
    child_seats: int = 1
    ride_minutes: int = 45
    share_minutes: int = 30
    cancel_hours: int = 12


class Ride(SQLModel, table=True):
    """One ride (`flows.rides.port.Ride`). ``wanted_at`` is what was asked, ``leaves_at`` what holds
    or is proposed; ``answer_by``: when it lapses without an answer. ``run_id``: the drive it is in.

    ``contact_id`` is empty once the person was erased.
    """

    __table_args__ = (
        Index("ride_at", "leaves_at"),
        Index(
            "ride_once",
            "contact_id",
            "leaves_at",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        NEVER_REUSED,
    )
    id: int = id_column()
    contact_id: int | None = Field(
        default=None,
        sa_column=Column(BigId, ForeignKey("contact.id", ondelete="SET NULL"), index=True),
    )
    origin: str
    origin_point: str = ""
    destination: str
    destination_point: str = ""
    wanted_at: datetime = moment()
    leaves_at: datetime = moment()
    people: int = 1
    child_seats: int = 0
    purpose: str = "other"
    status: str = "asked"
    run_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("run.id", ondelete="SET NULL"), index=True)
    )
    created_at: datetime = moment()
    answer_by: datetime = moment()
    reminded_at: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)


class Run(SQLModel, table=True):
    """One drive of a car, for one ride or for several that share it."""

    __table_args__ = (NEVER_REUSED,)
    id: int = id_column()
    car: int


class RunHold(SQLModel, table=True):
    """A quarter of an hour that a car is away: it is in one place at a time.

    The primary key is what makes that so, whatever runs beside us.
    """

    __tablename__ = "run_hold"
    car: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Moment, primary_key=True))
    run_id: int = Field(
        sa_column=Column(BigId, ForeignKey("run.id", ondelete="CASCADE"), nullable=False)
    )


class RunSeat(SQLModel, table=True):
    """A seat (``seat:1`` …) or child seat (``child:1`` …) in a drive: for one ride.

    The primary key is what makes it impossible that more people ride than there is room for.
    """

    __tablename__ = "run_seat"
    run_id: int = Field(
        sa_column=Column(BigId, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    )
    seat: str = Field(primary_key=True)
    ride_id: int = Field(
        sa_column=Column(
            BigId, ForeignKey("ride.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )


class RideWish(SQLModel, table=True):
    """A ride that could not be met, and why: the same wish of one person counts once.

    ``band``: part of the day, empty when it was not said. ``contact_id`` is only there to count
    people, and empty once the person was erased or 90 days have passed.
    """

    __tablename__ = "ride_wish"
    __table_args__ = (
        Index(
            "wish_once",
            "contact_id",
            "origin",
            "destination",
            "day",
            "band",
            unique=True,
            sqlite_where=_MISSED,
            postgresql_where=_MISSED,
        ),
    )
    id: int = id_column()
    contact_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("contact.id", ondelete="SET NULL"))
    )
    origin: str
    destination: str
    day: date
    band: str = ""
    people: int = 1
    reason: str
    at: datetime = moment()
