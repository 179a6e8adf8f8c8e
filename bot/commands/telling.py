"""What people hear of what an operator does with the agenda, and what the operator hears of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.commands import opening

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.correspondence import Correspondence
    from flows.agenda.rules import Exceptional


def correspondence() -> "Correspondence":
    """Writes to people in their language."""
    from bot.correspondence import Correspondence

    parts = opening.parts()
    return Correspondence(parts.languages, parts.settings.zone)


def tell(connection: "Connection", write: Any, row: dict[str, Any], now: datetime) -> str:
    """Write to whoever it is about; what to say to the operator."""
    if not row["contact_id"]:
        return "They do not write to us: please call them."
    told = write(connection, row["contact_id"], row["id"], now)
    return "The person is told." if told else "They cannot be written to: please call them."


def hit_by(connection: "Connection", closure: "Exceptional") -> list[dict[str, Any]]:
    """Appointments that could not be kept with a closure, and that can be kept without it."""
    from dataclasses import replace

    from storage.agenda.operators import stranded
    from storage.agenda.rules import load_rules

    now, zone = opening.by().now, opening.settings().zone
    rules = load_rules(connection, opening.today())
    then = replace(rules, exceptions=(*rules.exceptions, closure))
    before = {row["id"] for row in stranded(connection, now, zone, rules)}
    return [row for row in stranded(connection, now, zone, then) if row["id"] not in before]


def close_and_tell(
    row: dict[str, Any], closure: "Exceptional"
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Close, cancel what is hit, tell the people: whose appointments end, and who was not told.

    An hour that was only held for somebody is taken back without a word: they have nothing to lose.
    """
    from storage.agenda import booking
    from storage.agenda.operators import audited
    from storage.agenda.rules import add_exception

    by, writes = opening.by(), correspondence()
    with opening.database().begin() as connection:
        booking.lock(connection)
        hit = hit_by(connection, closure)
        add_exception(connection, row, by)
        for one in hit:
            booking.end(connection, one["id"], "cancelled", by.now)
            audited(connection, one["id"], "desk cancel", by, one["status"], "cancelled")
        ended = [one | {"status": "cancelled"} for one in hit if one["status"] == "booked"]
        untold = [
            one
            for one in ended
            if not one["contact_id"]
            or not writes.cancelled(connection, one["contact_id"], one["id"], by.now)
        ]
    return ended, untold
