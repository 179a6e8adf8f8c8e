"""What follows for an address from what a provider tells: it blocked us, moved, opted out."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.channel import Problem, Received
from storage import addresses

_DAY = timedelta(hours=24)


def apply_change(connection: Connection, received: Received) -> None:
    """A delivery that is no message: blocked, unblocked or moved."""
    match received.change:
        case "blocked":
            addresses.block(connection, received.channel, received.address)
        case "unblocked":
            addresses.unblock(connection, received.channel, received.address)
        case "moved":
            addresses.move(connection, received.channel, received.address, received.moved_to)


def apply_problem(
    connection: Connection, channel: str, address: str, problem: Problem, now: datetime
) -> None:
    """Why a message was not sent may be a reason to write no more."""
    match problem:
        case Problem.UNREACHABLE:
            addresses.block(connection, channel, address)
        case Problem.STOPPED:
            addresses.stop_alerts(connection, channel, address, now)
        case Problem.POLICY:
            addresses.rest(connection, channel, address, now + _DAY)
        case Problem.WINDOW_CLOSED:
            addresses.close_window(connection, channel, address, now - _DAY)
