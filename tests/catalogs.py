"""The catalogs: complete, in step with the code, within the limits. ``python -m tests.catalogs``."""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from flows import labels, profile, sentences
from flows.folding import fold
from flows.speech import Speech
from flows.talk import Answers, Contact, Talk
from flows.words import CONTROLS, STARTS, listed, separate
from tests.test_walk import stray_latin

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "locales"
KEYWORDS: dict[str, Any] = {"_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
LONG, SHORT, FEW = 24, 20, 3

_PLACEHOLDER = re.compile(r"{[^{}]*}")
Key = tuple[str, str]  # context and msgid


def main() -> int:
    """0 when all is well; else one line for each thing that is wrong, and 1."""
    wanted = in_the_code()
    catalogs = sorted(LOCALES.glob("*/LC_MESSAGES/messages.po"))
    found = [line for path in catalogs for line in problems(path, wanted)]
    if found:
        print("\n".join(found))
        return 1
    print(f"{len(catalogs)} catalogs, {len(wanted)} messages each: complete and within the limits")
    return 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message of the code; ``plural`` where it has one."""

    msgid: str
    plural: str = ""
    context: str = ""


def in_the_code() -> dict[Key, Wanted]:
    """Every message in `flows/` and `bot/`."""
    found = {}
    for folder in ("flows", "bot"):
        for row in extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=KEYWORDS):
            words, context = row[2], row[4] or ""
            one, many = (words[0], words[1]) if isinstance(words, tuple) else (words, "")
            found[context, one] = Wanted(one, many, context)
    return found


def problems(path: Path, wanted: dict[Key, Wanted]) -> Iterator[str]:
    """What is wrong with one catalog, a line each."""
    language = path.parent.parent.name
    with path.open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    there = {(m.context or "", _id(m)): m for m in catalog if m.id}
    yield from _in_step(language, catalog, there, wanted)
    for message in there.values():
        for wrong in _wrong(message, catalog, language):
            yield f'locales/{language}: "{_id(message)}": {wrong}'
    yield from _limits(language, catalog)
    yield from _collisions(language, catalog)


def _id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _in_step(
    language: str, catalog: Catalog, there: dict[Key, Message], wanted: dict[Key, Wanted]
) -> Iterator[str]:
    for key, message in wanted.items():
        if key not in there:
            yield f'locales/{language}: "{message.msgid}": missing: run `make extract`'
        elif bool(message.plural) != (not isinstance(there[key].id, str)):
            yield f'locales/{language}: "{message.msgid}": has a plural only on one side'
    for key in there.keys() - wanted.keys():
        yield f'locales/{language}: "{key[1]}": not in the code any more: run `make extract`'
    for message in catalog.obsolete.values():
        yield f'locales/{language}: "{_id(message)}": obsolete: delete it'


def _wrong(message: Message, catalog: Catalog, language: str) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy: check it, then take the mark away"
    forms = [message.string] if isinstance(message.string, str) else list(message.string)
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    if len(ids) > 1 and len(forms) != catalog.num_plurals:
        yield f"{len(forms)} plural forms, {catalog.num_plurals} wanted"
    if not all(form.strip() for form in forms):
        yield "empty"
        return
    for form in forms:
        yield from _wrong_form(form, ids, language)


def _wrong_form(form: str, ids: list[str], language: str) -> Iterator[str]:
    allowed = [Counter(_PLACEHOLDER.findall(id)) for id in ids]
    used = Counter(_PLACEHOLDER.findall(form))
    spelled_out = [names - Counter(["{n}"]) for names in allowed] if len(ids) > 1 else []
    if used not in allowed + spelled_out:
        yield f"placeholders {sorted(used)}, {sorted(allowed[-1])} wanted"
    if re.sub(_PLACEHOLDER, "", form).strip("{}") != re.sub(_PLACEHOLDER, "", form):
        yield "a brace that belongs to no placeholder"
    if form != form.strip() and ids[0] == ids[0].strip():
        yield "blanks at an end"
    if "\n" in form and "\n" not in ids[0]:
        yield "a new line that the English has not"
    if language == "ar":
        filled = _PLACEHOLDER.sub("", form)
        if latin := next(filter(None, map(stray_latin, filled.split("\n"))), ""):
            yield f"{latin} stands outside isolates (U+2068 … U+2069)"


class _Read(Speech):
    """A language as its source file has it, compiled or not."""

    def __init__(self, code: str, catalog: Catalog) -> None:
        words = {(m.context or "", _id(m)): m.string for m in catalog if m.id}

        def one(context: str, msgid: str) -> str:
            found = words.get((context, msgid), "")
            return (found if isinstance(found, str) else found[0]) or msgid

        super().__init__(code, _Nothing())
        self.gettext = lambda msgid: one("", msgid)
        self.pgettext = one

    def __hash__(self) -> int:
        return id(self)


class _Nothing:
    """In place of a compiled catalog."""

    gettext = ngettext = pgettext = staticmethod(lambda *words: words[0])
