"""Column types that read back what was written, on SQLite and on PostgreSQL alike."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator

# SQLite gives a row its own number only where the key is exactly INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")


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
