"""A file of rules (YAML) that an operator wrote, read with every mistake named."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from flows.hours import Hours, parse_hours, spell_hours
from storage.content.sheets import ContentError, Mistake
from storage.gazetteer import load_gazetteer

_HOURS_HELP = "days and times, such as mon-fri 09:00-12:30; wed 14:00-18:00"


def read_yaml(path: Path) -> dict[str, Any]:
    """What the file says, by name. Raises ContentError, OSError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = where.line + 1 if where else 0
        raise ContentError([Mistake(path.name, line, "", "", "YAML in UTF-8")]) from None
    return data if isinstance(data, dict) else {}


def in_quarters(hours: Hours) -> bool:
    """Whether they begin and end at a quarter of an hour."""
    return not any(int(clock[3:]) % 15 for clock in (hours.start, hours.end) if clock)


class Checks:
    """Reads values one by one; each method returns something usable, and notes what is wrong.

    ``row`` is the number of an entry in a list, from 1, or 0 outside of lists.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self.mistakes: list[Mistake] = []

    def raise_if_wrong(self) -> None:
        """Raises ContentError with every mistake so far."""
        if self.mistakes:
            raise ContentError(self.mistakes)

    def names(self, data: Mapping[str, Any], known: set[str]) -> None:
        """Nothing is there that nobody would read."""
        for name in data.keys() - known:
            self.wrong(0, str(name), "", f"one of {', '.join(sorted(known))}")

    def number(
        self, row: int, name: str, data: Mapping[str, Any], low: int, high: int, otherwise: int
    ) -> int:
        """A whole number; ``otherwise`` when it is not given."""
        value = data.get(name, otherwise)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(row, name, str(value), f"a whole number from {low} to {high}")
            return otherwise
        return value

    def text(self, row: int, name: str, value: Any) -> str:
        """Some words."""
        if not isinstance(value, str) or not value.strip():
            self.wrong(row, name, "", "some words")
            return ""
        return value.strip()

    def match(self, row: int, name: str, value: Any, form: re.Pattern[str], right: str) -> str:
        """A text of this form."""
        if not isinstance(value, str) or not form.fullmatch(value):
            self.wrong(row, name, str(value or ""), right)
            return ""
        return value

    def choice(self, row: int, name: str, value: Any, among: tuple[str, ...]) -> str:
        """One of a few; the first when it is not given."""
        value = value or among[0]
        if value not in among:
            self.wrong(row, name, str(value), f"one of {', '.join(among)}")
        return str(value)

    def comune(self, row: int, name: str, value: Any) -> str:
        """The ISTAT code of a comune that is named."""
        found = load_gazetteer().named(str(value)) if value else None
        if found is None:
            self.wrong(row, name, str(value or ""), "the official name of a comune we know")
        return found.istat if found else ""

    def hours(self, row: int, name: str, value: Any, *, needed: bool) -> str:
        """Days and times, in quarters of an hour."""
        try:
            hours = parse_hours(str(value or ""))
        except ValueError:
            self.wrong(row, name, str(value), _HOURS_HELP)
            return ""
        if any(needed and not (h.days and h.end) for h in hours) or (needed and not hours):
            self.wrong(row, name, str(value or ""), _HOURS_HELP)
        if any(h.start and h.end <= h.start for h in hours):
            self.wrong(row, name, str(value), "an end after the start, on the same day")
        if not all(map(in_quarters, hours)):
            self.wrong(row, name, str(value), "quarters of an hour: :00, :15, :30, :45")
        return spell_hours(hours)

    def wrong(self, row: int, column: str, value: str, right: str) -> None:
        """Note a mistake, with what would be right."""
        self.mistakes.append(Mistake(self._file, row, column, value, right))
