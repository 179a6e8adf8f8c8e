"""`inbox`: tickets and notices, under one numbering."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop

if TYPE_CHECKING:
    from bot.answering import Answering, Reply

app = typer.Typer(help="Who waits for an answer, and what else to know.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The number that `inbox list` shows.")]


@app.command("list", epilog="Example: python admin_cli.py inbox list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Who waits for an answer, the most urgent first; then digests, silent providers, offers."""
    from storage.tickets.operators import listed

    with opening.to_read().begin() as connection:
        rows = listed(connection, closed=everything)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "at", "kind", "state", "language", "assigned_to", "text")
    print_table(columns, [[row[name] for name in columns] for row in rows])


@app.command("show", epilog="Example: python admin_cli.py inbox show 7")
def show(number: Number, as_json: AsJson = False) -> None:
    """One ticket: what was written, what was sent, what did not arrive and what to do."""
    from storage.audit import record
    from storage.tickets.operators import messages, ticket
    from storage.tickets.undelivered import was_told

    with opening.database().begin() as connection:
        row, rows = ticket(connection, number), messages(connection, number)
        told = was_told(connection, number)
        record(connection, opening.by(), "inbox show", [(f"ticket:{number}", None, None)])
    if as_json:
        print_json({**row._mapping, "messages": rows})
        return
    say(f"Ticket {number}: {_heading(row)}")
    columns = ("at", "who", "text", "status")
    print_table(columns, [(m["at"], _who(m), m["text"], _state(m, told=told)) for m in rows])


@app.command("reply", epilog='Example: python admin_cli.py inbox reply 7 "Venga giovedì alle 10."')
def reply(
    number: Number,
    text: Annotated[str, typer.Argument(help="In Italian; the person is told so.")] = "",
    canned: Annotated[
        str, typer.Option(help="A ready answer in the person's language: `inbox canned`.")
    ] = "",
) -> None:
    """Answer a ticket; a closed one is opened again."""
    if bool(text) == bool(canned):
        stop("Write an answer, or name one with --canned: one of the two.")
    answering, by = _answering(), opening.by()
    with opening.database().begin() as connection:
        result = answering.reply(connection, number, text, canned, by)
        answering.show_colleagues(connection, number, text or canned, by)
    say(_outcome(number, result))


@app.command("canned", epilog="Example: python admin_cli.py inbox canned")
def canned_(as_json: AsJson = False) -> None:
    """The ready answers, which exist in every language."""
    from flows.tickets.letters import canned

    ready = canned(_answering().desk.gettext)
    if as_json:
        print_json(ready)
        return
    print_table(("key", "says"), ready.items())


@app.command("assign", epilog="Example: python admin_cli.py inbox assign 7 anna")
def assign(
    number: Number,
    to: Annotated[str, typer.Argument(help="Who takes care of it; none: you.")] = "",
) -> None:
    """Say who takes care of a ticket."""
    from storage.tickets import operators

    name = to or opening.by().operator
    with opening.database().begin() as connection:
        operators.assign(connection, number, name, opening.by())
    say(f"Ticket {number} is {name}'s.")


@app.command("note", epilog='Example: python admin_cli.py inbox note 7 "Richiamare lunedì"')
def note(number: Number, text: Annotated[str, typer.Argument(help="For colleagues only.")]) -> None:
    """Add words that nobody sends; the person sees them when they ask for their data."""
    from storage.tickets import operators

    with opening.database().begin() as connection:
        operators.note(connection, number, text, opening.by())
    say(f"The note is in ticket {number}.")


@app.command("close", epilog="Example: python admin_cli.py inbox close 7")
def close(number: Number) -> None:
    """It is done; of a ticket its words are deleted after seven days."""
    answering = _answering()
    with opening.database().begin() as connection:
        known = answering.close(connection, number, opening.by())
    if not known:
        stop(f"There is no open notice or ticket {number}; `inbox list` shows them.")
    say(f"Number {number} is closed.")


def _answering() -> "Answering":
    from bot.answering import Answering
    from bot.catalogs import load_languages

    settings = opening.settings()
    chat = settings.operators_chat_id if settings.uses_telegram else ""
    return Answering(load_languages(settings.default_language), chat)


def _heading(row: Any) -> str:
    from storage.tickets.operators import state_of

    taken = f", {row.assigned_to}'s" if row.assigned_to else ""
    urgent = ("EMERGENCY, ", "MINOR, ", "")[row.urgency]
    words = "" if row.listens else "; their words are not kept before somebody answers"
    return (
        f"{urgent}person {row.contact_id} ({row.reason}), writes in {row.language or '?'}, "
        f"{state_of(row)}{taken}{words}"
    )


def _who(message: dict[str, Any]) -> str:
    return {"person": "the person", "note": f"note of {message['operator']}"}.get(
        message["author"], str(message["operator"])
    )


def _state(message: dict[str, Any], *, told: bool) -> str:
    """What became of it, and what to do."""
    from bot.channel import Problem

    status, problem = message["status"], message["problem"]
    if message["author"] != "operator":
        return ""
    if status == "held":
        heard = "a template told them" if told else "NOBODY COULD TELL THEM (no approved template)"
        return f"waits until they write (WhatsApp's 24 hours); {heard}; call them if it cannot wait"
    if not problem:
        return status or "sent"
    known = problem in [str(one) for one in Problem]
    advice = Problem(problem).advice if known else "It was not sent in time."
    return f"{status}: {advice} Your words are kept here: call them, or `inbox reply` again."


def _outcome(number: int, result: "Reply") -> str:
    match result.state:
        case "held" if result.told:
            return (
                "It waits: WhatsApp lets us write again only once they have written. "
                "A template tells them that an answer waits."
            )
        case "held":
            return (
                "It waits: WhatsApp lets us write again only once they have written, and there is "
                "no template to tell them (`whatsapp provision`). Call them if it cannot wait."
            )
        case "unreachable":
            return (
                "NOT SENT: the person has blocked the assistant. Your words are in "
                f"`inbox show {number}`; call them."
            )
    return f"Ticket {number} is answered; `inbox show {number}` says whether it arrived."
