"""What may stand in a cell, kind by kind: text to value and back.

Values are JSON types: text, whole numbers, amounts, ``true``, lists, and days as YYYY-MM-DD.
Empty text is no value (None).
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any

from flows.desk import TOPICS
from flows.folding import clean, fold
from flows.hours import WEEK, parse_hours, spell_hours
from storage.content.fields import Field
from storage.gazetteer import load_gazetteer

LONGEST = 1000
_RELATIVE = re.compile(r"[+-]\d{1,4}d")
_ID = re.compile(r"[a-z][a-z0-9_]{0,23}")
_LONGEST_TITLE = 60
_AMOUNT = re.compile(r"\d{1,6}([.,]\d{1,2})?")
_ITALIAN_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_WORD = re.compile(r"[^\W\d_]+")
_ITALIAN_DAYS = {
    name: day
    for day, whole in zip(
        WEEK,
        ("lunedi", "martedi", "mercoledi", "giovedi", "venerdi", "sabato", "domenica"),
        strict=True,
    )
    for name in (whole, whole[:3])
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ISOLATES = re.compile("[\u2066-\u2069]")
_FORMULA = "=+-@\t\r"
_BLANK = ("Zs", "Cf", "Cc")
_ERRORS = ("#REF!", "#N/A", "#N/D", "#NAME?", "#NOME?", "#DIV/0!", "#VALUE!", "#NUM!", "#NULL!")


class WrongCellError(ValueError):
    """The cell cannot be read; the text says what would be right."""


def read(field: Field, text: str, today: date) -> Any:
    """The value of a cell. Raises WrongCellError.

    A day may be relative: ``+20d`` is 20 days after ``today``.
    """
    text = clean(text, LONGEST + 1)
    if len(text) > LONGEST:
        raise WrongCellError(f"at most {LONGEST} letters")
    text = harmless(_closed(text))
    if not text:
        return None
    if text in _ERRORS:
        raise WrongCellError("a value: this is a spreadsheet's error")
    if field.kind == "day":
        return _day(text, today)
    if field.kind in ("choice", "list"):
        return _chosen(field, text)
    if field.name == "title" and len(text) > _LONGEST_TITLE:
        raise WrongCellError(f"at most {_LONGEST_TITLE} letters")
    value = _READERS[field.kind](text)
    return None if value in ("", []) else value


def write(field: Field, value: Any) -> str:
    """The text of a cell, as `read` reads it and as no spreadsheet runs it."""
    if value is None:
        return ""
    match field.kind:
        case "yes_no":
            return "yes"
        case "list":
            return "|".join(value)
        case "comuni":
            return "|".join(map(_name, value))
        case "comune":
            return _name(value)
        case "money":
            return f"{value:.2f}".removesuffix(".00")
    return str(value)


def guarded(text: str) -> str:
    """``text`` as a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might run it: blanks, full-width and hidden characters do not help."""
    for letter in unicodedata.normalize("NFKC", text):
        if unicodedata.category(letter) not in _BLANK:
            return letter in _FORMULA
    return False


def harmless(text: str) -> str:
    """``text`` without the quote that `guarded` put before it."""
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def _closed(text: str) -> str:
    """``text``, without its isolates where one stays open: it would turn the words that follow."""
    depth = 0
    for letter in text:
        depth += (letter in "\u2066\u2067\u2068") - (letter == "\u2069")
        if depth < 0:
            break
    return _ISOLATES.sub("", text) if depth else text


def _text(text: str) -> str:
    if unicodedata.normalize("NFKC", text).lstrip()[:1] in ("=", "@"):
        raise WrongCellError("text that does not begin with = or @: that is a formula")
    return text


def _identity(text: str) -> str:
    if not _ID.fullmatch(text) or text in (*TOPICS, "one"):
        raise WrongCellError("1 to 24 of a-z, 0-9 and _, first a letter, and no topic")
    return text


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise WrongCellError("a whole number, such as 12")
    return int(text)


def _money(text: str) -> float | int:
    if not _AMOUNT.fullmatch(text):
        raise WrongCellError("an amount in euro, such as 9.50")
    amount = float(text.replace(",", "."))
    return int(amount) if amount.is_integer() else amount


def _yes_no(text: str) -> bool | None:
    word = text.lower()
    if word not in ("yes", "no", "sì", "si"):
        raise WrongCellError("yes, no, or empty")
    return None if word == "no" else True


def _hours(text: str) -> str:
    """The days may be Italian: ``lun-ven 08:00-12:00; sabato 9:00``."""
    english = _WORD.sub(lambda word: _ITALIAN_DAYS.get(fold(word[0]), word[0]), text)
    try:
        return spell_hours(parse_hours(english))
    except ValueError:
        raise WrongCellError("days and times: mon-fri 08:00-12:00; sat 09:00-11:00") from None


def _comune(text: str) -> str:
    place = load_gazetteer().named(text)
    if place is None:
        raise WrongCellError(f"the official name of a comune we know{_meant(text)}")
    return place.istat


def _meant(text: str) -> str:
    found = load_gazetteer().find(text, limit=3)
    near = found if isinstance(found, list) else [found]
    return f": {' or '.join(place.name for place in near)}?" if near else ""


def _comuni(text: str) -> list[str]:
    return [_comune(part.strip()) for part in text.split("|") if part.strip()]


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise WrongCellError("an e-mail address")
    return text


def _chosen(field: Field, text: str) -> str | list[str]:
    """A choice, however it is capitalised: spreadsheets do so by themselves."""
    known = {choice.lower(): choice for choice in field.choices}
    parts = [part.strip().lower() for part in (text.split("|") if field.kind == "list" else [text])]
    if set(parts) - set(known):
        several = ", separated by |" if field.kind == "list" else ""
        raise WrongCellError(f"one of {', '.join(field.choices)}{several}")
    found = [known[part] for part in parts]
    return found if field.kind == "list" else found[0]


def _day(text: str, today: date) -> str:
    if _RELATIVE.fullmatch(text):
        return (today + timedelta(days=int(text[:-1]))).isoformat()
    try:
        if match := _ITALIAN_DAY.fullmatch(text):
            day, month, year = map(int, match.groups())
            return date(year, month, day).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        right = "a date such as 2027-03-28 or 28/03/2027, or +20d for 20 days from today"
        raise WrongCellError(right) from None


@cache
def _name(istat: str) -> str:
    place = load_gazetteer().get(istat)
    return place.name if place else istat


_READERS: dict[str, Callable[[str], Any]] = {
    "id": _identity,
    "text": _text,
    "words": _text,
    "phone": _text,
    "email": _email,
    "whole": _whole,
    "money": _money,
    "yes_no": _yes_no,
    "hours": _hours,
    "comune": _comune,
    "comuni": _comuni,
}
