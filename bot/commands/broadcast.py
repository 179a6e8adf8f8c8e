"""`broadcast new`, `edit`, `preview`, `list`: what is said, and to whom."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import audience, opening, reporting, sending
from bot.commands.output import AsJson, print_json, print_table, say, stop
from bot.commands.showing import existing, letters_of, print_letter

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(help="One message to many people.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(help="The number that `broadcast list` shows.")]
Name = Annotated[str, typer.Argument(help="What you call it; people do not see it.")]
NewName = Annotated[str | None, typer.Option("--name", help="What you call it.")]
Offer = Annotated[str | None, typer.Option("--offer", help="The offer it tells of, by id.")]
Text = Annotated[str | None, typer.Option("--text", help="What it says, in Italian.")]
Texts = Annotated[Path | None, typer.Option("--texts", help="A .csv with language and text.")]
Reviewed = Annotated[str | None, typer.Option("--reviewed", help="Translations you read: fr,ar.")]
Segments = Annotated[str | None, typer.Option("--segment", help="Who is in one of: a,b.")]
Fallback = Annotated[
    str | None, typer.Option("--fallback", help="Readers of other languages get this one: it.")
]
Templates = Annotated[
    bool | None,
    typer.Option(
        "--templates/--no-templates",
        help="After WhatsApp's 24 hours an approved template (paid) asks people to write.",
    ),
]
Lasts = Annotated[
    int | None, typer.Option("--lasts", min=1, max=720, help="Hours after which none goes out.")
]


@app.command("new", epilog="Example: python admin_cli.py broadcast new vines --offer job_vines")
def new(
    name: Name,
    offer: Offer = None,
    text: Text = None,
    texts: Texts = None,
    reviewed: Reviewed = None,
    fallback: Fallback = None,
    templates: Templates = None,
    lasts: Lasts = None,
    segment: Segments = None,
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
    """A draft from an offer, or from --text with --texts; sends nothing."""
    from storage.outreach import broadcasts

    parts = audience.asked_for(language, near, km, need, sector, age, situation, tag, seen_days)
    values = _values(name, offer, fallback, templates, lasts, segment)
    said = _said(text, texts)
    if not offer and not said.get("it"):
        stop("What does it say? Name an --offer, or write --text in Italian.")
    with opening.database().begin() as connection:
        _check(connection, values)
        id = broadcasts.create(connection, {**values, "audience": parts}, opening.by())
        _keep_words(connection, id, offer, said, reviewed)
    say(f"Broadcast {id} is a draft. Next: `broadcast dry-run {id}`.")


@app.command("edit", epilog="Example: python admin_cli.py broadcast edit 3 --reviewed fr")
def edit(
    id: Id,
    name: NewName = None,
    offer: Offer = None,
    text: Text = None,
    texts: Texts = None,
    reviewed: Reviewed = None,
    fallback: Fallback = None,
    templates: Templates = None,
    lasts: Lasts = None,
    segment: Segments = None,
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
    """Change a draft: what you name changes, an empty word takes it back."""
    from storage.outreach import broadcasts

    parts = audience.asked_for(language, near, km, need, sector, age, situation, tag, seen_days)
    values, said = _values(name, offer, fallback, templates, lasts, segment), _said(text, texts)
    with opening.database().begin() as connection:
        _check(connection, values)
        row = existing(connection, id)
        if parts:
            values["audience"] = {k: v for k, v in {**row["audience"], **parts}.items() if v}
        if not broadcasts.change(connection, id, values, opening.by()):
            stop(f"Broadcast {id} is {row['state']}: only a draft can be changed.")
        _keep_words(connection, id, values.get("listing_id", row["listing_id"]), said, reviewed)
    say(f"Broadcast {id} is changed.")


@app.command("preview", epilog="Example: python admin_cli.py broadcast preview 3 --language fr")
def preview(
    id: Id,
    language: Annotated[str, typer.Option(help="Only for readers of this language.")] = "",
    as_: Annotated[str, typer.Option("--as", help="telegram or whatsapp.")] = "telegram",
) -> None:
    """Exactly what people will see, in each language, and which languages are not ready."""
    with opening.to_read().begin() as connection:
        letters, states = letters_of(connection, existing(connection, id))
    if language and language not in letters:
        stop(f"There is nothing for readers of {language!r}: {states.get(language, 'unknown')}.")
    for code, letter in letters.items():
        if language in ("", code):
            print_letter(letter, as_, f"{code}, {as_}")
    waits = [f"{code} ({state})" for code, state in states.items() if code not in letters]
    if waits and not language:
        say(f"Nothing goes to readers of: {', '.join(waits)}.")


@app.command("list", epilog="Example: python admin_cli.py broadcast list")
def list_broadcasts(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """All broadcasts, newest first."""
    from storage.outreach import broadcasts

    with opening.to_read().begin() as connection:
        rows = broadcasts.listed(connection)[:limit]
    if as_json:
        print_json([{k: v for k, v in row.items() if k != "letters"} for row in rows])
        return
    columns = ("id", "name", "state", "due_at", "repeats", "series_id", "created_by")
    print_table(columns, [[row[name] for name in columns] for row in rows])


def _values(
    name: str | None,
    offer: str | None,
    fallback: str | None,
    templates: bool | None,
    lasts: int | None,
    segment: str | None,
) -> dict[str, Any]:
    values = {
        "name": name,
        "listing_id": offer,
        "fallback": fallback,
        "templates": templates,
        "lasts_hours": lasts,
        "segments": None if segment is None else audience.split(segment),
    }
    return {key: value for key, value in values.items() if value is not None}


def _said(text: str | None, texts: Path | None) -> dict[str, str]:
    """Language → what it says there."""
    from flows.folding import clean
    from storage.content.sheets import read_rows

    rows = [row.cells for row in read_rows(texts)] if texts else []
    if any(not {"language", "text"} <= set(row) for row in rows):
        stop(f"{texts}: the first row names the columns: language, text.")
    said = {row["language"]: clean(row["text"]) for row in rows}
    return said if text is None else {**said, "it": clean(text)}


def _check(connection: "Connection", values: dict[str, Any]) -> None:
    from storage import listings
    from storage.outreach import segments

    offer = values.get("listing_id", "")
    if offer and listings.one(connection, offer, "it") is None:
        stop(f"There is no offer {offer!r}; `content list` shows them.")
    known = segments.segments(connection)
    if wrong := [name for name in values.get("segments", ()) if name not in known]:
        stop(f"There is no segment {', '.join(wrong)}; `segments list` shows them.")
    audience.languages("--fallback", values.get("fallback", ""))


def _keep_words(
    connection: "Connection", id: int, offer: str | None, said: dict[str, str], reviewed: str | None
) -> None:
    from storage.outreach import wording

    read = frozenset(audience.split(reviewed or ""))
    if not said and not read:
        return
    if offer:
        stop("An offer's words are its own: change them with `content` and `translations`.")
    audience.languages("--texts, --reviewed", ",".join({*said, *read}))
    wording.save(connection, id, said, read, opening.by())


app.add_typer(sending.app)
app.add_typer(reporting.app)
