"""`stats`: what happened, for how many people; nobody by name."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop
from bot.commands.rolling_up import rolled_up

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.stats.publishing import Export
    from storage.stats.reports import Report
    from storage.stats.scope import Scope
    from storage.stats.table import Table

app = typer.Typer(help="Statistics for coordinators.", no_args_is_help=True)

Since = Annotated[str, typer.Option("--from", help="The first day; else 90 days ago.")]
Until = Annotated[str, typer.Option("--to", help="The last day; else today.")]
Period = Annotated[str, typer.Option(help="Instead of days: 2026, 2026-Q3 or 2026-09.")]
Comune = Annotated[str, typer.Option(help="Only who lives there.")]
Language = Annotated[str, typer.Option(help="Only whose conversation is in it: fr.")]
Channel = Annotated[
    Literal["telegram", "whatsapp", "simulator"] | None, typer.Option(help="Only who writes there.")
]
Whom = Annotated[
    Literal["funder", "internal"],
    typer.Option("--for", help="funder: small numbers are hidden. internal: written down."),
]
_LAST_DAYS = 90


@app.command(epilog="Example: python admin_cli.py stats summary --period 2026-Q3")
def summary(
    since: Since = "",
    until: Until = "",
    period: Period = "",
    comune: Comune = "",
    language: Language = "",
    channel: Channel = None,
    whom: Whom = "funder",
    as_json: AsJson = False,
) -> None:
    """Who wrote, what they asked, appointments, rides, tickets and broadcasts.

    Small numbers are hidden but --for internal. `stats export` makes what may leave the desk.
    """
    from storage.stats.reports import summary as report

    scope = scope_of(since, until, period, comune, language, channel or "")
    _print(report, scope, whom, as_json=as_json)


@app.command(epilog="Example: python admin_cli.py stats funnel --from 2026-10-01 --language fr")
def funnel(
    since: Since = "",
    until: Until = "",
    period: Period = "",
    comune: Comune = "",
    language: Language = "",
    channel: Channel = None,
    whom: Whom = "funder",
    as_json: AsJson = False,
) -> None:
    """Where people stop: in the intake, question by question, and on the way to an offer.

    Small numbers are hidden but --for internal.
    """
    from storage.stats.reports import funnel_tables as report

    scope = scope_of(since, until, period, comune, language, channel or "")
    _print(report, scope, whom, as_json=as_json)


@app.command(epilog="Example: python admin_cli.py stats needs --comune Settime")
def needs(
    since: Since = "",
    until: Until = "",
    period: Period = "",
    comune: Comune = "",
    language: Language = "",
    channel: Channel = None,
    whom: Whom = "funder",
    as_json: AsJson = False,
) -> None:
    """What people need, beside what there is; what could not be met; work wanted and offered.

    Small numbers are hidden but --for internal.
    """
    from storage.stats.reports import needs_tables as report

    scope = scope_of(since, until, period, comune, language, channel or "")
    _print(report, scope, whom, as_json=as_json)


@app.command(epilog="Example: python admin_cli.py stats quality")
def quality(
    since: Since = "",
    until: Until = "",
    period: Period = "",
    comune: Comune = "",
    language: Language = "",
    channel: Channel = None,
    whom: Whom = "funder",
    as_json: AsJson = False,
) -> None:
    """How far people of each language get; the language served worst stands first.

    Small numbers are hidden but --for internal.
    """
    from storage.stats.reports import quality_tables as report

    scope = scope_of(since, until, period, comune, language, channel or "")
    _print(report, scope, whom, as_json=as_json)


@app.command(epilog="Example: python admin_cli.py stats export --period 2026-Q3 --folder 2026-Q3")
def export(
    folder: Annotated[Path, typer.Option(help="A folder that is made for the files.")],
    since: Since = "",
    until: Until = "",
    period: Period = "",
    comune: Comune = "",
    language: Language = "",
    channel: Channel = None,
    whom: Whom = "funder",
) -> None:
    """Write the statistics of a period as XLSX, CSV and JSON, with a manifest.

    For a funder (or anybody) small numbers are hidden and the rest is rounded. A period is
    published once: again it gives the same. --for internal shows all, with a row for each person
    under a name that means nothing, and is written down.
    """
    scope = scope_of(since, until, period, comune, language, channel or "")
    if folder.exists():
        stop(f"{folder} is there already: name a new folder.")
    query = {"from": since, "to": until, "period": period, "comune": comune, "for": whom}
    query |= {"language": language, "channel": channel or ""}
    count = _written(folder, scope, whom, query)
    files = "statistics.xlsx, .json, a .csv each, manifest.json"
    say(f"{count} tables are in {folder}: {files}.")
    if whom == "internal":
        say("Small numbers and a row for each person are in them: they stay inside of the desk.")


def _written(folder: Path, scope: "Scope", whom: str, query: dict[str, str]) -> int:
    from storage.stats import publishing
    from storage.stats.files import write_files
    from storage.stats.reports import with_people

    with rolled_up().begin() as connection:
        made = _made(connection, scope, whom, with_people)
        write_files(folder, made.tables, publishing.about(scope, whom, made, query))
    return len(made.tables)


@app.command(epilog="Example: python admin_cli.py stats report --period 2026-Q3 --file report.html")
def report(
    file: Annotated[Path, typer.Option(help="The HTML file that is made.")],
    language: Annotated[
        Literal["it", "en"], typer.Option(help="The language of the report.")
    ] = "it",
    since: Since = "",
    until: Until = "",
    period: Period = "",
    comune: Comune = "",
    channel: Channel = None,
    whom: Whom = "funder",
) -> None:
    """Write the statistics of a period as a page with charts, in one file.

    For a funder it holds what `stats export` publishes, and publishes it: each day once, then the
    same ever after. --for internal shows all, and is written down.
    """
    scope = scope_of(since, until, period, comune, "", channel or "")
    if file.exists():
        stop(f"{file} is there already: name a new file.")
    if not file.parent.is_dir():
        stop(f"There is no folder {file.parent}.")
    _report(file, scope, whom, language)
    say(f"The report is in {file}: it opens in a browser, and prints from there.")
    if whom == "internal":
        say("Small numbers are in it: it stays inside of the desk.")


def _report(file: Path, scope: "Scope", whom: str, language: str) -> None:
    from bot.catalogs import report_words
    from storage.report.page import About, page
    from storage.report.words import Words
    from storage.report.writing import write_whole
    from storage.stats.reports import everything

    words = Words(language, report_words(language))
    with rolled_up().begin() as connection:
        made = _made(connection, scope, whom, everything)
        about = About(scope, made.at, made.definitions, inside=whom == "internal")
        write_whole(file, page(made.tables, about, words))


def _made(connection: "Connection", scope: "Scope", whom: str, inside: "Report") -> "Export":
    """The tables as they leave; a period that may not be published stops the command."""
    from storage.stats import publishing

    by = opening.by()
    if whom == "internal":
        return publishing.inside(connection, scope, by, inside)
    try:
        return publishing.publish(connection, scope, by)
    except publishing.PublishError as error:
        stop(str(error))


def scope_of(
    since: str, until: str, period: str, comune: str, language: str, channel: str
) -> "Scope":
    """The period and the people that were typed; a mistake stops the command."""
    from storage.stats.scope import Scope

    first, last = _days(since, until, period)
    zone = opening.settings().zone
    return Scope(first, last, zone, _istat(comune), language, channel)


def _days(since: str, until: str, period: str) -> tuple[date, date]:
    from storage.stats.scope import calendar_period

    if period:
        found = calendar_period(period)
        if since or until or found is None:
            stop("Write a period as 2026, 2026-Q3 or 2026-09, or its days as --from and --to.")
        return found
    last = opening.day_of(until) if until else opening.today()
    first = opening.day_of(since) if since else last - timedelta(days=_LAST_DAYS)
    if first > last:
        stop(f"The first day, {first}, is after the last one, {last}.")
    return first, last


def _istat(comune: str) -> str:
    from storage.gazetteer import load_gazetteer

    if not comune:
        return ""
    found = load_gazetteer().named(comune)
    if found is None:
        stop(f"There is no comune {comune!r} here.")
    return found.istat


def _print(report: "Report", scope: "Scope", whom: str, *, as_json: bool) -> None:
    tables = _shown(report, scope, whom)
    if as_json:
        print_json({"scope": scope.to_json(), "tables": [table.to_json() for table in tables]})
        return
    say(f"From {scope.first} to {scope.last}.")
    for table in tables:
        say(f"\n{table.name}: {table.says}")
        print_table(table.names, [[_cell(value) for value in line] for line in table.rows])


def _shown(report: "Report", scope: "Scope", whom: str) -> "list[Table]":
    """Without small numbers, or with them and written down."""
    from storage.database import reading
    from storage.stats import publishing
    from storage.stats.disclosure import protected

    engine = rolled_up()
    if whom == "internal":
        with engine.begin() as connection:
            return publishing.inside(connection, scope, opening.by(), report).tables
    with reading(engine).begin() as connection:
        return [protected(table) for table in report(connection, scope, opening.today())]


def _cell(value: object) -> str:
    return "-" if value is None else str(value)
