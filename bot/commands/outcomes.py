"""`outcomes`: how far people came with an offer."""

from enum import StrEnum
from typing import Annotated

import typer

from bot.commands import opening
from bot.commands.completing import offer_ids
from bot.commands.output import AsJson, print_json, print_table, say, stop

app = typer.Typer(help="How far people came with an offer.", no_args_is_help=True)

_Offer = Annotated[
    str, typer.Argument(help="The id that `content list` shows.", autocompletion=offer_ids)
]


class Said(StrEnum):
    """What somebody may tell at the desk (`flows.outcomes.ladder.SAID`)."""

    CONTACTED = "contacted"
    INTERVIEW = "interview"
    STARTED = "started"
    STILL = "still"
    NO = "no"
    LEFT = "left"
    QUIET = "quiet"


@app.command("list", epilog="Example: python admin_cli.py outcomes list job_welder_villanova")
def outcomes_list(offer: _Offer, as_json: AsJson = False) -> None:
    """How far people came with one offer, and when each is asked next."""
    from storage.outcomes import of_offer

    with opening.to_read().begin() as connection:
        rows = of_offer(connection, offer)
    if as_json:
        print_json(rows)
        return
    columns = ("contact_id", "rung", "ended", "said_at", "ask_at")
    print_table(columns, [[row[name] for name in columns] for row in rows])


@app.command("note", epilog="Example: python admin_cli.py outcomes note job_vines 12 started")
def outcomes_note(
    offer: _Offer,
    contact: Annotated[int, typer.Argument(help="The number that `contacts list` shows.")],
    said: Annotated[Said, typer.Argument(help="What they told the desk.")],
) -> None:
    """Note what a person told the desk of a job or a course; it is counted like their own tap."""
    from storage.outcomes import note_told

    key = "still_30" if said is Said.STILL else said.value
    with opening.database().begin() as connection:
        result = note_told(connection, contact, offer, key, opening.by())
    if result == "nobody":
        stop(f"There is no person {contact}; `contacts list` shows who there is.")
    if result == "no_such_offer":
        stop(f"{offer!r} is no job and no course; `content list` shows what there is.")
    say(f"Person {contact} and {offer}: {result}.")
