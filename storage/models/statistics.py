"""What statistics keep of the events, so that they need not read them all again."""

from datetime import date, datetime

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from storage.columns import BigId, contact_key, moment


class RollUp(SQLModel, table=True):
    """One row: events up to the number ``upto`` are in the tables below, by days of ``zone``."""

    __tablename__ = "roll_up"
    id: int = Field(default=1, primary_key=True)
    zone: str
    upto: int = Field(default=0, sa_column=Column(BigId, nullable=False))


class DayCrowd(SQLModel, table=True):
    """Who did something on a local day: ``people`` is a set, see `storage.stats.crowds`.

    Whoever is erased is taken out of the sets.
    """

    __tablename__ = "day_crowd"
    __table_args__ = (Index("day_crowd_day", "day"),)
    kind: str = Field(primary_key=True)
    flow: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    step: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    people: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class FirstOffers(SQLModel, table=True):
    """When somebody was first shown offers, and how many questions were put to them before."""

    __tablename__ = "first_offers"
    contact_id: int = contact_key(primary_key=True)
    questions: int = 0
    at: datetime | None = moment(nullable=True)
