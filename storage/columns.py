"""Columns that many tables have; their types read back what was written, on every database."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Integer, String, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from storage.sealing import Sealing, sealing_of

# SQLite gives a row its own number only where the key is exactly INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")

# SQLite would give a deleted row's number to the next one.
NEVER_REUSED = {"sqlite_autoincrement": True}


def to_ms(moment: datetime) -> int:
    """Unix milliseconds. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return round(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """The aware UTC datetime of Unix milliseconds."""
    return datetime.fromtimestamp(value / 1000, UTC)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored as Unix milliseconds.

    `DateTime(timezone=True)` reads back naive on SQLite; whole numbers compare and index the same
    everywhere and cost the hot path no parsing.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To milliseconds."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """To an aware datetime in UTC."""
        return None if value is None else from_ms(value)


class SealedType(TypeDecorator[str]):
    """A text that is sealed in the database; an empty one says nothing and stays empty."""

    def seal(self, value: str, sealing: Sealing) -> str:
        """As it is kept."""
        raise NotImplementedError

    def open(self, value: str, sealing: Sealing) -> str:
        """As it was."""
        raise NotImplementedError

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Sealed."""
        return self.seal(value, sealing_of(dialect)) if value else value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Opened."""
        return self.open(value, sealing_of(dialect)) if value else value


class Sealed(SealedType):
    """A text that is only read back, in the column ``where`` (table.column)."""

    impl = Text
    cache_ok = True

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def seal(self, value: str, sealing: Sealing) -> str:
        """Different each time."""
        return sealing.seal(value, self.where)

    def open(self, value: str, sealing: Sealing) -> str:
        """Raises SealingError."""
        return sealing.open(value, self.where)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Nothing can be looked for in it, and nothing would ever be found."""
        raise TypeError(f"{self.where} is sealed: no query can look into it")


class ChannelId(SealedType):
    """A person's id on a channel: sealed so that equal ones stay equal, in every table."""

    impl = String
    cache_ok = True

    def seal(self, value: str, sealing: Sealing) -> str:
        """The same each time."""
        return sealing.seal_same(value, "address")

    def open(self, value: str, sealing: Sealing) -> str:
        """Raises SealingError."""
        return sealing.open_same(value, "address")


def sealed(where: str, *, nullable: bool = False, default: str | None = None) -> Any:
    """Words of a person, see `Sealed`."""
    return Field(default=default, sa_column=Column(Sealed(where), nullable=nullable))


def channel_id(*, default: str | None = None) -> Any:
    """Where somebody is reached, see `ChannelId`."""
    return Field(default=default, sa_column=Column(ChannelId, nullable=False))


def id_column() -> Any:
    """The row's own number."""
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def contact_key(*, nullable: bool = False, primary_key: bool = False) -> Any:
    """Whose row it is; it goes when the person goes."""
    key = ForeignKey("contact.id", ondelete="CASCADE")
    column = Column(BigId, key, nullable=nullable, primary_key=primary_key, index=not primary_key)
    return Field(default=None, sa_column=column)


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A time, see `Moment`."""
    return Field(default=None, sa_column=Column(Moment, nullable=nullable, index=index))
