"""The words of a report: names of things, and numbers as the language writes them."""

from datetime import date, datetime
from gettext import NullTranslations
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_percent

from flows.folding import clean
from flows.speech import Speech
from storage.report import keys, names
from storage.stats.disclosure import HIDDEN
from storage.stats.scope import calendar_period
from storage.stats.table import Column, Row, Table, Value

LANGUAGES = ("it", "en")
NOTHING = "–"


class Words:
    """Everything that a report says, in one language."""

    def __init__(self, code: str, catalog: NullTranslations) -> None:
        self.speech = Speech(code, catalog)
        self.gettext = _ = catalog.gettext
        self.ngettext = catalog.ngettext
        self._said = catalog.gettext
        self.titles = names.tables(_)
        self._columns, self._values = names.columns(_), keys.values(_)
        self.hidden = _("hidden")

    def title(self, table: Table) -> str:
        """Of a table; one that is not known here is called by its name."""
        return self.titles.get(table.name) or _plain(table.name)

    def said(self, definition: str) -> str:
        """A definition of a table or a column, where it is translated."""
        return self._said(definition) if definition else ""

    def head(self, name: str) -> str:
        """Of a column."""
        found = self._columns.get(name) or self._values[""].get(name)
        return found or self._time(name) or _plain(name)

    def _time(self, name: str) -> str:
        """A month, a quarter or a year, as the language writes it; empty of anything else."""
        if not (period := calendar_period(name)):
            return ""
        pattern = {4: "y", 7: "QQQ y" if "Q" in name else "MMM y"}[len(name)]
        return format_date(period[0], pattern, locale=self.speech.locale)

    def key(self, column: str, value: Value, row: Row = ()) -> str:
        """What a row is about; a name that somebody wrote stays as it is."""
        text = "" if value is None else str(value)
        if column == "language" or (column == "group" and "language" in row):
            if text in ("all", "unknown"):
                return self._values[""][text]
            return str(self.speech.locale.languages.get(text, text))
        if column == "period":
            return self._time(text) or text
        found = self._values.get(column, {}).get(text) or self._values[""].get(text)
        return clean(found or text, 80)

    def label(self, table: Table, row: Row) -> str:
        """What a row is about in a few words, without "all"; the most telling key first."""
        said = {
            column.name: self.key(column.name, value, row)
            for column, value in zip(table.columns, row, strict=True)
            if column.kind == "key" and value not in ("all", "", None)
        }
        if table.name == "unmet":
            said = {"why": said.get("why", said.get("what", "")), "topic": said.get("topic", "")}
        return _capital(", ".join(said.values())) or _capital(self._values[""]["all"])

    def cell(self, column: Column, value: Value, row: Row = ()) -> str:
        """A value as a reader sees it; what is hidden is never a zero."""
        if column.kind == "key":
            return self.key(column.name, value, row) or NOTHING
        if value is None:
            return NOTHING
        if value == HIDDEN:
            return self.hidden
        number = float(value)
        if column.kind == "share":
            return format_percent(number / 100, locale=self.speech.locale)
        return self.speech.number(int(number) if number.is_integer() else number)

    def number(self, value: float) -> str:
        """Any number."""
        return self.speech.number(int(value) if float(value).is_integer() else value)

    def day(self, day: date) -> str:
        """A day in full."""
        return format_date(day, "long", locale=self.speech.locale)

    def moment(self, at: datetime) -> str:
        """A day and a time."""
        return format_datetime(at, "d MMMM y, HH:mm", locale=self.speech.locale)

    def fill(self, text: str, **values: Any) -> str:
        """``text`` with its named placeholders filled."""
        return self.speech.fill(text, **values)

    def listed(self, items: list[str]) -> str:
        """``a, b and c``."""
        return self.speech.list(items)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
