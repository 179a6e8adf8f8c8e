"""`contacts`: the people who write to us."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, short, stop

app = typer.Typer(help="The people who write to us.", no_args_is_help=True)

ContactId = Annotated[int, typer.Argument(help="The number that `contacts list` shows.")]


@app.command("list", epilog="Example: python admin_cli.py contacts list --limit 20")
def contacts_list(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The people who wrote last, newest first, without names or answers."""
    from storage.contacts import list_contacts

    with opening.to_read().begin() as connection:
        rows = list_contacts(connection, limit)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "language", "channel", "alerts", "agreed", "state", "heard_at")
    print_table(columns, [tuple(short(row[name]) for name in columns) for row in rows])


@app.command("show", epilog="Example: python admin_cli.py contacts show 12")
def contacts_show(contact: ContactId, as_json: AsJson = False) -> None:
    """What we keep of one person. Look only when you need it: it is personal."""
    kept = _kept(contact, "look at")
    if as_json:
        print_json(kept)
        return
    state = (kept["conversation"] or {}).get("state", {})
    rows = [("alerts", kept["contact"]["alerts"]), ("agreed", kept["contact"]["agreed"])]
    rows += [(a["channel"], f"{a['address']} ({a['state']})") for a in kept["addresses"]]
    rows += [(name, short(value)) for name, value in state.get("profile", {}).items()]
    rows += [("interested in", row["listing_id"]) for row in kept["interests"]]
    print_table(("what", "value"), rows)


@app.command("interests", epilog="Example: python admin_cli.py contacts interests")
def contacts_interests(as_json: AsJson = False) -> None:
    """Who said "I am interested" in which offer, newest first."""
    from storage.contacts import list_interests

    with opening.to_read().begin() as connection:
        rows = list_interests(connection)
    if as_json:
        print_json(rows)
        return
    columns = ("contact_id", "listing_id", "title", "channel", "address", "at")
    print_table(columns, [tuple(short(row[name]) for name in columns) for row in rows])


@app.command("export", epilog="Example: python admin_cli.py contacts export 12 --to ana.json")
def contacts_export(
    contact: ContactId,
    to: Annotated[Path | None, typer.Option(help="The file to write; else it is printed.")] = None,
    as_json: AsJson = True,
) -> None:
    """Everything we keep of one person, as JSON (GDPR art. 15 and 20)."""
    text = json.dumps(_kept(contact, "export"), ensure_ascii=False, indent=2, default=str)
    if to is None:
        say(text)
        return
    to.write_text(text + "\n", encoding="utf-8")
    say(f"Everything about person {contact} is in {to}. Give it to them, then delete it.")


@app.command("erase", epilog="Example: python admin_cli.py contacts erase 12")
def contacts_erase(
    contact: ContactId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Delete one person for good. Their words are gone from the database, not hidden."""
    from bot import clock
    from storage.audit import record
    from storage.erasure import erase, scrub

    if not yes:
        typer.confirm(f"Delete everything about person {contact}? It cannot be undone", abort=True)
    engine = opening.database()
    with engine.begin() as connection:
        known = erase(connection, contact, clock.now())
        record(connection, opening.by(), "erase", [(f"contact:{contact}", None, None)])
    scrubbed = scrub(engine)
    if not known:
        stop(f"There is no person {contact}; `contacts list` shows who there is.")
    if not scrubbed:
        stop(
            f"Person {contact} is deleted, but the database's log could not be cleared yet: "
            "another program reads it. The assistant clears it within minutes while it runs."
        )
    say(f"Person {contact} is deleted.")


def _kept(contact: int, action: str) -> dict[str, Any]:
    """What is kept of one person; that somebody looked is written down."""
    from storage.audit import record
    from storage.contacts import export_contact

    with opening.database().begin() as connection:
        kept = export_contact(connection, contact)
        record(connection, opening.by(), action, [(f"contact:{contact}", None, None)])
    if kept is None:
        stop(f"There is no person {contact}; `contacts list` shows who there is.")
    return kept
