"""Deleting what need not be kept any longer."""

from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlmodel import col

from storage.models import Address, Inbox, Outbox, SimulatorMessage
from storage.outreach import report


def prune(connection: Connection, before: datetime) -> int:
    """Messages sent and deliveries handled before then; how many rows went.

    Of broadcasts the counts stay.

    Telegram's update ids start anew at random after a week without updates, so the ids of old
    deliveries are of no use (Bot API, Update.update_id).
    """
    report.fold(connection, before)
    sent = connection.execute(delete(Outbox).where(col(Outbox.closed_at) < before))
    handled = connection.execute(delete(Inbox).where(col(Inbox.handled_at) < before))
    said = connection.execute(delete(SimulatorMessage).where(col(SimulatorMessage.at) < before))
    return sent.rowcount + handled.rowcount + said.rowcount


def forget_left_chats(connection: Connection, before: datetime) -> int:
    """The simulator's memory of chats whose person was erased, once the goodbye was read."""
    known = select(col(Address.address)).where(col(Address.channel) == "simulator")
    gone = connection.execute(
        delete(SimulatorMessage).where(
            col(SimulatorMessage.chat).not_in(known), col(SimulatorMessage.at) < before
        )
    )
    return gone.rowcount
