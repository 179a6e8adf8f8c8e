"""Catalogs: complete, in step with the code, within limits. ``python -m tests.catalogs``."""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, c2py
from inspect import isfunction
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

from flows import labels, sentences
from flows.speech import Speech
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
    for path in sorted([*(ROOT / "flows").rglob("*.py"), *(ROOT / "bot").rglob("*.py")]):
        found += built(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    if found:
        print("\n".join(line.replace("\n", "\\n") for line in found))
        return 1
    print(f"{len(catalogs)} catalogs, {len(wanted)} messages each: complete and within the limits")
    return 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message of the code; ``plural`` where it has one."""

    msgid: str
    plural: str = ""
    context: str = ""


@cache
def in_the_code() -> dict[Key, Wanted]:
    """Every message in `flows/` and `bot/`."""
    found = {}
    for folder in ("flows", "bot"):
        for row in extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=KEYWORDS):
            words, context = row[2], row[4] or ""
            one, many = (words[0], words[1]) if isinstance(words, tuple) else (words, "")
            found[context, one] = Wanted(one, many, context)
    return found


def built(name: str, code: str) -> Iterator[str]:
    """Words that are put together inside ``_()``: no translator ever sees them."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and (called := _called(node.func)) in _WORDS_FIRST:
            given = node.args[: _WORDS_FIRST[called]]
            if not all(isinstance(a, ast.Constant) and isinstance(a.value, str) for a in given):
                yield f"{name}:{node.lineno}: {called}() takes a literal, and nothing else"


_WORDS_FIRST = {"_": 1, "gettext": 1, "ngettext": 2, "pgettext": 2}


def _called(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def problems(path: Path, wanted: dict[Key, Wanted]) -> Iterator[str]:
    """What is wrong with one catalog, a line each."""
    language = path.parent.parent.name
    try:
        with path.open("rb") as file:
            catalog = read_po(file, locale=language, abort_invalid=True)
    except PoFileError as error:
        yield f"locales/{language}: line {error.lineno}: {error}"
        return
    there = {(m.context or "", _id(m)): m for m in catalog if m.id}
    if catalog.num_plurals != (forms := get_plural(language).num_plurals):
        yield f"locales/{language}: Plural-Forms: {catalog.num_plurals} forms, {forms} wanted"
    elif mistaken := _mistaken(catalog, language):
        yield f"locales/{language}: Plural-Forms: {mistaken}"
    if "EMAIL@ADDRESS" in (catalog.last_translator or "EMAIL@ADDRESS"):
        yield f"locales/{language}: Last-Translator: say who has read it, or that nobody has"
    yield from _in_step(language, catalog, there, wanted)
    for message in there.values():
        for wrong in _wrong(message, language):
            yield f'locales/{language}: "{_id(message)}": {wrong}'
    yield from _limits(language, catalog)
    yield from _collisions(language, catalog)


def _mistaken(catalog: Catalog, language: str) -> str:
    """Two numbers that the catalog's rule and CLDR do not treat alike, if there are such."""
    rule, cldr = c2py(catalog.plural_expr), Locale.parse(language).plural_form
    first: dict[str, int] = {}
    for n in range(1000 if catalog.num_plurals > 1 else 0):
        like = first.setdefault(cldr(n), n)
        if rule(n) != rule(like):
            return f"CLDR has one form for {like} and {n}"
        if other := [m for m in first.values() if m != like and rule(m) == rule(n)]:
            return f"CLDR has two forms for {other[0]} and {n}"
    return ""


def _id(message: Message) -> str:
    return _forms(message.id)[0]


def _forms(words: Any) -> list[str]:
    """One string, or one for each plural."""
    return [words] if isinstance(words, str) else list(words or [""])


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
    for obsolete in catalog.obsolete.values():
        yield f'locales/{language}: "{_id(obsolete)}": obsolete: delete it'


def _wrong(message: Message, language: str) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy: check it, then take the mark away"
    forms = _forms(message.string)
    if not all(form.strip() for form in forms):
        yield "empty"
        return
    for form in forms:
        yield from _wrong_form(form, message, language)


def _wrong_form(form: str, message: Message, language: str) -> Iterator[str]:
    ids = _forms(message.id)
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
    rtl = Locale.parse(language).character_order == "right-to-left"
    if rtl and not message.context:  # typed words are never shown as a sentence
        filled = _PLACEHOLDER.sub("", form)
        if latin := next(filter(None, map(stray_latin, filled.split("\n"))), ""):
            yield f"{latin} stands outside isolates (U+2068 … U+2069)"


def speech_of(language: str, catalog: Catalog) -> Speech:
    """A language as its source file has it, compiled or not."""
    buffer = BytesIO()
    write_mo(buffer, catalog)
    buffer.seek(0)
    return Speech(language, GNUTranslations(buffer))


def _limits(language: str, catalog: Catalog) -> Iterator[str]:
    speech = speech_of(language, catalog)
    for label, most in buttons(speech):
        if len(label) > most:
            yield f'locales/{language}: "{label}": {len(label)} letters, {most} at most on a button'


def buttons(speech: Speech) -> Iterator[tuple[str, int]]:
    """Every label that may stand on a button, with its limit."""
    _ = speech.gettext
    for table in _TABLES:
        found = table(_)
        yield from ((label, _limit(len(found))) for label in found.values())
    yield from ((label, SHORT) for label in sentences.controls(speech).values())
    for path in sorted((ROOT / "flows").rglob("*.py")):
        for msgid, most in written_as_options(ast.parse(path.read_text(encoding="utf-8"))):
            yield _(msgid), most


_IN_SENTENCES = ("contracts", "near", "units")
_CLDR = ("spoken",)  # no translator writes these
_TABLES = [
    table
    for name, table in vars(labels).items()
    if isfunction(table) and name not in _IN_SENTENCES + _CLDR
]


def _limit(count: int) -> int:
    return SHORT if count <= FEW else LONG


def written_as_options(module: ast.Module) -> Iterator[tuple[str, int]]:
    """The messages in ``Option(key, _("…"))``, in ``choices({…})``, and in a profile's rows."""
    listed_there = set()
    for node in ast.walk(module):  # from the outside in: a list comes before its elements
        match node:
            case ast.List(elts=elements):
                listed_there.update(elements)
                options = [msgid for element in elements if (msgid := _option(element))]
                yield from ((msgid, _limit(len(elements))) for msgid in options)
            case ast.Call() if (msgid := _option(node)) and node not in listed_there:
                yield msgid, LONG  # added to a list later
            case (
                ast.Call(func=ast.Name("choices"), args=[ast.Dict(values=values)])
                | ast.Assign(targets=[ast.Name("options")], value=ast.Dict(values=values))
            ):
                yield from ((_message(value), _limit(len(values))) for value in values)
            case ast.Tuple(elts=[ast.Constant(), name, _value]) if _message(name):
                yield _message(name), LONG
            case _:
                pass


def _option(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Name("Option"), args=[_key, label, *_rest]):
            return _message(label)
    return ""


def _message(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Name("_"), args=[ast.Constant(str(msgid))]):
            return msgid
    return ""


def _collisions(language: str, catalog: Catalog) -> Iterator[str]:
    words = listed(speech_of(language, catalog))
    meanings: dict[str, list[str]] = defaultdict(list)
    for meaning, typed in words.items():
        if meaning not in (*CONTROLS, *STARTS, "name of the language"):
            yield f'locales/{language}: "{meaning}": nothing happens on these words'
        if not separate(typed):
            yield f'locales/{language}: "{meaning}": no word for it'
        for word in separate(typed):
            meanings[word].append(meaning)
    for word, several in meanings.items():
        if len(set(several)) > 1:
            both = " and ".join(sorted(set(several)))
            yield f'locales/{language}: "{word}": means {both}'
        elif len(several) > 1:
            yield f'locales/{language}: "{word}": twice under {several[0]}'
        if word in _STOP and several != ["stop"]:
            yield f'locales/{language}: "{word}": must mean stop in every language'


_STOP = ("stop",)  # honoured at once, whatever the language


if __name__ == "__main__":
    sys.exit(main())
