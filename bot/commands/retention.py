"""`retention`: what is kept for how long, and what is due to go."""

from typing import TYPE_CHECKING

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say

if TYPE_CHECKING:
    from bot.forgetting import Forgetting

app = typer.Typer(help="How long things are kept.", no_args_is_help=True)

_COLUMNS = ("key", "what", "kept", "from", "why")


@app.command("show", epilog="Example: python admin_cli.py retention show")
def retention_show(as_json: AsJson = False) -> None:
    """The schedule: what is kept, for how long, from which moment, and why."""
    from storage.retention.lines import lines

    rows = lines(opening.settings().inactive_months)
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
        return
    print_table(_COLUMNS, rows)


@app.command("dry-run", epilog="Example: python admin_cli.py retention dry-run")
def retention_dry_run(as_json: AsJson = False) -> None:
    """How much is due to go now, by the same queries as `run`. Nothing is changed."""
    from bot import clock

    _print(_forgetting().dry_run(clock.now()), "due", as_json=as_json)


@app.command("run", epilog="Example: python admin_cli.py retention run")
def retention_run(as_json: AsJson = False) -> None:
    """Let go of all that is due, now. The scheduler does it by itself, a little at a time."""
    from storage.audit import record
    from storage.erased import mirror
    from storage.erasure import scrub

    by, engine = opening.by(), opening.database()
    done = _forgetting().run(by.now)
    with engine.begin() as connection:
        record(connection, by, "retention", [("database", None, dict(done))])
        mirror(connection, opening.settings().list_of_erased)
    scrub(engine)
    _print(done, "gone", as_json=as_json)


def _forgetting() -> "Forgetting":
    from bot.forgetting import Forgetting

    parts = opening.parts()
    return Forgetting(parts.engine, parts.languages, parts.settings)


def _print(found: dict[str, int], name: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(("key", name), [(key, str(count)) for key, count in found.items()])
    say("`retention show` says what each is.")
