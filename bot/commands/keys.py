"""`keys`: what seals the database, and another key."""

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say

app = typer.Typer(help="The key that seals the database.", no_args_is_help=True)


@app.command("status", epilog="Example: python admin_cli.py keys status")
def show(as_json: AsJson = False) -> None:
    """Show which keys there are, which one seals, and how much each has sealed."""
    from dataclasses import asdict

    from storage.rotation import readable_by_others, status
    from storage.sealing import sealing_of

    engine = opening.to_read()
    with engine.begin() as connection:
        found = status(connection)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [
        (one.key, "seals" if one.seals else "opens", one.place or "MISSING", str(one.values))
        for one in found
    ]
    print_table(("key", "use", "where", "values"), rows)
    keys = sealing_of(engine.dialect).keys
    if readable_by_others(keys):
        say(f"Others on this machine may read {keys.file}: chmod 600 it.")


@app.command("rotate", epilog="Example: python admin_cli.py keys rotate")
def rotate() -> None:
    """Make a new key and seal everything with it; the old one stays, and only opens.

    It is all or nothing, and harmless again. Everybody else waits meanwhile.
    """
    from storage import rotation

    id = rotation.rotate(opening.database(), opening.by(), lambda table: say(f"{table} …"))
    say(f"Everything is sealed with the key {id}. Copy the file with the keys to its safe place.")
    say("The old key opens backups of before: keep it as long as you keep those.")
