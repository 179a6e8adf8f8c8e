"""A delivery as JSON, for the time it waits in the inbox."""

import json
from typing import Any

from bot.channel import Received
from flows.messages import Inbound, Position


def packed(received: Received) -> str:
    """What the inbox keeps of a delivery until it is handled."""
    return json.dumps(_row(received))


def _row(received: Received) -> dict[str, Any]:
    said = received.inbound
    row: dict[str, Any] = {"message": received.message}
    if received.haste:
        row["haste"] = received.haste
    if received.operator:
        row |= {"thread": received.thread, "operator": received.operator}
    if said is None:
        return row | {"change": received.change, "moved_to": received.moved_to}
    names = ("text", "tap", "start", "location", "media", "hint")
    return row | {"inbound": {n: getattr(said, n) for n in names if getattr(said, n)}}


def unpacked(channel: str, address: str, external_id: str, body: str | None) -> Received:
    """The delivery again, from what `packed` made of it.

    Raises ValueError for what could not be opened (None).
    """
    if body is None:
        raise ValueError("its words cannot be opened: they were changed past the program")
    row = json.loads(body)
    inbound = None
    if "inbound" in row:
        said = row["inbound"]
        if location := said.get("location"):
            said["location"] = Position(*location)
        inbound = Inbound(**said)
    return Received(
        channel,
        external_id,
        address,
        inbound,
        change=row.get("change", ""),
        moved_to=row.get("moved_to", ""),
        message=row["message"],
        thread=row.get("thread", 0),
        operator=row.get("operator", ""),
        haste=row.get("haste", ""),
    )
