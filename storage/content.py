"""Offers from the files an operator writes: checked first, then all or nothing."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from flows.folding import clean
from storage.gazetteer import load_gazetteer
from storage.listings import SOURCE_LANGUAGE
from storage.models import Listing, ListingText

FILES = {
    "jobs": "job",
    "training": "training",
    "housing": "housing",
    "transport": "transport",
    "childcare": "childcare",
    "community": "community",
    "services": "service",
}
STATUSES = ("draft", "published", "paused", "closed")
_COMMON = [
    "id",
    "title",
    "summary",
    "organisation",
    "comune",
    "address",
    "phone",
    "bring",
    "who",
    "places",
    "valid_from",
    "valid_until",
    "checked_on",
    "checked_by",
    "source",
    "status",
]
_NEEDED = ("title", "organisation", "phone")
_TEXTS = ("title", "summary", "bring", "who")
_DATES = ("starts_on", "ends_on", "available_from", "on")
_WHOLE = [
    "hours_week",
    "age_min",
    "age_max",
    "rooms",
    "people_max",
    "deposit_months",
    "notice_hours",
    "age_min_months",
    "age_max_months",
]
_MONEY = ("pay_min", "pay_max", "rent", "expenses", "price", "cost", "allowance")
_YES_NO = ("ride", "lodging", "furnished", "childcare")
_LISTS = {"near": "|", "area": "|"}
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RELATIVE = re.compile(r"[+-]\d{1,4}d")
_ID = re.compile(r"[a-z0-9_]{1,24}")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right: where it is, what is there, what would be right."""

    file: str
    row: int
    column: str
    value: str
    right: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}, {self.column}: {self.value!r}: {self.right}"


class ContentError(Exception):
    """The files hold mistakes; nothing was imported."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


class OtherOffersError(Exception):
    """Importing would delete offers that somebody entered."""


def import_folder(session: Session, folder: Path, today: date) -> int:
    """Replace the offers by those in ``folder``; how many there are now.

    Dates may be relative (``+20d``: 20 days after ``today``). Raises ContentError, with nothing
    changed, when a file holds a mistake; and OtherOffersError when the database holds offers that
    are not in the files, because they would be lost.
    """
    mistakes: list[Mistake] = []
    rows = [row for name in FILES for row in _read(folder / f"{name}.csv", mistakes)]
    listings = [_listing(row, today, mistakes) for row in rows]
    known: set[str] = set()
    for row in rows:
        if row.cells["id"] in known:
            mistakes.append(Mistake(row.file, row.number, "id", row.cells["id"], "only once"))
        known.add(row.cells["id"])
    texts = [_text(row) for row in rows]
    for path in sorted((folder / "translations").glob("*.csv")):
        texts += _translations(path, known, mistakes)
    if mistakes:
        raise ContentError(mistakes)
    if session.exec(select(Listing.id).where(col(Listing.id).not_in(known))).first():
        raise OtherOffersError("the database holds other offers; nothing was imported")
    session.connection().execute(delete(ListingText))
    for listing in listings:
        session.merge(listing)
    session.flush()
    session.add_all(texts)
    return len(listings)


@dataclass(frozen=True, slots=True)
class _Row:
    topic: str
    file: str
    number: int
    cells: dict[str, str]


def _read(path: Path, mistakes: list[Mistake]) -> Iterator[_Row]:
    if not path.exists():
        mistakes.append(Mistake(path.name, 0, "", "", "this file is missing"))
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for missing in set(_COMMON) - set(reader.fieldnames or ()):
            mistakes.append(Mistake(path.name, 1, missing, "", "this column is missing"))
        for number, cells in enumerate(reader, start=2):
            texts = {k: clean(v or "", 1000) for k, v in cells.items() if k}
            if not _ID.fullmatch(texts.get("id", "")):
                right = "1 to 24 of a-z, 0-9 and _"
                mistakes.append(Mistake(path.name, number, "id", texts.get("id", ""), right))
                continue
            yield _Row(FILES[path.stem], path.name, number, texts)


def _listing(row: _Row, today: date, mistakes: list[Mistake]) -> Listing:
    cell = _Cell(row, today, mistakes)
    for name in _NEEDED:
        cell.needed(name)
    details = {
        name: value
        for name in row.cells
        if name not in _COMMON and (value := cell.detail(name)) not in (None, "", [])
    }
    return Listing(
        id=row.cells["id"],
        topic=row.topic,
        organisation=cell.text("organisation"),
        comune=cell.comune("comune"),
        address=cell.text("address"),
        phone=cell.text("phone"),
        places=cell.whole("places"),
        details=details,
        status=cell.one_of("status", STATUSES),
        valid_from=cell.day("valid_from") or today,
        valid_until=cell.day("valid_until", needed=True) or today,
        checked_on=cell.day("checked_on", needed=True) or today,
        checked_by=cell.text("checked_by"),
        source=cell.text("source"),
    )


class _Cell:
    """Reads the cells of one row and writes down what is wrong with them."""

    def __init__(self, row: _Row, today: date, mistakes: list[Mistake]) -> None:
        self._row, self._today, self._mistakes = row, today, mistakes

    def detail(self, name: str) -> Any:
        if name in _DATES:
            day = self.day(name)
            return day.isoformat() if day else None
        if name in _WHOLE:
            return self.whole(name)
        if name in _MONEY:
            return self.money(name)
        if name in _YES_NO:
            return self.one_of(name, ("yes", "no", "")) == "yes" or None
        if name in _LISTS:
            return [part.strip() for part in self.text(name).split(_LISTS[name]) if part.strip()]
        return self.days() if name == "days" else self.text(name)

    def text(self, name: str) -> str:
        return self._row.cells.get(name, "")

    def needed(self, name: str) -> None:
        if not self.text(name):
            self._wrong(name, "this must not be empty")

    def whole(self, name: str) -> int | None:
        value = self.text(name)
        if value and not (value.isascii() and value.isdigit()):
            self._wrong(name, "a whole number, such as 12")
        return int(value) if value.isascii() and value.isdigit() else None

    def money(self, name: str) -> float | int | None:
        value = self.text(name)
        if not re.fullmatch(r"(\d{1,6}(\.\d{1,2})?)?", value):
            self._wrong(name, "an amount in euro with a point, such as 9.50")
            return None
        amount = float(value) if value else None
        return int(amount) if amount is not None and amount.is_integer() else amount

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in allowed:
            self._wrong(name, "one of " + ", ".join(word or "(empty)" for word in allowed))
        return value

    def comune(self, name: str) -> str:
        place = load_gazetteer().named(self.text(name))
        if place is None:
            self._wrong(name, "the official name of a comune we know (storage/gazetteer.csv)")
        return place.istat if place else ""

    def day(self, name: str, *, needed: bool = False) -> date | None:
        value = self.text(name)
        if _RELATIVE.fullmatch(value):
            return self._today + timedelta(days=int(value[:-1]))
        try:
            return date.fromisoformat(value) if value or needed else None
        except ValueError:
            self._wrong(name, "a date such as 2027-03-28, or +20d for 20 days from today")
            return None

    def days(self) -> list[str]:
        value = self.text("days")
        first, _, last = value.partition("-")
        if first in _WEEK and last in _WEEK:
            return list(_WEEK[_WEEK.index(first) : _WEEK.index(last) + 1])
        days = [day for day in value.split(",") if day]
        if set(days) - set(_WEEK):
            self._wrong("days", "mon-fri, or mon,wed,fri")
        return days

    def _wrong(self, name: str, right: str) -> None:
        row = self._row
        self._mistakes.append(Mistake(row.file, row.number, name, self.text(name), right))


def _text(row: _Row) -> ListingText:
    texts = {name: row.cells.get(name, "") for name in _TEXTS}
    return ListingText(listing_id=row.cells["id"], language=SOURCE_LANGUAGE, **texts)


def _translations(path: Path, known: set[str], mistakes: list[Mistake]) -> list[ListingText]:
    found: dict[str, dict[str, str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, cells in enumerate(csv.DictReader(file), start=2):
            if cells["id"] not in known:
                mistakes.append(Mistake(path.name, number, "id", cells["id"], "no such offer"))
            elif cells["field"] not in _TEXTS:
                right = "one of " + ", ".join(_TEXTS)
                mistakes.append(Mistake(path.name, number, "field", cells["field"], right))
            else:
                found.setdefault(cells["id"], {})[cells["field"]] = clean(cells["text"], 1000)
    return [
        ListingText(
            listing_id=id,
            language=path.stem,
            title=texts["title"],
            summary=texts.get("summary", ""),
            bring=texts.get("bring", ""),
            who=texts.get("who", ""),
        )
        for id, texts in found.items()
        if texts.get("title")
    ]
