"""Compiled catalogs, from `locales/`; a language without one stops the program."""

from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from flows.speech import Languages, Speech

FOLDER = Path(__file__).resolve().parent.parent / "locales"


class UncompiledCatalogError(Exception):
    """A catalog is missing or older than its source; one line says what to run."""


def load_languages(default: str, folder: Path = FOLDER) -> Languages:
    """Every language that has a folder. Raises UncompiledCatalogError."""
    sources = sorted(folder.glob("*/LC_MESSAGES/messages.po"))
    speeches = [Speech(source.parent.parent.name, _compiled(source)) for source in sources]
    if default not in {speech.code for speech in speeches}:
        raise UncompiledCatalogError(f"DEFAULT_LANGUAGE: there is no locales/{default}")
    speeches.sort(key=lambda speech: (speech.code != default, speech.code))
    return Languages(speeches, default)


def report_words(language: str, folder: Path = FOLDER) -> NullTranslations:
    """The words of the report that coordinators read; in English they stand in the code.

    Raises UncompiledCatalogError.
    """
    source = folder / language / "LC_MESSAGES" / "report.po"
    return NullTranslations() if language == "en" else _compiled(source)


def reviewers(folder: Path = FOLDER) -> dict[str, str]:
    """What each catalog's header says of who has read it, by language."""
    found = {}
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        with source.open(encoding="utf-8") as file:
            lines = [line for line in file if line.startswith('"Last-Translator: ')]
        found[source.parent.parent.name] = lines[0][18:].split("\\n")[0].strip()
    return found


def _compiled(source: Path) -> GNUTranslations:
    compiled = source.with_suffix(".mo")
    name = source.parent.parent.name
    if not compiled.exists():
        raise UncompiledCatalogError(f"locales/{name} is not compiled: run `make catalogs`")
    if compiled.stat().st_mtime < source.stat().st_mtime:
        raise UncompiledCatalogError(f"locales/{name} was changed: run `make catalogs`")
    with compiled.open("rb") as file:
        return GNUTranslations(file)
