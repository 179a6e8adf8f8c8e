"""The service's own file (YAML): what the social taxi can do."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from flows.folding import fold
from storage.yaml_file import Checks, read_yaml

_PRICE = re.compile(r"\d{1,3}(?:\.\d{1,2})?")
_LABEL = 20
_WHOLE = {
    "notice_hours": (0, 336, 48),
    "days_ahead": (1, 90, 30),
    "grid": (15, 120, 30),
    "cars": (1, 9, 1),
    "seats": (1, 8, 4),
    "child_seats": (0, 4, 1),
    "ride_minutes": (15, 240, 45),
    "share_minutes": (0, 120, 30),
    "cancel_hours": (0, 72, 12),
}
"""Lowest, highest, and what holds when the file does not say."""


def read_taxi(path: Path) -> dict[str, Any]:
    """A row of `storage.models.RideRules`. Raises ContentError with every mistake, OSError."""
    data, checks = read_yaml(path), Checks(path.name)
    checks.names(data, {*_WHOLE, "name", "phone", "points", "hours", "price", "closed"})
    row: dict[str, Any] = {
        name: checks.number(0, name, data, low, high, otherwise)
        for name, (low, high, otherwise) in _WHOLE.items()
    }
    price = checks.match(0, "price", str(data.get("price", "")), _PRICE, "euro, such as 5 or 5.50")
    row |= {
        "name": checks.text(0, "name", data.get("name")),
        "phone": checks.text(0, "phone", data.get("phone")),
        "hours": checks.hours(0, "hours", data.get("hours"), needed=True),
        "price_cents": round(float(price or 0) * 100),
        "points": _points(checks, data.get("points")),
        "closed": _closed(checks, data.get("closed") or []),
    }
    checks.raise_if_wrong()
    return row


def point_id(name: str) -> str:
    """What names a point in an option: its name in ASCII."""
    return re.sub(r"[^a-z0-9]+", "_", fold(name)).strip("_")[:24]


def _points(checks: Checks, given: Any) -> dict[str, list[str]]:
    """ISTAT code → the names of where the car waits."""
    if not isinstance(given, Mapping) or len(given) < 2:
        checks.wrong(0, "points", "", "two comuni at least, each with where the car waits there")
        return {}
    found: dict[str, list[str]] = {}
    for comune, names in given.items():
        listed = names if isinstance(names, list) else [names]
        texts = [checks.text(0, f"points.{comune}", name) for name in listed]
        ids = [point_id(text) for text in texts]
        if not all(ids) or len(set(ids)) < len(ids) or not 0 < len(ids) <= 9:
            checks.wrong(0, f"points.{comune}", "", "one to nine names, each another one")
        if len(texts) > 1 and any(len(text) > _LABEL for text in texts):
            checks.wrong(0, f"points.{comune}", "", f"names of at most {_LABEL} letters: buttons")
        found[checks.comune(0, "points", comune)] = texts
    return found


def _closed(checks: Checks, given: Any) -> list[str]:
    days = given if isinstance(given, list) else [given]
    try:
        return sorted(date.fromisoformat(str(day)).isoformat() for day in days)
    except ValueError:
        checks.wrong(0, "closed", ", ".join(map(str, days)), "days, such as [2026-12-24]")
        return []
