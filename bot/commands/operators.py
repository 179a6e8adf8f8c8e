"""`audit` and `inbox`: who changed what, and what the operators should know."""

from typing import Annotated

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop

inbox = typer.Typer(help="What the operators should know.", no_args_is_help=True)


def audit(
    subject: Annotated[str, typer.Option(help="Only this, such as offer:job_x.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Who changed what, newest first. Nothing here can be changed or deleted."""
    from storage.audit import entries

    with opening.to_read().begin() as connection:
        rows = entries(connection, subject, limit)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "at", "operator", "action", "subject")
    print_table(columns, [[row[name] for name in columns] for row in rows])


@inbox.command("list", epilog="Example: python admin_cli.py inbox list")
def list_notices(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What waits for somebody: weekly digests, silent providers, offers that changed."""
    from storage.notices import notices

    with opening.to_read().begin() as connection:
        rows = notices(connection, closed=everything)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "at", "kind", "subject", "text")
    print_table(columns, [[row[name] for name in columns] for row in rows])


@inbox.command("close", epilog="Example: python admin_cli.py inbox close 7")
def close_notice(
    notice: Annotated[int, typer.Argument(help="The number that `inbox list` shows.")],
) -> None:
    """It is done."""
    from storage.notices import close

    with opening.database().begin() as connection:
        known = close(connection, notice, opening.by())
    if not known:
        stop(f"There is no open notice {notice}; `inbox list` shows them.")
    say(f"Notice {notice} is closed.")
