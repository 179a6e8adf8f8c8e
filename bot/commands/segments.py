"""`segments`: saved audiences."""

from typing import Annotated

import typer

from bot.commands import audience, opening
from bot.commands.output import AsJson, print_json, print_table, say, stop

app = typer.Typer(help="Saved audiences of broadcasts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A short name, such as young-asti.")]


@app.command("save", epilog="Example: python admin_cli.py segments save young-asti --age 18_24")
def save(
    name: Name,
    language: audience.Languages = None,
    near: audience.Near = None,
    km: audience.Km = None,
    need: audience.Needs = None,
    sector: audience.Sectors = None,
    age: audience.Ages = None,
    situation: audience.Situations = None,
    tag: audience.Tags = None,
    seen_days: audience.Seen = None,
) -> None:
    """Keep an audience under a name, in place of what was there."""
    from flows.outreach.audience import Audience
    from storage.outreach import segments

    parts = audience.asked_for(language, near, km, need, sector, age, situation, tag, seen_days)
    kept = Audience.from_json(parts)
    with opening.database().begin() as connection:
        segments.save(connection, name, kept, opening.by())
    say(f"Segment {name}: {audience.described(kept)}.")


@app.command("list", epilog="Example: python admin_cli.py segments list")
def list_segments(as_json: AsJson = False) -> None:
    """The saved audiences."""
    from flows.outreach.audience import Audience
    from storage.outreach import segments

    with opening.to_read().begin() as connection:
        found = segments.segments(connection)
    if as_json:
        print_json(found)
        return
    rows = [(name, audience.described(Audience.from_json(row))) for name, row in found.items()]
    print_table(("segment", "who"), rows)


@app.command("remove", epilog="Example: python admin_cli.py segments remove young-asti")
def remove(name: Name) -> None:
    """Forget a segment that no broadcast waits for."""
    from storage.outreach import segments

    with opening.database().begin() as connection:
        why = segments.remove(connection, name, opening.by())
    if why == "unknown":
        stop(f"There is no segment {name!r}; `segments list` shows them.")
    if why:
        stop(f"Segment {name!r} is needed by {why}: cancel or edit that first.")
    say(f"Segment {name} is removed.")
