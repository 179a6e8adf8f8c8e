"""`broadcast dry-run`, `test`, `send`, `schedule`, `pause`, `resume`, `cancel`, `status` …"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import opening
from bot.commands.costs import euros
from bot.commands.output import AsJson, print_json, say, stop
from bot.commands.showing import existing, letters_of, plan_of, print_tally

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flows.messages import Outbound

app = typer.Typer()

Id = Annotated[int, typer.Argument(help="The number that `broadcast list` shows.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask again.")]


@app.command("dry-run", epilog="Example: python admin_cli.py broadcast dry-run 3")
def dry_run(id: Id, as_json: AsJson = False) -> None:
    """How many get it, in which words, and why the others do not; sends nothing."""
    _shown(id, as_json=as_json)


@app.command("test", epilog="Example: python admin_cli.py broadcast test 3 --to 12")
def test(
    id: Id,
    to: Annotated[int, typer.Option(help="Your own number among the contacts.")],
    language: Annotated[str, typer.Option(help="As a reader of this language gets it.")] = "it",
) -> None:
    """Send it to yourself; it counts nowhere."""
    import json

    from storage.letters import queue

    now = opening.by().now
    with opening.database().begin() as connection:
        letters, states = letters_of(connection, existing(connection, id))
        if language not in letters:
            stop(f"There is nothing for readers of {language!r}: {states.get(language)}.")
        body = json.dumps(letters[language].to_json(), ensure_ascii=False)
        if queue(connection, to, body, "operator", now, now) is None:
            stop(f"Person {to} cannot be written to.")
    say(f"On its way to person {to}.")


@app.command("send", epilog="Example: python admin_cli.py broadcast send 3")
def send(
    id: Id,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option(help="Show how far it is.")] = True,
) -> None:
    """Show the dry run, ask, then send exactly that; at night: in the morning."""
    from bot.commands.watching import queue_all, watch
    from storage.outreach import broadcasts

    _still_a_draft(id)
    row, letters = _shown(id)
    if not yes:
        typer.confirm("Send it?", abort=True)
    by = opening.by()
    due_at = opening.settings().rules.from_(by.now)
    with opening.database().begin() as connection:
        _is_still(connection, row)
        broadcasts.send(connection, id, letters, by, due_at)
    if due_at > by.now:
        say(f"Broadcast {id} goes out then. `broadcast cancel {id}` calls it off.")
        return
    queue_all()
    say(f"Broadcast {id} is on its way. `broadcast pause {id}` holds it.")
    if wait:
        watch(id)


@app.command(
    "schedule", epilog='Example: python admin_cli.py broadcast schedule 3 "2026-12-24 10:00"'
)
def schedule(
    id: Id,
    at: Annotated[str, typer.Argument(help='Day and hour: "2026-12-24 10:00".')] = "",
    repeat: Annotated[
        str, typer.Option(help='minute hour day month weekday, as in cron: "0 9 * * mon".')
    ] = "",
    yes: Yes = False,
) -> None:
    """Show the dry run, ask, then send it at that hour, or again and again."""
    from storage.outreach import broadcasts

    if bool(at) == bool(repeat):
        stop("Say when: a day and hour, or --repeat.")
    _still_a_draft(id)
    rules, by = opening.settings().rules, opening.by()
    first = rules.from_(_first(at, repeat))  # by day, also where the hour named is at night
    local = first.astimezone(rules.zone)
    row, letters = _shown(id)
    say("So it would be now; who gets it is judged again when it goes out.")
    when = f"{'first ' if repeat else ''}on {local:%A %d %B %Y, %H:%M}"
    if not yes:
        typer.confirm(f"Send it {when}?", abort=True)
    with opening.database().begin() as connection:
        _is_still(connection, row)
        broadcasts.schedule(
            connection, id, letters, by, due_at=None if repeat else first, repeats=repeat
        )
    say(f"Broadcast {id} goes out {when}. `broadcast cancel {id}` calls it off.")


@app.command("pause", epilog="Example: python admin_cli.py broadcast pause 3")
def pause(id: Id) -> None:
    """Hold it: within a second nothing more of it leaves."""
    _move(
        id, "paused", f"Broadcast {id} is held. `broadcast resume {id}` goes on where it stopped."
    )


@app.command("resume", epilog="Example: python admin_cli.py broadcast resume 3")
def resume(id: Id) -> None:
    """Go on where it stopped."""
    _move(id, "sending", f"Broadcast {id} goes on.", "paused")


@app.command("cancel", epilog="Example: python admin_cli.py broadcast cancel 3")
def cancel(id: Id) -> None:
    """Send no more of it, for good; what has left stays."""
    _move(id, "cancelled", f"Broadcast {id} is cancelled. `broadcast report {id}` says who got it.")


@app.command("status", epilog="Example: python admin_cli.py broadcast status 3 --watch")
def status(
    id: Id,
    follow: Annotated[bool, typer.Option("--watch", help="A bar, until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """How far it is."""
    from bot.commands.watching import watch
    from storage.outreach.report import report

    with opening.to_read().begin() as connection:
        row = existing(connection, id)
        total = report(connection, id).total
    if as_json:
        print_json({"state": row["state"], "left_out": row["left_out"], **total})
        return
    counts = ", ".join(f"{count} {name}" for name, count in sorted(total.items()))
    say(f"Broadcast {id} ({row['name']}): {row['state']}. {counts or 'Nothing is queued yet'}.")
    if row["state"] == "sending" and row["expanded_at"] is None:
        say("Not everybody is queued yet.")
    if follow:
        watch(id)


def _still_a_draft(id: int) -> None:
    with opening.to_read().begin() as connection:
        state = existing(connection, id)["state"]
    if state != "draft":
        stop(f"Broadcast {id} is {state}: only a draft can be sent.")


def _is_still(connection: "Connection", shown: dict[str, Any]) -> None:
    """What was said yes to is what goes, or the command stops."""
    from storage.outreach import broadcasts

    if not broadcasts.is_still(connection, shown):
        state = existing(connection, shown["id"])["state"]
        stop(f"Broadcast {shown['id']} is {state}: somebody was faster. Look at it again.")


def _shown(id: int, *, as_json: bool = False) -> "tuple[dict[str, Any], dict[str, Outbound]]":
    """The dry run, printed; the draft and the words that it showed."""
    from storage.outreach.plan import dry_run as made

    with opening.to_read().begin() as connection:
        row = existing(connection, id)
        letters, states = letters_of(connection, row)
        plan = plan_of(connection, row, letters)
        tally = made(connection, plan)
    if as_json:
        print_json(_as_json(tally, plan))
    else:
        print_tally(tally, plan, states)
    return row, letters


def _as_json(tally: Any, plan: Any) -> dict[str, Any]:
    going = [
        {"language": language, "channel": channel, "by_template": by_template, "people": count}
        for (language, channel, by_template), count in sorted(tally.going.items())
    ]
    left_out = [
        {"reason": reason, "language": language, "people": count}
        for (reason, language), count in sorted(tally.left_out.items())
    ]
    texts = {code: letter.text for code, letter in plan.letters.items()}
    found = {"people": tally.people, "going": going, "left_out": left_out, "texts": texts}
    cost = euros(tally, opening.settings())
    return {**found, "whatsapp_euros": cost, "from": plan.at.isoformat()}


def _first(at: str, repeat: str) -> Any:
    from flows.outreach.repeating import Repeating

    now, zone = opening.by().now, opening.settings().zone
    if at:
        first = opening.moment_of(at)
        if first <= now:
            stop(f"{at} is over: name an hour to come, or use `broadcast send`.")
        return first
    try:
        found = Repeating.parse(repeat).next(now, zone)
    except ValueError as error:
        stop(f"--repeat: {error}.")
    return found or stop(f"--repeat: {repeat!r} never comes.")


def _move(id: int, state: str, done: str, only_from: str = "") -> None:
    from bot.commands.watching import hold_all
    from storage.outreach import broadcasts

    with opening.database().begin() as connection:
        row = existing(connection, id)
        allowed = not only_from or row["state"] == only_from
        if not allowed or not broadcasts.move(connection, id, state, opening.by()):
            stop(f"Broadcast {id} is {row['state']}: that cannot be done now.")
    hold_all()
    say(done)
