"""`broadcast report` and `unknown`: what came of it, and of what nobody knows."""

from typing import Annotated

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, short
from bot.commands.showing import REASONS, existing

app = typer.Typer()

Id = Annotated[int, typer.Argument(help="The number that `broadcast list` shows.")]
_DOUBTFUL = ("person", "channel", "kind", "broadcast", "tries", "at")


@app.command("report", epilog="Example: python admin_cli.py broadcast report 3")
def report(id: Id, as_json: AsJson = False) -> None:
    """What came of it, by language and channel; a message counts once, as far as it got."""
    from storage.outreach.report import report as made

    with opening.to_read().begin() as connection:
        row = existing(connection, id)
        found = made(connection, id)
    rows = [
        {
            "language": where[0],
            "channel": where[1],
            **{name: states[name] for name in _STATES},
            "tapped": found.tapped[where],
            "said_stop": found.stopped[where],
        }
        for where, states in sorted(found.states.items())
    ]
    problems = [
        {"status": status, "why": _in_words(problem), "people": count}
        for (status, problem), count in sorted(found.problems.items())
    ]
    left_out = [{"why": _in_words(why), "people": n} for why, n in row["left_out"].items()]
    if as_json:
        print_json({"state": row["state"], "by": rows, "why": problems, "left_out": left_out})
        return
    say(f"Broadcast {id} ({row['name']}): {row['state']}")
    if row["repeats"]:
        say("It repeats: each run is a broadcast of its own in `broadcast list`.")
    for table in (rows, problems, left_out):
        if table:
            columns = [name for name in table[0] if any(line[name] for line in table)]
            print_table(columns, [[str(line[name]) for name in columns] for line in table])


_STATES = (
    "held",
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "failed",
    "cancelled",
    "unknown",
)


@app.command("unknown", epilog="Example: python admin_cli.py broadcast unknown 3")
def unknown(
    id: Annotated[int, typer.Argument(help="Of this broadcast; without it: all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """To whom a message may or may not have gone: a crash or a lost answer hid it."""
    from storage.outbox import in_doubt

    with opening.to_read().begin() as connection:
        if id:
            existing(connection, id)
        rows = in_doubt(connection, id)
    if as_json:
        print_json(rows)
        return
    print_table(_DOUBTFUL, [[row[name] for name in _DOUBTFUL] for row in rows])


def _in_words(problem: str) -> str:
    from bot.channel import Problem

    if problem in REASONS:
        return REASONS[problem]
    known = {p.value: p.advice for p in Problem}
    return known.get(problem, short(problem))
