"""The schedule of `storage.retention`, in a test's own transaction."""

from datetime import datetime

from sqlalchemy import Connection

from storage.retention.schedule import RULES
from storage.retention.sweeping import sweep


def swept(connection: Connection, now: datetime, *keys: str) -> int:
    """All that is due at that moment, by these rules or by all; how many rows went."""
    gone = 0
    for rule in RULES:
        if not keys or rule.key in keys:
            while found := sweep(connection, rule, now):
                gone += found
    return gone
