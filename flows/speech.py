"""Words in one language: gettext, the direction of its script, and its number and date forms."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from gettext import NullTranslations
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

ISOLATE, POP = "\u2068", "\u2069"


class Speech:
    """One language of the assistant."""

    def __init__(self, code: str, catalog: NullTranslations) -> None:
        self.code = code
        self.locale = Locale.parse(code)
        self.gettext = catalog.gettext
        self.ngettext = catalog.ngettext
        self.pgettext = catalog.pgettext

    @cached_property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Of the language's script, from CLDR."""
        return "rtl" if self.locale.character_order == "right-to-left" else "ltr"

    @cached_property
    def name(self) -> str:
        """The language's name for itself."""
        name = self.locale.get_language_name(self.code) or self.code
        return name[:1].upper() + name[1:]

    def fill(self, text: str, **values: Any) -> str:
        """``text`` with its named placeholders filled.

        In a right-to-left language each value stands in isolates (Unicode UAX #9), so that a
        Latin name or a price does not turn the line around.
        """
        if self.direction == "rtl":
            values = {name: self.isolate(str(value)) for name, value in values.items()}
        return text.format_map(values)

    def isolate(self, text: str) -> str:
        """A run of foreign text as it may stand inside a sentence of this language."""
        whole = text.startswith(ISOLATE) and text.find(POP) == len(text) - 1
        if self.direction == "ltr" or not text or whole:
            return text
        return f"{ISOLATE}{text}{POP}"

    def language_name(self, code: str) -> str:
        """What this language calls another one (CLDR), or the code itself."""
        name = str(self.locale.languages.get(code, code))
        return name[:1].upper() + name[1:]

    @cached_property
    def weekdays(self) -> tuple[str, ...]:
        """Short names of the days, Monday first."""
        names = self.locale.days["format"]["abbreviated"]
        return tuple(names[day] for day in range(7))

    def short_date(self, day: date) -> str:
        """A day, short enough for a button."""
        return format_date(day, "EEE d MMM", locale=self.locale)

    def day_and_month(self, day: date) -> str:
        """The shortest form."""
        return format_date(day, "d MMM", locale=self.locale)

    def date(self, day: date) -> str:
        """A day as this language writes it, with the weekday; always Western digits."""
        return format_date(day, "EEEE d MMMM", locale=self.locale)

    def number(self, value: int | float) -> str:
        """A number as this language writes it, in Western digits (phones here show those)."""
        if isinstance(value, int) and 0 <= value < 1000:
            return str(value)  # no language groups these
        return format_decimal(value, locale=self.locale, numbering_system="latn")

    @property
    def comma(self) -> str:
        """Between the parts of a line; Arabic script has a comma of its own."""
        return "، " if self.direction == "rtl" else ", "

    def list(self, items: Iterable[str]) -> str:
        """``a, b and c``."""
        return format_list(list(items), locale=self.locale)


class Languages(Mapping[str, Speech]):
    """Every language the assistant speaks, by code; made once from compiled catalogs."""

    def __init__(self, speeches: Iterable[Speech], default: str) -> None:
        self._by_code = {speech.code: speech for speech in speeches}
        self.default = default
        if default not in self._by_code:
            raise KeyError(f"no catalog for the default language {default!r}")

    def __getitem__(self, code: str) -> Speech:
        return self._by_code[code]

    def __iter__(self) -> Any:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)

    def best(self, *codes: str) -> str:
        """The first of these codes that we speak (``fr-CA`` counts as ``fr``), else the default."""
        for code in codes:
            primary = code.replace("_", "-").split("-")[0].lower()
            if primary in self._by_code:
                return primary
        return self.default
