"""`contacts`: the people who write to us."""

import json
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, short, stop

if TYPE_CHECKING:
    from sqlalchemy import Engine

_TRIES, _TRY_AGAIN_SECONDS = 10, 0.1

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
    print_table(columns, [[row[name] for name in columns] for row in rows])


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
    rows += _consents(kept["consents"])
    rows += [("interested in", row["listing_id"]) for row in kept["interests"]]
    rows += [("tag", tag) for tag in kept["tags"]]
    print_table(("what", "value"), rows)


def _consents(consents: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Each yes or no, its words and version; the newest last."""
    from bot.catalogs import load_languages
    from bot.consents import fingerprints, in_words

    today = fingerprints(load_languages(opening.settings().default_language))
    return [(f"consent: {one['purpose']}", in_words(one, today)) for one in consents]


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
    print_table(columns, [[row[name] for name in columns] for row in rows])


@app.command("tag", epilog="Example: python admin_cli.py contacts tag 12 nido")
def contacts_tag(
    contact: ContactId,
    tag: Annotated[str, typer.Argument(help="A short word; broadcasts find people by it.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it back.")] = False,
) -> None:
    """Mark a person for broadcasts. They can see it in their data: never write a judgement."""
    from storage.outreach import tags

    if wrong := tags.wrong_tag(tag):
        stop(wrong)
    change = tags.untag if remove else tags.tag
    with opening.database().begin() as connection:
        done = change(connection, contact, tag, opening.by())
    if not done:
        stop(f"Person {contact} does not have {tag}." if remove else f"No person {contact}.")
    say(f"Person {contact} {'no longer has' if remove else 'has'} the tag {tag}.")


@app.command("tags", epilog="Example: python admin_cli.py contacts tags")
def contacts_tags(as_json: AsJson = False) -> None:
    """Every tag, and how many people have it."""
    from storage.outreach import tags

    with opening.to_read().begin() as connection:
        found = tags.tags(connection)
    if as_json:
        print_json(found)
        return
    print_table(("tag", "people"), list(found.items()))


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


@app.command(
    "correct", epilog="Example: python admin_cli.py contacts correct 12 comune=Settime needs=job"
)
def contacts_correct(
    contact: ContactId,
    answers: Annotated[
        list[str],
        typer.Argument(
            help="name=value, or name= to take it away; several keys: needs=job,housing"
        ),
    ],
) -> None:
    """Correct answers of a person who asks for it (GDPR art. 16). They can do it in chat, too."""
    from bot.catalogs import load_languages
    from bot.correcting import read
    from storage.correcting import CorrectionError, correct
    from storage.gazetteer import load_gazetteer

    languages = load_languages(opening.settings().default_language)
    speech = languages[languages.default]
    try:
        changes = dict(read(typed, speech, load_gazetteer()) for typed in answers)
        with opening.database().begin() as connection:
            changed = correct(connection, contact, changes, opening.by())
    except CorrectionError as error:
        stop(str(error))
    say(f"Person {contact}: {', '.join(changed) or 'nothing'} corrected.")


@app.command("erase", epilog="Example: python admin_cli.py contacts erase 12")
def contacts_erase(
    contact: ContactId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Delete one person for good. Their words are gone from the database, not hidden."""
    from bot import clock
    from storage.audit import record
    from storage.contacts import export_contact
    from storage.erased import mirror
    from storage.erasure import erase
    from storage.remaining import remains

    engine = opening.database()
    with engine.begin() as connection:
        kept = export_contact(connection, contact)
    if kept is None:
        _clear_log(engine, contact)
        stop(f"There is no person {contact}; `contacts list` shows who there is.")
    if not yes:
        say(_what_goes(contact, kept))
        typer.confirm("Delete all this? It cannot be undone", abort=True)
    with engine.begin() as connection:
        left = remains(connection, contact)
        erase(connection, contact, clock.now())
        record(connection, opening.by(), "erase", [(f"contact:{contact}", None, None)])
    with engine.begin() as connection:
        mirror(connection, opening.settings().list_of_erased)
    _clear_log(engine, contact)
    say(f"Person {contact} is deleted.")
    say("What stays is not theirs any more:")
    for what, count in left.items():
        say(f"- {count} × {what}")
    say(f"- the number {contact} in the list of who was erased, for old backups")


@app.command(
    "erase-again",
    epilog="Example: python admin_cli.py contacts erase-again data/sportello.db.erased",
)
def contacts_erase_again(
    file: Annotated[
        Path, typer.Argument(help="A list of who was erased.", exists=True, dir_okay=False)
    ],
) -> None:
    """Erase whom the list names and an older database still has. `restore` does it by itself."""
    from storage.audit import record
    from storage.erased import reapply

    engine, by = opening.database(), opening.by()
    with engine.begin() as connection:
        again = reapply(connection, file, by.now)
        record(connection, by, "erase", [(f"contact:{id}", None, None) for id in again])
    for contact in again:
        _clear_log(engine, contact)
    say(f"Erased again: {', '.join(map(str, again)) or 'nobody'}.")


def _clear_log(engine: "Engine", contact: int) -> None:
    """A reader of a moment is waited for; with one that stays the words are not gone yet."""
    from storage.erasure import scrub

    for _ in range(_TRIES):
        if scrub(engine):
            return
        sleep(_TRY_AGAIN_SECONDS)
    stop(
        f"NOT FINISHED: person {contact} is in no table any more, but the database's log, which "
        "another program holds open, can still hold their words. The assistant clears it within a "
        "minute while it runs; else stop what reads the database and give this command again."
    )


def _what_goes(contact: int, kept: dict[str, Any]) -> str:
    """Of whom and how much, without a word of theirs."""
    channels = ", ".join(address["channel"] for address in kept["addresses"])
    lines = [f"Person {contact} ({channels or 'no channel'}). This goes for good:"]
    counts = {
        "their answers and where they are in the conversation": int(bool(kept["conversation"])),
        "consents": len(kept["consents"]),
        "messages to them": len(kept["messages_sent"]),
        "offers they are interested in": len(kept["interests"]),
        "questions nobody could answer": len(kept["unanswered_questions"]),
    }
    lines += [f"- {count} × {what}" for what, count in counts.items() if count]
    if offers := kept["answers_for"]:
        lines.append(f"Nobody will answer for these offers: {', '.join(offers)}.")
    return "\n".join(lines)


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
