"""Whose messages wait for their turn."""

from sqlalchemy import Connection, select
from sqlmodel import col

from storage.models import Inbox


def who_waits(connection: Connection, most: int) -> list[tuple[str, str]]:
    """Channel and address of at most so many people, in no order."""
    query = (
        select(col(Inbox.channel), col(Inbox.address))
        .where(col(Inbox.handled_at).is_(None))
        .group_by(col(Inbox.channel), col(Inbox.address))
        .limit(most)
    )
    return [(channel, address) for channel, address in connection.execute(query)]
