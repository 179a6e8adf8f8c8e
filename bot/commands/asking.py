"""Filling in an offer at the keyboard: field by field, or from ``field=value``."""

import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Any

import typer

from bot.commands.output import say, stop

if TYPE_CHECKING:
    from storage.content.records import Record

_EMPTY = "-"


def take(record: "Record", sets: list[str], today: date) -> "Record":
    """``record`` with what ``field=value`` say; stops at a mistake."""
    from storage.content.cells import WrongCellError, read
    from storage.content.fields import fields_of

    fields, changed = fields_of(record["topic"]), dict(record)
    for each in sets:
        name, _, text = each.partition("=")
        if name not in fields:
            stop(f"{name!r} is no field of a {record['topic']}: {', '.join(fields)}.")
        try:
            value = read(fields[name], text, today)
        except WrongCellError as error:
            stop(f"{name}: {text!r}: {error}.")
        if name == "id" and value != record.get("id", value):
            stop("id: an offer keeps its id; `content add` makes another offer.")
        _put(changed, name, value)
    changed.setdefault("id", _suggested(changed))
    return changed


def ask_all(record: "Record", today: date) -> "Record":
    """``record`` after every field was asked; Enter keeps what is there, ``-`` empties it."""
    from storage.content.fields import fields_of

    say("Enter keeps what stands in brackets, - empties a field, Ctrl-C leaves without saving.")
    changed = dict(record)
    new = "id" not in record
    fields = [field for field in fields_of(record["topic"]).values() if field.name != "topic"]
    for field in fields:
        if field.name == "id":
            continue
        _put(changed, field.name, _ask(field, changed.get(field.name), today))
    if new:
        _put(changed, "id", _ask(fields_of(record["topic"])["id"], _suggested(changed), today))
    return changed


def _ask(field: Any, value: Any, today: date) -> Any:
    from storage.content.cells import WrongCellError, read, write

    shown = write(field, value)
    one_of = f" [{'|'.join(field.choices)}]" if field.choices else ""
    while True:
        text = typer.prompt(
            f"{field.name}: {field.help}{one_of}", default=shown, show_default=bool(shown)
        )
        try:
            found = None if text == _EMPTY else read(field, text, today)
        except WrongCellError as error:
            say(f"  {text!r}: {error}.")
            continue
        if found is None and field.needed:
            say("  This must not be empty.")
            continue
        return found


def _put(record: "Record", name: str, value: Any) -> None:
    if value is None:
        record.pop(name, None)
    else:
        record[name] = value


def _suggested(record: "Record") -> str:
    """An id from topic and title: ``job_raccolta_uva``."""
    title = unicodedata.normalize("NFKD", record.get("title", "")).lower()
    words = re.findall(r"[a-z0-9]+", title.encode("ascii", "ignore").decode())
    return "_".join([record["topic"][:3], *words])[:24].rstrip("_")
