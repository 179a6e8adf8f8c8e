"""`audit`: who changed what."""

from typing import Annotated

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table


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
