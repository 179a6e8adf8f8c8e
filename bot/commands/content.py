"""`content`: the offers."""

import re
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands import opening, spreadsheets
from bot.commands.completing import offer_ids
from bot.commands.output import AsJson, changes, print_json, print_table, printable, say, stop
from bot.commands.spreadsheets import Status, Topic, TopicName, trying

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.content.records import Record

app = typer.Typer(help="The offers: jobs, courses, homes, rides …", no_args_is_help=True)
app.add_typer(spreadsheets.app)

OfferId = Annotated[
    str, typer.Argument(help="The id that `content list` shows.", autocompletion=offer_ids)
]
OfferIds = Annotated[list[str], typer.Argument(help="One id or several.", autocompletion=offer_ids)]
Language = Annotated[
    list[str] | None, typer.Option(help="The reader's language; as often as needed.")
]
As = Annotated[
    list[str] | None,
    typer.Option("--as", help="The reader's channel: telegram or whatsapp; as often as needed."),
]
Sets = Annotated[list[str] | None, typer.Option("--set", help="field=value; as often as needed.")]
Readers = tuple[Sequence[str], Sequence[str]]
"""Languages and channels in which an offer is shown; none: Italian, on no channel."""
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask again.")]


@app.command("list", epilog="Example: python admin_cli.py content list --topic job")
def list_offers(
    topic: Topic = None,
    status: Status = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: AsJson = False,
) -> None:
    """The offers, with their state and their last day."""
    from storage.content.records import load

    with opening.to_read().begin() as connection:
        records = list(load(connection).values())
    rows = [r for r in records if topic in (None, r["topic"]) and status in (None, r["status"])]
    if as_json:
        print_json(rows[:limit])
        return
    columns = ("id", "title", "status", "valid_until", "checked_on")
    print_table(columns, [[row.get(name, "") for name in columns] for row in rows[:limit]])
    if len(rows) > limit:
        say(f"{len(rows) - limit} more: use --limit, --topic or --status.")


@app.command(epilog="Example: python admin_cli.py content show job_welder_villanova --language fr")
def show(id: OfferId, language: Language = None, as_: As = None, as_json: AsJson = False) -> None:
    """One offer exactly as a person sees it, in a language, on a channel."""
    with opening.to_read().begin() as connection:
        record = _existing(connection, id)
        if as_json:
            print_json(record)
            return
        _preview(connection, id, language or [], as_ or [])
    say(f"[{record['status']}, until {record['valid_until']}]")


@app.command(epilog="Example: python admin_cli.py content add job --set title='Raccolta uva'")
def add(
    topic: Annotated[TopicName, typer.Argument(help="What kind of offer it is.")],
    sets: Sets = None,
    language: Language = None,
    as_: As = None,
    yes: Yes = False,
) -> None:
    """A new offer: asks field by field, or takes --set; shows it, then saves it as a draft."""
    by, today = opening.by(), opening.today()
    start = {
        "topic": topic,
        "status": "draft",
        "checked_on": today.isoformat(),
        "checked_by": by.operator,
    }
    _fill_in_and_save(start, sets, "add", (language or [], as_ or []), yes)


@app.command(epilog="Example: python admin_cli.py content edit job_welder_villanova --set places=2")
def edit(
    id: OfferId, sets: Sets = None, language: Language = None, as_: As = None, yes: Yes = False
) -> None:
    """Change an offer: asks field by field, or takes --set; an empty --set empties the field."""
    with opening.to_read().begin() as connection:
        record = _existing(connection, id)
    _fill_in_and_save(record, sets, "edit", (language or [], as_ or []), yes)


@app.command(epilog="Example: python admin_cli.py content publish job_welder_villanova job_vines")
def publish(ids: OfferIds) -> None:
    """Show offers to people from now on."""
    _set_status(ids, "published")


@app.command(epilog="Example: python admin_cli.py content pause job_welder_villanova")
def pause(ids: OfferIds) -> None:
    """Hide offers for now."""
    _set_status(ids, "paused")


@app.command(epilog="Example: python admin_cli.py content close job_welder_villanova")
def close(ids: OfferIds) -> None:
    """Hide offers for good: filled, let, over."""
    _set_status(ids, "closed")


@app.command(epilog="Example: python admin_cli.py content checked job_welder_villanova")
def checked(ids: OfferIds) -> None:
    """Note that you made sure today that these offers still hold."""
    from storage.content.records import lock

    by, today = opening.by(), opening.today()
    news = {"checked_on": today.isoformat(), "checked_by": by.operator}
    with opening.database().begin() as connection:
        lock(connection)
        _save_all(connection, [_existing(connection, id) | news for id in ids], "checked")
    say(f"Checked today by {by.operator}: {', '.join(ids)}.")


@app.command(epilog="Example: python admin_cli.py content provider job_x --contact 12")
def provider(
    id: OfferId,
    contact: Annotated[int, typer.Option(help="The number of `contacts list`; 0: nobody.")],
) -> None:
    """Say who answers for an offer: the assistant asks them whether it still holds."""
    from storage.content.providers import set_provider

    with opening.database().begin() as connection:
        _existing(connection, id)
        if not set_provider(connection, id, contact or None, opening.by()):
            stop(f"There is no person {contact}; `contacts list` shows who there is.")
    say(f"Person {contact} answers for {id}." if contact else f"Nobody answers for {id}.")


@app.command(epilog="Example: python admin_cli.py content history job_welder_villanova")
def history(id: OfferId, as_json: AsJson = False) -> None:
    """Who changed an offer, when, and what; `restore` brings a state back."""
    from storage.audit import entries

    with opening.to_read().begin() as connection:
        rows = entries(connection, f"offer:{id}")
    if as_json:
        print_json(rows)
        return
    columns = ("change", "when", "who", "what", "from → to")
    shown = [[r["id"], r["at"], r["operator"], r["action"], changes(r)] for r in rows]
    print_table(columns, shown)


@app.command(epilog="Example: python admin_cli.py content restore job_welder_villanova 41")
def restore(
    id: OfferId,
    change: Annotated[int, typer.Argument(help="The number that `content history` shows.")],
) -> None:
    """Bring an offer, or its words in a language, back to how it was after that change."""
    from storage.content.records import as_it_was
    from storage.content.undoing import restore_words

    with opening.database().begin() as connection:
        record = as_it_was(connection, id, change)
        if record and "topic" in record:
            _save_all(connection, [record], "restore")
        elif not restore_words(connection, id, change, opening.by()):
            stop(f"{id} has no state to go back to under change {change}: see `content history`.")
    say(f"{id} is as it was after change {change}.")


def _existing(connection: "Connection", id: str) -> "Record":
    from storage.content.records import load

    found = load(connection, [id])
    if id not in found:
        stop(f"There is no offer {id!r}; `content list` shows what there is.")
    return found[id]


def _fill_in_and_save(
    before: "Record", sets: list[str] | None, action: str, readers: Readers, yes: bool
) -> None:
    """Ask or take what is new, show it, and save when the operator says so.

    No transaction is open while the operator thinks; what others changed meanwhile stays.
    """
    from bot.commands.asking import ask_all, take
    from storage.content.records import lock, wrong_together

    today = opening.today()
    record = take(before, sets, today) if sets else ask_all(before, today)
    if wrong := wrong_together(record, today):
        stop("\n".join(f"{name}: {right}" for name, right in wrong))
    with trying(dry_run=True) as connection:
        if action == "add":
            _must_be_new(connection, record)
        _save_all(connection, [record], action)
        _preview(connection, record["id"], *readers)
    if not yes:
        typer.confirm("Save it like this?", abort=True)
    with opening.database().begin() as connection:
        lock(connection)
        if action == "add":
            _must_be_new(connection, record)
        else:
            record = _merged(_existing(connection, record["id"]), before, record)
        _save_all(connection, [record], action)
    say(f"{record['id']} is saved as {record['status']}.")


def _merged(now: "Record", before: "Record", after: "Record") -> "Record":
    """``now`` with what changed from ``before`` to ``after``."""
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    return {name: value for name, value in now.items() if name in after or name not in before} | (
        changed
    )


def _must_be_new(connection: "Connection", record: "Record") -> None:
    from storage.content.records import load

    if load(connection, [record.get("id", "")]):
        stop(f"id: {record['id']} is there already; `content edit {record['id']}` changes it.")


def _set_status(ids: list[str], status: str) -> None:
    from storage.content.records import lock, wrong_together

    today = opening.today()
    with opening.database().begin() as connection:
        lock(connection)
        records = [_existing(connection, id) | {"status": status} for id in ids]
        for record in records:
            wrong = wrong_together(record, today)
            if status == "published" and record["valid_until"] < today.isoformat():
                wrong.append(("valid_until", f"a day to come, not {record['valid_until']}"))
            if wrong:
                stop("\n".join(f"{record['id']}, {name}: {right}" for name, right in wrong))
        _save_all(connection, records, status)
    say(f"{status.capitalize()}: {', '.join(ids)}.")


def _save_all(connection: "Connection", records: "list[Record]", action: str) -> None:
    from storage.content.records import save

    save(connection, records, opening.by(), action, opening.today())


def _preview(
    connection: "Connection", id: str, languages: Sequence[str], channels: Sequence[str]
) -> None:
    """Print an offer as each of these readers sees it, within this transaction."""
    from bot.preview import preview
    from storage.gazetteer import load_gazetteer
    from storage.listings import one

    parts = opening.parts()
    for named, known in ((languages, parts.languages), (channels, ("telegram", "whatsapp"))):
        if unknown := [name for name in named if name not in known]:
            stop(f"{unknown[0]!r}: one of {', '.join(known)}.")
    readers = list(product(languages or ["it"], channels or [""]))
    for language, channel in readers:
        offer = one(connection, id, language)
        assert offer is not None, "the caller has made sure"
        if len(readers) > 1:
            say(f"--- {language} {channel}".rstrip())
        for bubble in preview(
            parts.flows, offer, load_gazetteer(), language, channel, opening.today()
        ):
            say(re.sub(r"\\\[", "[", printable(bubble.text)))
            say(" ".join(f"[{label}]" for label, _ in bubble.options))
