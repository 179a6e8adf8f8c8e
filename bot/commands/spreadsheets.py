"""`content import`, `export`, `template` and `check`: many offers at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.commands import opening
from bot.commands.output import AsJson, changes, print_json, print_table, say, with_progress

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer()

TopicName = Literal["job", "training", "housing", "transport", "childcare", "community", "service"]
StatusName = Literal["draft", "published", "paused", "closed"]
Topic = Annotated[TopicName | None, typer.Option(help="Only this topic.")]
Status = Annotated[StatusName | None, typer.Option(help="Only in this state.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]


@app.command("import", epilog="Example: python admin_cli.py content import offers.xlsx --dry-run")
def import_(
    path: Annotated[Path, typer.Argument(help="A .csv or .xlsx file, or a folder of them.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add and change offers from a spreadsheet: all is checked first, then all or nothing."""
    from storage.audit import entries, newest
    from storage.content.importing import import_offers, rows_of

    rows, words = rows_of(path)
    with trying(dry_run) as connection:
        before = newest(connection)
        tracked = with_progress(rows, "Checking")
        done = import_offers(connection, rows, words, opening.by(), opening.today(), tracked)
        noted = entries(connection, limit=None, after=before) if dry_run else []
    if as_json:
        print_json(done)
        return
    if dry_run:
        shown = [(row["subject"].partition(":")[2], changes(row)) for row in reversed(noted)]
        print_table(("offer", "what would change"), shown)
    counts = [f"{list(done.values()).count(w)} {w}" for w in ("added", "changed", "unchanged")]
    say(f"{', '.join(counts)}{'; nothing was saved' if dry_run else ''}.")


@app.command(epilog="Example: python admin_cli.py content export --to offers.xlsx")
def export(
    to: Annotated[Path, typer.Option(help="The .csv or .xlsx file to write.")],
    topic: Topic = None,
    status: Status = None,
) -> None:
    """Write the offers to a spreadsheet that `content import` reads."""
    from storage.content.exporting import write_offers
    from storage.content.records import load

    with opening.to_read().begin() as connection:
        records = list(load(connection).values())
    rows = [r for r in records if topic in (None, r["topic"]) and status in (None, r["status"])]
    write_offers(to, rows, [topic] if topic else None)
    say(f"{len(rows)} offers are in {to}.")


@app.command(epilog="Example: python admin_cli.py content template --to new.xlsx")
def template(
    to: Annotated[Path, typer.Option(help="The .csv or .xlsx file to write.")],
    topic: Topic = None,
) -> None:
    """Write an empty spreadsheet with one example for each topic."""
    from storage.content.exporting import write_template

    write_template(to, [topic] if topic else None)
    say(f"{to} is ready: fill it in, then `content import {to.name} --dry-run`.")


@app.command(epilog="Example: python admin_cli.py content check --days 14")
def check(
    days: Annotated[int, typer.Option(min=1, help="What ends within so many days.")] = 14,
    unchecked: Annotated[int, typer.Option(min=1, help="Not checked for so many days.")] = 30,
    as_json: AsJson = False,
) -> None:
    """What needs care: ends soon, unchecked, untranslated, twice, wrong phone; then exit 1."""
    from storage.content.freshness import findings

    with opening.to_read().begin() as connection:
        found = list(findings(connection, opening.today(), days, unchecked))
    if as_json:
        print_json([[finding.offer, finding.kind, finding.says] for finding in found])
    elif found:
        print_table(("offer", "what", "says"), [(f.offer, f.kind, f.says) for f in found])
    else:
        say("All is in order.")
    raise typer.Exit(1 if found else 0)


@contextmanager
def trying(dry_run: bool) -> "Iterator[Connection]":
    """A transaction that is taken back when it is only a try."""
    with opening.database().connect() as connection, connection.begin() as transaction:
        yield connection
        if dry_run:
            transaction.rollback()
