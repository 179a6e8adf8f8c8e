#!/usr/bin/env python3
"""The operators' and coordinators' command line: parses, calls one function, prints."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.runtime import Parts
    from bot.settings import Settings

app = typer.Typer(
    help="Sportello: the desk's own tools.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
contacts = typer.Typer(help="The people who write to us.", no_args_is_help=True)
whatsapp = typer.Typer(help="WhatsApp through Twilio.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(contacts, name="contacts")
app.add_typer(whatsapp, name="whatsapp")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ContactId = Annotated[int, typer.Argument(help="The number that `contacts list` shows.")]


@app.command(epilog="Example: python admin_cli.py init")
def init(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing when all is well.")] = False,
) -> None:
    """Make the database ready; with DEMO=1 fill it with invented offers, dated from today."""
    from bot import clock
    from storage.schema import upgrade

    settings = _settings()
    engine = _engine(settings)
    upgrade(engine)
    today = clock.local_day(clock.now(), settings.zone)
    count = _import_demo(engine, today) if settings.demo else 0
    if not quiet:
        _say(f"The database is ready.{f' {count} demo offers are in it.' if count else ''}")
        _say("Next: `python -m bot` starts the assistant.")


@app.command(epilog="Example: python admin_cli.py doctor --json")
def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, catalogs, channels and clock; say what to do. Exit 1: problems."""
    from bot.doctor import examine

    found = examine(_settings())
    if as_json:
        _print_json([finding.to_json() for finding in found])
    else:
        rows = [(finding.state, finding.check, finding.says) for finding in found]
        _print_table(("state", "check", "what"), rows)
    raise typer.Exit(1 if any(finding.state == "problem" for finding in found) else 0)


@app.command(epilog="Example: python admin_cli.py chat --language fr --record bug.txt")
def chat(
    language: Annotated[str, typer.Option(help="The language the channel would hint at.")] = "it",
    name: Annotated[str, typer.Option(help="The chat to go on with.")] = "terminal",
    record: Annotated[Path | None, typer.Option(help="Write the transcript to this file.")] = None,
) -> None:
    """Talk to the assistant in the terminal: type, or name a button in brackets.

    @44.94,8.07 shares a location. What is printed is the transcript format of tests/transcripts:
    a recorded bug is a test.
    """
    from bot.terminal import Dialogue, shown, typed

    dialogue = Dialogue(_parts(), name, language, channel="terminal")
    lines: list[str] = []
    while (line := _read_line()) is not None:
        if not line.strip():
            continue
        answer = shown(*dialogue.say(typed(line.strip(), dialogue)))
        lines += [f"> {line.strip()}", *answer, ""]
        _say("\n".join(answer))
    if record:
        record.write_text("\n".join(lines), encoding="utf-8")
        _say(f"The transcript is in {record}.")


@db.command("upgrade", epilog="Example: python admin_cli.py db upgrade")
def db_upgrade() -> None:
    """Bring the database up to this release, with its data."""
    from storage.schema import upgrade

    upgrade(_engine(_settings()))
    _say("The database is up to date.")


@contacts.command("list", epilog="Example: python admin_cli.py contacts list --limit 20")
def contacts_list(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The people who wrote last, newest first, without names or answers."""
    from storage.contacts import list_contacts
    from storage.database import reading

    with reading(_engine(_settings())).begin() as connection:
        rows = list_contacts(connection, limit)
    if as_json:
        _print_json(rows)
        return
    columns = ("id", "language", "channel", "alerts", "agreed", "state", "heard_at")
    _print_table(columns, [tuple(_short(row[name]) for name in columns) for row in rows])


@contacts.command("show", epilog="Example: python admin_cli.py contacts show 12")
def contacts_show(contact: ContactId, as_json: AsJson = False) -> None:
    """What we keep of one person. Look only when you need it: it is personal."""
    kept = _kept(contact)
    if as_json:
        _print_json(kept)
        return
    state = (kept["conversation"] or {}).get("state", {})
    rows = [("alerts", kept["contact"]["alerts"]), ("agreed", kept["contact"]["agreed"])]
    rows += [(a["channel"], f"{a['address']} ({a['state']})") for a in kept["addresses"]]
    rows += [(name, _short(value)) for name, value in state.get("profile", {}).items()]
    rows += [("interested in", row["listing_id"]) for row in kept["interests"]]
    _print_table(("what", "value"), rows)


@contacts.command("interests", epilog="Example: python admin_cli.py contacts interests")
def contacts_interests(as_json: AsJson = False) -> None:
    """Who said "I am interested" in which offer, newest first."""
    from storage.contacts import list_interests
    from storage.database import reading

    with reading(_engine(_settings())).begin() as connection:
        rows = list_interests(connection)
    if as_json:
        _print_json(rows)
        return
    columns = ("contact_id", "listing_id", "title", "channel", "address", "at")
    _print_table(columns, [tuple(_short(row[name]) for name in columns) for row in rows])


@contacts.command("export", epilog="Example: python admin_cli.py contacts export 12 --to ana.json")
def contacts_export(
    contact: ContactId,
    to: Annotated[Path | None, typer.Option(help="The file to write; else it is printed.")] = None,
    as_json: AsJson = True,
) -> None:
    """Everything we keep of one person, as JSON (GDPR art. 15 and 20)."""
    text = json.dumps(_kept(contact), ensure_ascii=False, indent=2, default=str)
    if to is None:
        _say(text)
        return
    to.write_text(text + "\n", encoding="utf-8")
    _say(f"Everything about person {contact} is in {to}. Give it to them, then delete it.")


@contacts.command("erase", epilog="Example: python admin_cli.py contacts erase 12")
def contacts_erase(
    contact: ContactId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Delete one person for good. Their words are gone from the database, not hidden."""
    from bot import clock
    from storage.erasure import erase, scrub

    if not yes:
        typer.confirm(f"Delete everything about person {contact}? It cannot be undone", abort=True)
    engine = _engine(_settings())
    with engine.begin() as connection:
        known = erase(connection, contact, clock.now())
    scrub(engine)
    if not known:
        _stop(f"There is no person {contact}; `contacts list` shows who there is.")
    _say(f"Person {contact} is deleted.")


@whatsapp.command("provision", epilog="Example: python admin_cli.py whatsapp provision")
def whatsapp_provision() -> None:
    """Create the Content templates that WhatsApp buttons are made of; again is harmless."""
    from bot.channels import provision_whatsapp

    settings = _settings()
    if not settings.uses_whatsapp:
        _stop("TWILIO_ACCOUNT_SID is not set: WhatsApp is off (see .env.example).")
    made = provision_whatsapp(settings, _engine(settings))
    _say(f"{len(made)} templates are ready.")


def main() -> None:
    """Run the command line; a mistake at the keyboard is one line, no traceback."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from bot.catalogs import UncompiledCatalogError
    from bot.channels import ProvisionError
    from bot.settings import WrongSettingError
    from storage.content import ContentError, OtherOffersError

    known = (WrongSettingError, UncompiledCatalogError, ContentError, OtherOffersError)
    try:
        app()
    except (*known, ProvisionError) as error:
        _stop(str(error))
    except (OperationalError, ProgrammingError) as error:
        _stop(
            f"The database does not answer as it should ({type(error.orig).__name__}): "
            "run `python admin_cli.py init`, then `python admin_cli.py doctor`."
        )


def _settings() -> "Settings":
    from bot.settings import load_settings

    return load_settings()


def _engine(settings: "Settings") -> Any:
    from storage.database import open_database

    return open_database(settings.database_url.get_secret_value())


def _parts() -> "Parts":
    from bot.runtime import make_parts

    return make_parts(_settings())


def _import_demo(engine: Any, today: Any) -> int:
    from sqlmodel import Session

    from storage.content import import_folder

    with Session(engine) as session, session.begin():
        return import_folder(session, Path(__file__).with_name("content"), today)


def _kept(contact: int) -> dict[str, Any]:
    from storage.contacts import export_contact
    from storage.database import reading

    with reading(_engine(_settings())).begin() as connection:
        kept = export_contact(connection, contact)
    if kept is None:
        _stop(f"There is no person {contact}; `contacts list` shows who there is.")
    return kept


def _print_table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_printable(str(cell)) for cell in row))
    Console().print(table)


def _print_json(rows: Any) -> None:
    _say(json.dumps(rows, ensure_ascii=False, default=str))


def _printable(text: str) -> str:
    """``text`` without anything a terminal would obey."""
    from rich.markup import escape

    from flows.folding import clean

    return escape(clean(text))


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else str(value or "")


def _read_line() -> str | None:
    try:
        return input("> ")
    except EOFError:
        return None


def _say(text: str) -> None:
    typer.echo(text)


def _stop(text: str) -> NoReturn:
    typer.echo(text, err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
