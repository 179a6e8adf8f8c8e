"""The desk's own file (YAML): places, staff, topics, read with every mistake named."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from flows.agenda.rules import TOPICS
from flows.hours import Hours, parse_hours, spell_hours
from storage.content.sheets import ContentError, Mistake
from storage.gazetteer import load_gazetteer

_ID = re.compile(r"[a-z0-9_]{1,24}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_PATRON = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|")
_HOURS_HELP = "days and times, such as mon-fri 09:00-12:30; wed 14:00-18:00"
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
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = where.line + 1 if where else 0
        raise ContentError([Mistake(path.name, line, "", "", "YAML in UTF-8")]) from None
    reader = _Reader(path.name)
    parsed = reader.read(data if isinstance(data, dict) else {})
    if reader.mistakes:
        raise ContentError(reader.mistakes)
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
    reader = _Reader("desk staff")
    row = reader.colleague(0, {"name": id, **kept, **news, "id": id}, places)
    if reader.mistakes:
        raise ContentError(reader.mistakes)
    return row


def hours_of_day(text: str) -> str:
    """``09:00-12:00; 14:00-16:00``, as the tables keep it. Raises ValueError."""
    hours = parse_hours(text)
    if not all(h.start < h.end and not h.days and _in_quarters(h) for h in hours):
        raise ValueError(text)
    return spell_hours(hours)


def _in_quarters(hours: Hours) -> bool:
    return not any(int(clock[3:]) % 15 for clock in (hours.start, hours.end) if clock)


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self.mistakes: list[Mistake] = []

    def read(self, data: Mapping[str, Any]) -> Parsed:
        known = {*_WHOLE, "grid", "topics", "places", "staff"}
        for name in data.keys() - known:
            self._wrong(0, str(name), "", f"one of {', '.join(sorted(known))}")
        parsed = Parsed(
            {name: self._number(0, name, data, *_WHOLE[name], _DEFAULTS[name]) for name in _WHOLE}
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
            self._wrong(0, name, "", "a list with at least one entry")
            return []
        rows = [one(n, row if isinstance(row, dict) else {}) for n, row in enumerate(given, 1)]
        seen: set[str] = set()
        for n, row in enumerate(rows, 1):
            if row["id"] in seen:
                self._wrong(n, f"{name}.id", row["id"], "an id that nobody else has")
            seen.add(row["id"])
        return rows

    def _place(self, n: int, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": self._match(n, "places.id", row.get("id"), _ID, "a-z, 0-9 and _, 24 at most"),
            "name": self._text(n, "places.name", row.get("name")),
            "comune": self._comune(n, row),
            "address": str(row.get("address", "")),
            "phone": self._text(n, "places.phone", row.get("phone")),
            "rooms": self._number(n, "rooms", row, 1, 20, 1),
            "hours": self._hours(n, "places.hours", row.get("hours"), needed=True),
            "weeks": self._choice(n, "places.weeks", row.get("weeks"), ("every", "odd", "even")),
            "patron": self._match(n, "places.patron", row.get("patron", ""), _PATRON, "MM-DD"),
            "phone_only": bool(row.get("phone_only")),
            "offer": str(row.get("offer", "")),
            "active": True,
        }

    def colleague(self, n: int, row: Mapping[str, Any], places: set[str]) -> dict[str, Any]:
        """One row of the staff."""
        languages = [str(code) for code in row.get("languages") or ()]
        if not languages or not all(_LANGUAGE.fullmatch(code) for code in languages):
            self._wrong(n, "staff.languages", ", ".join(languages), "codes, such as [it, fr, ar]")
        where = [str(place) for place in row.get("places") or ()]
        for place in where:
            if place not in places:
                self._wrong(n, "staff.places", place, f"one of {', '.join(sorted(places))}")
        return {
            "id": self._match(n, "staff.id", row.get("id"), _ID, "a-z, 0-9 and _, 24 at most"),
            "name": self._text(n, "staff.name", row.get("name")),
            "languages": ",".join(languages),
            "mediates": bool(row.get("mediates")),
            "on_request": bool(row.get("on_request")),
            "hours": self._hours(n, "staff.hours", row.get("hours", ""), needed=False),
            "places": ",".join(where),
            "active": True,
        }

    def _topics(self, given: Any) -> dict[str, int]:
        if not isinstance(given, dict) or not given:
            self._wrong(0, "topics", "", f"minutes by topic: {', '.join(TOPICS)}")
            return {}
        for key in given.keys() - set(TOPICS):
            self._wrong(0, f"topics.{key}", "", f"one of {', '.join(TOPICS)}")
        return {key: self._number(0, key, given, 5, 240, 0) for key in TOPICS if key in given}

    def _grid(self, value: Any) -> int:
        if isinstance(value, bool) or value not in _GRIDS:
            self._wrong(0, "grid", str(value), f"one of {', '.join(map(str, _GRIDS))}")
            return 30
        return int(value)

    def _number(
        self, n: int, name: str, row: Mapping[str, Any], low: int, high: int, otherwise: int
    ) -> int:
        value = row.get(name, otherwise)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self._wrong(n, name, str(value), f"a whole number from {low} to {high}")
            return otherwise
        return value

    def _text(self, n: int, name: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            self._wrong(n, name, "", "some words")
            return ""
        return value.strip()

    def _match(self, n: int, name: str, value: Any, form: re.Pattern[str], right: str) -> str:
        if not isinstance(value, str) or not form.fullmatch(value):
            self._wrong(n, name, str(value or ""), right)
            return ""
        return value

    def _choice(self, n: int, name: str, value: Any, among: tuple[str, ...]) -> str:
        value = value or among[0]
        if value not in among:
            self._wrong(n, name, str(value), f"one of {', '.join(among)}")
        return str(value)

    def _comune(self, n: int, row: Mapping[str, Any]) -> str:
        name = row.get("comune", "")
        found = load_gazetteer().named(str(name)) if name else None
        if found is None and not row.get("phone_only"):
            self._wrong(n, "places.comune", str(name), "the official name of a comune we know")
        return found.istat if found else ""

    def _hours(self, n: int, name: str, value: Any, *, needed: bool) -> str:
        try:
            hours = parse_hours(str(value or ""))
        except ValueError:
            self._wrong(n, name, str(value), _HOURS_HELP)
            return ""
        if any(needed and not (h.days and h.end) for h in hours) or (needed and not hours):
            self._wrong(n, name, str(value or ""), _HOURS_HELP)
        if any(h.start and h.end <= h.start for h in hours):
            self._wrong(n, name, str(value), "an end after the start, on the same day")
        if not all(map(_in_quarters, hours)):
            self._wrong(n, name, str(value), "quarters of an hour: :00, :15, :30, :45")
        return spell_hours(hours)

    def _wrong(self, row: int, column: str, value: str, right: str) -> None:
        self.mistakes.append(Mistake(self._file, row, column, value, right))
