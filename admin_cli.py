#!/usr/bin/env python3
"""The operators' and coordinators' command line: parses, calls one function, prints."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import (
    auditing,
    backups,
    broadcast,
    contacts,
    content,
    copying,
    desk,
    inbox,
    keys,
    opening,
    operators,
    outcomes,
    permitted,
    questions,
    retention,
    rides,
    segments,
    statistics,
    translations,
)
from bot.commands.output import AsJson, print_json, print_table, say, stop

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(
    help="Sportello: the desk's own tools.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
whatsapp = typer.Typer(help="WhatsApp through Twilio.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(content.app, name="content")
app.add_typer(translations.app, name="translations")
app.add_typer(contacts.app, name="contacts")
app.add_typer(desk.app, name="desk")
app.add_typer(rides.app, name="rides")
app.add_typer(broadcast.app, name="broadcast")
app.add_typer(segments.app, name="segments")
app.add_typer(outcomes.app, name="outcomes")
app.add_typer(inbox.app, name="inbox")
app.add_typer(keys.app, name="keys")
app.add_typer(statistics.app, name="stats")
app.add_typer(retention.app, name="retention")
app.add_typer(whatsapp, name="whatsapp")
app.add_typer(questions.app, name="questions")
app.add_typer(operators.app, name="operators")
app.command(epilog='Example: python admin_cli.py ask "cerco casa a Settime" --json')(questions.ask)
app.command(epilog="Example: python admin_cli.py audit --limit 20")(auditing.audit)
app.command(epilog="Example: python admin_cli.py backup --to /mnt/backups --keep 14")(
    backups.backup
)
app.command(epilog="Example: python admin_cli.py restore data/backups/sportello.backup --rehearse")(
    backups.restore
)


@app.command(epilog="Example: python admin_cli.py init")
def init(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing when all is well.")] = False,
) -> None:
    """Make the database ready; with DEMO=1 fill it with invented offers, dated from today."""
    from storage.schema import upgrade

    engine = opening.database()
    upgrade(engine)
    count = _import_demo(engine) if opening.settings().demo else 0
    if not quiet:
        say(f"The database is ready.{f' {count} demo offers are in it.' if count else ''}")
        say("Next: `python -m bot` starts the assistant.")


@app.command(epilog="Example: python admin_cli.py doctor --json")
def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, catalogs, channels and clock; say what to do. Exit 1: problems."""
    from bot.doctor import examine

    found = examine(opening.settings())
    if as_json:
        print_json([finding.to_json() for finding in found])
    else:
        rows = [(finding.state, finding.check, finding.says) for finding in found]
        print_table(("state", "check", "what"), rows)
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

    dialogue = Dialogue(opening.parts(), name, language, channel="terminal")
    lines: list[str] = []
    while (line := _read_line()) is not None:
        if not line.strip():
            continue
        answer = shown(*dialogue.say(typed(line.strip(), dialogue)))
        lines += [f"> {line.strip()}", *answer, ""]
        say("\n".join(answer))
        for file in dialogue.files:
            say(f"--- {file.name} ---\n{file.content.decode()}")
    if record:
        record.write_text("\n".join(lines), encoding="utf-8")
        say(f"The transcript is in {record}.")


@db.command("upgrade", epilog="Example: python admin_cli.py db upgrade")
def db_upgrade() -> None:
    """Bring the database up to this release, with its data."""
    from storage.schema import upgrade

    upgrade(opening.database())
    say("The database is up to date.")


db.command("copy", epilog="Example: python admin_cli.py db copy --to postgresql://desk@host/desk")(
    copying.copy
)


@whatsapp.command("provision", epilog="Example: python admin_cli.py whatsapp provision")
def whatsapp_provision() -> None:
    """Create the Content templates that are missing, and ask Meta to approve the openers.

    Buttons inside of the 24 hours need no approval. Openers ask people to write again: one says
    that the desk has answered, one that there is news. Again is harmless.
    """
    from bot.catalogs import load_languages
    from bot.channels import provision_whatsapp

    settings = _with_whatsapp()
    spoken = load_languages(settings.default_language)
    made = provision_whatsapp(settings, opening.database(), spoken)
    openers = sum(bool(template.approval) for template in made)
    say(f"{len(made) - openers} templates for buttons are ready, {openers} openers are with Meta.")
    say("What Meta says of them: python admin_cli.py whatsapp templates")


@whatsapp.command("templates", epilog="Example: python admin_cli.py whatsapp templates")
def whatsapp_templates(as_json: AsJson = False) -> None:
    """Read back from Twilio what Meta says of each template: language, category, approval."""
    from bot.channels import approvals_of_whatsapp

    found = approvals_of_whatsapp(_with_whatsapp(), opening.database())
    if as_json:
        print_json([template.model_dump() for template in found])
        return
    columns = ("name", "language", "category", "approval", "reason")
    rows = [[getattr(template, column) for column in columns] for template in found]
    print_table(columns, [[*row[:3], row[3] or "not needed", row[4]] for row in rows])


def _with_whatsapp() -> "Settings":
    settings = opening.settings()
    if not settings.uses_whatsapp:
        stop("TWILIO_ACCOUNT_SID is not set: WhatsApp is off (see .env.example).")
    return settings


permitted.guard(app)


def main() -> None:
    """Run the command line; a mistake at the keyboard is one line, no traceback."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from bot.catalogs import UncompiledCatalogError
    from bot.channels import ProvisionError
    from bot.settings import WrongSettingError
    from storage.content.sheets import ContentError
    from storage.key_file import SealingError
    from storage.tickets.operators import TicketError

    known = (WrongSettingError, SealingError, UncompiledCatalogError, ContentError, TicketError)
    try:
        app()
    except (*known, ProvisionError) as error:
        stop(str(error))
    except OSError as error:
        stop(f"{error.filename or 'A file'}: {error.strerror or type(error).__name__}.")
    except (OperationalError, ProgrammingError) as error:
        stop(
            f"The database does not answer as it should ({type(error.orig).__name__}): "
            "run `python admin_cli.py init`, then `python admin_cli.py doctor`."
        )


def _import_demo(engine: Any) -> int:
    """The demo content, as `content import` reads it; never beside offers of somebody's own."""
    from storage.agenda.desk_file import read_desk
    from storage.agenda.rules import replace_rules
    from storage.content.importing import import_offers, rows_of
    from storage.content.records import load
    from storage.rides.rules import replace_taxi
    from storage.rides.taxi_file import read_taxi

    folder = Path(__file__).with_name("content")
    rows, words = rows_of(folder)
    with engine.begin() as connection:
        if load(connection).keys() - {row.cells["id"] for row in rows}:
            stop("The database holds other offers: DEMO=1 is for a database of its own.")
        replace_rules(connection, read_desk(folder / "desk.yaml"), opening.by())
        replace_taxi(connection, read_taxi(folder / "rides.yaml"), opening.by())
        return len(import_offers(connection, rows, words, opening.by(), opening.today()))


def _read_line() -> str | None:
    try:
        return input("> ")
    except EOFError:
        return None


if __name__ == "__main__":
    main()
