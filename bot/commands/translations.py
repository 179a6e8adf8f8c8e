"""`translations`: the words of the offers in other languages."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop
from bot.commands.spreadsheets import DryRun, trying

app = typer.Typer(help="The offers in other languages.", no_args_is_help=True)

Format = Annotated[str, typer.Option("--format", help="po, xliff or csv.")]
Needed = Annotated[str, typer.Option("--to", help="The language, such as fr.")]


@app.command(epilog="Example: python admin_cli.py translations status")
def status(
    days: Annotated[int, typer.Option(min=1, help="Count what ends within so many days.")] = 14,
    as_json: AsJson = False,
) -> None:
    """Per language: what is missing, stale, not reviewed, and what ends soon untranslated."""
    from bot.catalogs import reviewers
    from storage.content.translations import STATES, ends_untranslated, languages, units

    reviewed, today = reviewers(), opening.today()
    rows: list[dict[str, Any]] = []
    with opening.to_read().begin() as connection:
        for language in sorted({*languages(connection), *reviewed} - {"it"}):
            counts = Counter(unit.state for unit in units(connection, language))
            ending = ends_untranslated(connection, language, today, days)
            by = reviewed.get(language, "no catalog")
            found = {state: counts[state] for state in STATES}
            rows.append({"language": language, **found, "ends_soon": ending, "catalog": by})
    if as_json:
        print_json(rows)
        return
    columns = ("language", *STATES, "ends_soon", "catalog")
    print_table(columns, [[str(row[name]) for name in columns] for row in rows])


@app.command(epilog="Example: python admin_cli.py translations export --to fr --file fr.po")
def export(
    to: Needed,
    file: Annotated[Path, typer.Option(help="The file to write.")],
    format: Format = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what is up to date.")] = False,
) -> None:
    """Write what is missing or stale to a file for a translator's tool."""
    from storage.content.exchange import write_units
    from storage.content.translations import units

    with opening.to_read().begin() as connection:
        found = [u for u in units(connection, to) if everything or u.state in ("missing", "stale")]
    write_units(file, found, to, format)
    say(f"{len(found)} texts are in {file}: fill them in, then `translations import`.")


@app.command("import", epilog="Example: python admin_cli.py translations import fr.po --to fr")
def import_(
    file: Annotated[Path, typer.Argument(help="The file that came back.")],
    to: Needed,
    format: Format = "",
    dry_run: DryRun = False,
) -> None:
    """Read what a translator filled in: all is checked first, then all or nothing."""
    from storage.content.exchange import read_units
    from storage.content.translations import store

    rows = read_units(file, to, format)
    with trying(dry_run) as connection:
        count = store(connection, rows, opening.by())
    say(f"{count} texts {'would change; nothing was saved' if dry_run else 'changed'}.")


@app.command(epilog="Example: python admin_cli.py translations review job_welder_villanova --to fr")
def review(
    to: Needed,
    ids: Annotated[list[str] | None, typer.Argument(help="Offers, by id; none: see --all.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every offer in it.")] = False,
) -> None:
    """Note that you speak the language and have read the translation of these offers."""
    from storage.content.translations import review as note
    from storage.content.translations import translated

    if not ids and not everything:
        stop("Name the offers you have read, or say --all.")
    with opening.database().begin() as connection:
        wanted = translated(connection, to) if everything else ids or []
        count = note(connection, to, wanted, opening.by())
    if not count:
        stop(f"No such offer has words in {to!r}; see `translations status`.")
    say(f"{count} offers in {to} are noted as read by {opening.by().operator}.")
