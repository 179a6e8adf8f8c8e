"""A WhatsApp number that may have passed to somebody else.

Operators give numbers out again, and WhatsApp itself takes 45 idle days and then a new device for a
new owner (its help centre). We see no devices; we see silence.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlmodel import col

from storage import notices
from storage.audit import By
from storage.models import Address, Inbox, Outbox

SILENT = timedelta(days=45)
"""After so long they are asked whether it is still them, before anything personal is shown."""

DOUBTED = "doubted"
"""The state of an address until they have said so."""

_BY_ITSELF = "sportello"
_SILENT_MS = int(SILENT.total_seconds() * 1000)


def is_doubted(channel: str, state: str, silent_ms: int) -> bool:
    """Whether this address, silent for so long, may be somebody else's by now."""
    return channel == "whatsapp" and (state == DOUBTED or silent_ms >= _SILENT_MS)


def let_go(connection: Connection, contact_id: int, channel: str, now: datetime) -> None:
    """The number is somebody else's: the person keeps what is theirs, and loses the number.

    What waited for them there is deleted, and the operators are told: appointments and rides
    stand, and nobody can be reached about them.
    """
    mine = col(Address.contact_id) == contact_id, col(Address.channel) == channel
    for address in connection.execute(select(col(Address.address)).where(*mine)).scalars().all():
        connection.execute(
            update(Inbox)
            .where(col(Inbox.channel) == channel, col(Inbox.address) == address)
            .values(address="", body=None, handled_at=now)
        )
        here = col(Outbox.channel) == channel, col(Outbox.address) == address
        connection.execute(delete(Outbox).where(*here))
    connection.execute(delete(Address).where(*mine))
    text = (
        f"The WhatsApp number of person {contact_id} belongs to somebody else now; "
        "nothing of theirs was shown"
    )
    notices.add(connection, By(_BY_ITSELF, now), "number", f"contact:{contact_id}", text)
