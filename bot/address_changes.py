"""What a provider tells of an address itself: blocked, unblocked, moved."""

from sqlalchemy import Connection

from bot.channel import Received
from storage import outbox


def apply_change(connection: Connection, received: Received) -> None:
    """Write it down where the sender looks."""
    match received.change:
        case "blocked":
            outbox.block(connection, received.channel, received.address)
        case "unblocked":
            outbox.unblock(connection, received.channel, received.address)
        case "moved":
            outbox.move(connection, received.channel, received.address, received.moved_to)
