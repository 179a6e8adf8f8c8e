"""What is deleted at once. What is kept for a while: `storage.retention`."""

from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlmodel import col

from storage.models import Address, SimulatorMessage


def forget_left_chats(connection: Connection, before: datetime) -> int:
    """The simulator's memory of chats whose person was erased, once the goodbye was read."""
    known = select(col(Address.address)).where(col(Address.channel) == "simulator")
    gone = connection.execute(
        delete(SimulatorMessage).where(
            col(SimulatorMessage.chat).not_in(known), col(SimulatorMessage.at) < before
        )
    )
    return gone.rowcount
