"""`operators`: who of the desk may do what on the command line."""

from typing import Annotated

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop
from storage.role import Role

app = typer.Typer(help="Who may do what on the command line.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What they log in with, or have in SPORTELLO_OPERATOR.")]


@app.command("list", epilog="Example: python admin_cli.py operators list")
def operators_list(as_json: AsJson = False) -> None:
    """Who has which role; while nobody has one, everybody may do everything."""
    from storage.roles import roles

    with opening.to_read().begin() as connection:
        named = roles(connection)
    if as_json:
        print_json(named)
    elif named:
        print_table(("name", "role"), [(name, role.value) for name, role in named.items()])
    else:
        say("Nobody has a role yet: everybody may do everything.")


@app.command("set", epilog="Example: python admin_cli.py operators set bruno operator")
def operators_set(
    name: Name, role: Annotated[Role, typer.Argument(help="What they may do.")]
) -> None:
    """Give somebody a role. With the first one you become admin, and all others need one."""
    from storage.roles import LastAdminError, assign

    by = opening.by()
    with opening.database().begin() as connection:
        try:
            named = assign(connection, name.strip(), role, by)
        except LastAdminError as error:
            stop(str(error))
    say(f"{name.strip()} is {role.value} now.")
    admins = ", ".join(one for one, its in named.items() if its is Role.ADMIN)
    say(f"Admin: {admins}. Whoever has no role can only look whether all is well (`doctor`).")


@app.command("remove", epilog="Example: python admin_cli.py operators remove bruno")
def operators_remove(name: Name) -> None:
    """Somebody left: they may do nothing any more."""
    from storage.roles import LastAdminError, remove

    with opening.database().begin() as connection:
        try:
            had = remove(connection, name, opening.by())
        except LastAdminError as error:
            stop(str(error))
    if not had:
        stop(f"{name} has no role; `operators list` shows who has.")
    say(f"{name} has no role any more.")
