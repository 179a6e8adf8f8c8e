"""`audit`: who changed what, and whether anybody changed that."""

from typing import Annotated

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop


def audit(
    subject: Annotated[str, typer.Option(help="Only this, such as offer:job_x.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that nobody changed or deleted an entry.")
    ] = False,
    head: Annotated[
        str, typer.Option(help="With --verify: what it said earlier must still be there.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Who changed what, newest first. Nothing here can be changed or deleted."""
    from storage.audit import entries

    if verify or head:
        _verify(head)
        return
    with opening.to_read().begin() as connection:
        rows = entries(connection, subject, limit)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "at", "operator", "action", "subject")
    print_table(columns, [[row[name] for name in columns] for row in rows])


def _verify(head: str) -> None:
    """Exit 2 and a line when something is wrong."""
    from storage.audit import holds, verify

    with opening.to_read().begin() as connection:
        found = verify(connection)
        lost = bool(head) and not holds(connection, head)
    if found.broken is not None:
        stop(
            f"Entry {found.broken} of the audit log does not follow the one before it: somebody "
            "changed the database behind the assistant. Keep a copy, and compare it with a backup."
        )
    if lost:
        stop(f"No entry has the hash {head}: entries that were there then are gone.")
    say(f"{found.entries} entries from number {found.first}: each follows the one before it.")
    if found.head:
        say(f"Note this somewhere else, and give it as --head next time: {found.head}")
