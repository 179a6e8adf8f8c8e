"""Bringing back the words of an offer in another language, as its history has them."""

from typing import Any

from sqlalchemy import Connection

from storage.audit import By, entries, entry
from storage.content.fields import TRANSLATED
from storage.content.sheets import Row
from storage.content.translations import store

_ACTION = "translate "


def restore_words(connection: Connection, id: str, change: int, by: By) -> bool:
    """Make a translation what it was after that change; False: the change is none of this offer.

    It counts as made from the Italian of that time: where that has changed since, it is stale.
    """
    found = entry(connection, change)
    if not found or found["subject"] != f"offer:{id}" or not found["action"].startswith(_ACTION):
        return False
    italian = _italian(connection, found)
    row = {"id": id, "language": found["action"].removeprefix(_ACTION)}
    words = {name: text for name, text in found["after"].items() if name in TRANSLATED}
    cells = [
        row | {"field": name, "italian": italian.get(name, ""), "text": text}
        for name, text in words.items()
    ]
    store(connection, [Row("", 0, each) for each in cells], by)
    return True


def _italian(connection: Connection, change: dict[str, Any]) -> dict[str, Any]:
    """The offer as it was when it was translated."""
    for earlier in entries(connection, change["subject"], limit=None):
        if earlier["id"] < change["id"] and "topic" in (earlier["after"] or {}):
            return dict(earlier["after"])
    return {}
