"""Whose messages wait for their turn."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, select, type_coerce, update
from sqlmodel import col

from storage.models import Inbox
from storage.sealing import SpoiltError, sealing_of

_ADDRESS: Any = Inbox.__table__.c.address  # type: ignore[attr-defined]


def who_waits(connection: Connection, most: int) -> tuple[list[tuple[str, str]], list[str]]:
    """Channel and address of at most so many people, in no order.

    And the sealed addresses that do not open: somebody has changed them past the program.
    """
    sealed = type_coerce(_ADDRESS, String)
    query = (
        select(col(Inbox.channel), sealed)
        .where(col(Inbox.handled_at).is_(None))
        .group_by(col(Inbox.channel), sealed)
        .limit(most)
    )
    found, spoilt, sealing = [], [], sealing_of(connection.dialect)
    for channel, address in connection.execute(query):
        try:
            found.append((channel, _ADDRESS.type.open(address, sealing)))
        except SpoiltError:
            spoilt.append(address)
    return found, spoilt


def set_aside(connection: Connection, spoilt: list[str], now: datetime) -> int:
    """Close what came from these sealed addresses, as nobody's; how many messages."""
    mine = update(Inbox).where(
        type_coerce(_ADDRESS, String).in_(spoilt), col(Inbox.handled_at).is_(None)
    )
    return connection.execute(mine.values(handled_at=now, body=None, address="")).rowcount
