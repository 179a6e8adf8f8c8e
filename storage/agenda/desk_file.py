"""The desk's own file (YAML): places, staff, topics, read with every mistake named."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.agenda.rules import TOPICS
from flows.hours import parse_hours, spell_hours
from storage.yaml_file import Checks, in_quarters, read_yaml

_ID = re.compile(r"[a-z0-9_]{1,24}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_PATRON = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|")
_WHOLE = {
    "notice_hours": (0, 336),
    "days_ahead": (1, 90),
    "hold_minutes": (5, 1440),
}
_GRIDS = (15, 30, 45, 60, 90, 120)
_DEFAULTS = {"notice_hours": 12, "days_ahead": 21, "hold_minutes": 120}


@dataclass(slots=True)
class Parsed:
    """What the file says, as rows of the tables."""

    rules: dict[str, Any] = field(default_factory=dict)
    places: list[dict[str, Any]] = field(default_factory=list)
    staff: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For the audit: names of colleagues are the desk's own, no visitor's."""
        return {"rules": self.rules, "places": self.places, "staff": self.staff}


def read_desk(path: Path) -> Parsed:
    """The file's places, staff and rules. Raises ContentError with every mistake, OSError."""
    checks = Checks(path.name)
    parsed = _Reader(checks).read(read_yaml(path))
    checks.raise_if_wrong()
    return parsed


def check_colleague(
    id: str, before: Mapping[str, Any], given: Mapping[str, Any], places: set[str]
) -> dict[str, Any]:
    """A colleague as ``before``, changed by what is ``given`` (None: not). Raises ContentError."""
    kept = {
        **before,
        "languages": [code for code in before.get("languages", "").split(",") if code],
        "places": [place for place in before.get("places", "").split(",") if place],
    }
    news = {name: value for name, value in given.items() if value is not None}
    checks = Checks("desk staff")
    row = _Reader(checks).colleague(0, {"name": id, **kept, **news, "id": id}, places)
    checks.raise_if_wrong()
    return row


def hours_of_day(text: str) -> str:
    """``09:00-12:00; 14:00-16:00``, as the tables keep it. Raises ValueError."""
    hours = parse_hours(text)
    if not all(h.start < h.end and not h.days and in_quarters(h) for h in hours):
        raise ValueError(text)
    return spell_hours(hours)


class _Reader:
    def __init__(self, checks: Checks) -> None:
        self._is = checks

    def read(self, data: Mapping[str, Any]) -> Parsed:
        self._is.names(data, {*_WHOLE, "grid", "topics", "places", "staff"})
        parsed = Parsed(
            {
                name: self._is.number(0, name, data, *_WHOLE[name], _DEFAULTS[name])
                for name in _WHOLE
            }
        )
        parsed.rules["grid"] = self._grid(data.get("grid", 30))
        parsed.rules["topics"] = self._topics(data.get("topics"))
        parsed.places = self._rows("places", data, self._place)
        ids = {row["id"] for row in parsed.places}
        parsed.staff = self._rows("staff", data, lambda n, row: self.colleague(n, row, ids))
        return parsed

    def _rows(
        self, name: str, data: Mapping[str, Any], one: Callable[[int, Any], dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Each with its number in the list, from 1, which the mistakes name as the row."""
        given = data.get(name)
        if not isinstance(given, list) or not given:
            self._is.wrong(0, name, "", "a list with at least one entry")
            return []
        rows = [one(n, row if isinstance(row, dict) else {}) for n, row in enumerate(given, 1)]
        seen: set[str] = set()
        for n, row in enumerate(rows, 1):
            if row["id"] in seen:
                self._is.wrong(n, f"{name}.id", row["id"], "an id that nobody else has")
            seen.add(row["id"])
        return rows

    def _place(self, n: int, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": self._is.match(n, "places.id", row.get("id"), _ID, "a-z, 0-9 and _, 24 at most"),
            "name": self._is.text(n, "places.name", row.get("name")),
            "comune": self._comune(n, row),
            "address": str(row.get("address", "")),
            "phone": self._is.text(n, "places.phone", row.get("phone")),
            "rooms": self._is.number(n, "rooms", row, 1, 20, 1),
            "hours": self._is.hours(n, "places.hours", row.get("hours"), needed=True),
            "weeks": self._is.choice(n, "places.weeks", row.get("weeks"), ("every", "odd", "even")),
            "patron": self._is.match(n, "places.patron", row.get("patron", ""), _PATRON, "MM-DD"),
            "phone_only": bool(row.get("phone_only")),
            "offer": str(row.get("offer", "")),
            "active": True,
        }

    def _comune(self, n: int, row: Mapping[str, Any]) -> str:
        if row.get("phone_only") and not row.get("comune"):
            return ""
        return self._is.comune(n, "places.comune", row.get("comune"))

    def colleague(self, n: int, row: Mapping[str, Any], places: set[str]) -> dict[str, Any]:
        """One row of the staff."""
        languages = [str(code) for code in row.get("languages") or ()]
        if not languages or not all(_LANGUAGE.fullmatch(code) for code in languages):
            self._is.wrong(
                n, "staff.languages", ", ".join(languages), "codes, such as [it, fr, ar]"
            )
        where = [str(place) for place in row.get("places") or ()]
        for place in where:
            if place not in places:
                self._is.wrong(n, "staff.places", place, f"one of {', '.join(sorted(places))}")
        return {
            "id": self._is.match(n, "staff.id", row.get("id"), _ID, "a-z, 0-9 and _, 24 at most"),
            "name": self._is.text(n, "staff.name", row.get("name")),
            "languages": ",".join(languages),
            "mediates": bool(row.get("mediates")),
            "on_request": bool(row.get("on_request")),
            "hours": self._is.hours(n, "staff.hours", row.get("hours", ""), needed=False),
            "places": ",".join(where),
            "active": True,
        }

    def _topics(self, given: Any) -> dict[str, int]:
        if not isinstance(given, dict) or not given:
            self._is.wrong(0, "topics", "", f"minutes by topic: {', '.join(TOPICS)}")
            return {}
        for key in given.keys() - set(TOPICS):
            self._is.wrong(0, f"topics.{key}", "", f"one of {', '.join(TOPICS)}")
        return {key: self._is.number(0, key, given, 5, 240, 0) for key in TOPICS if key in given}

    def _grid(self, value: Any) -> int:
        if isinstance(value, bool) or value not in _GRIDS:
            self._is.wrong(0, "grid", str(value), f"one of {', '.join(map(str, _GRIDS))}")
            return 30
        return int(value)
