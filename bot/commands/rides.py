"""`rides`: what people ask of the social taxi, answered; and what it could not do."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.correspondence import Correspondence
    from flows.rides.rules import Taxi
    from storage.rides.states import Change

app = typer.Typer(help="The social taxi: requests, answers, wishes.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(help="The number that `rides list` shows.")]
Ids = Annotated[list[int], typer.Argument(help="Numbers that `rides list` shows.")]
Day = Annotated[str, typer.Option(help="The first day: 2026-12-24, today or tomorrow.")]
Days = Annotated[int, typer.Option(min=1, max=400, help="How many days.")]
At = Annotated[str, typer.Argument(help='Day and hour, such as "2026-12-24 10:00".')]

_SHOWN = ("id", "when", "from", "to", "people", "child", "for", "state", "drive", "could share")
_SHEET = ("when", "from", "to", "people", "child seats", "number", "drive")


@app.command("rules", epilog="Example: python admin_cli.py rides rules --import content/rides.yaml")
def rules(
    file: Annotated[
        Path | None, typer.Option("--import", help="Take the service's rules from this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What the social taxi can do. With --import: what the file says holds from now on.

    Rides that exist stay as they are.
    """
    from storage.rides.rules import raw_rules, replace_taxi
    from storage.rides.taxi_file import read_taxi

    if file:
        row = read_taxi(file)
        with opening.database().begin() as connection:
            replace_taxi(connection, row, opening.by())
        say(f"{row['name']}: {len(row['points'])} comuni are served.")
        return
    with opening.to_read().begin() as connection:
        found = raw_rules(connection)
    if found is None:
        stop("There are no rules yet: `rides rules --import FILE` takes them from a file.")
    if as_json:
        print_json(found)
        return
    points = found.pop("points")
    print_table(("rule", "value"), [(k, v) for k, v in found.items() if k != "id"])
    print_table(
        ("comune", "the car waits at"), [(_town(k), "; ".join(v)) for k, v in points.items()]
    )


@app.command("list", epilog="Example: python admin_cli.py rides list --days 7")
def list_rides(
    day: Day = "today",
    days: Days = 30,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Who asked for what, how it stands, and which rides could share a car."""
    with opening.to_read().begin() as connection:
        rows, shared = _listed(connection, day, days, over=everything)
    if as_json:
        print_json([row | {"could_share": shared.get(row["id"], [])} for row in rows])
        return
    print_table(_SHOWN, [_shown(row, shared) for row in rows])
    waits = sum(row["status"] == "asked" for row in rows)
    say(
        f"{waits} wait for your answer: rides confirm, decline or propose."
        if waits
        else "None waits."
    )


@app.command("confirm", epilog="Example: python admin_cli.py rides confirm 12 13")
def confirm(
    ids: Ids,
    together: Annotated[
        int, typer.Option("--with", help="Into the car of this ride, which is confirmed.")
    ] = 0,
) -> None:
    """The car comes; each person is told."""
    from bot import ride_letters
    from storage.rides import operators

    reasons = {
        "full": "no car is free then; `rides list` shows what could share one, "
        "`rides propose` another time",
        "apart": f"it does not fit into the car of ride {together}",
    }

    def do(connection: "Connection", row: Any, by: "Change", post: "Correspondence") -> str:
        if row.status != "asked":
            stop(f"Ride {row.id} is {row.status} already.")
        if said := operators.confirm(connection, row, by, opening.by(), together):
            stop(f"Ride {row.id}: {reasons[said]}.")
        return _told(row, ride_letters.confirmed, connection, by, post)

    for id in ids:
        say(f"Ride {id} is confirmed. {_answer(id, do)}")


@app.command("decline", epilog="Example: python admin_cli.py rides decline 12")
def decline(ids: Ids) -> None:
    """It cannot be; each person is told, and the wish is counted."""
    from bot import ride_letters
    from storage.rides import operators

    def do(connection: "Connection", row: Any, by: "Change", post: "Correspondence") -> str:
        operators.decline(connection, row, by, opening.by())
        return _told(row, ride_letters.declined, connection, by, post)

    for id in ids:
        say(f"Ride {id} is declined. {_answer(id, do)}")


@app.command("propose", epilog='Example: python admin_cli.py rides propose 12 "2026-12-24 09:30"')
def propose(id: Id, at: At) -> None:
    """Another time; the person says yes or no with one tap, and it is kept for a day."""
    from bot import ride_letters
    from storage.rides import operators

    leaves = opening.moment_of(at)
    reasons = {
        "full": "no car is free then",
        "twice": "the person has another ride then",
        "near": "the person could not answer in time: call them",
    }

    def do(connection: "Connection", row: Any, by: "Change", post: "Correspondence") -> str:
        if leaves <= by.now or leaves.minute % 15:
            stop("Propose a time to come, at a quarter of an hour: 09:00, 09:15, 09:30, 09:45.")
        if said := operators.propose(connection, row, leaves, by, opening.by()):
            stop(f"Ride {row.id}: {reasons[said]}.")
        return _told(row, ride_letters.proposed, connection, by, post)

    say(f"Ride {id}: the time is proposed. {_answer(id, do)}")


@app.command("export", epilog="Example: python admin_cli.py rides export --csv monday.csv --days 1")
def export(
    csv: Annotated[Path, typer.Option(help="The file for the driver.")],
    day: Day = "today",
    days: Days = 7,
) -> None:
    """The confirmed rides as a sheet for the driver, with numbers in place of names."""
    from storage.content.sheets import write_csv

    with opening.to_read().begin() as connection:
        rows, _ = _listed(connection, day, days)
        taxi = _change(connection).taxi
    coming = [row for row in rows if row["status"] == "confirmed"]
    write_csv(csv, _SHEET, [_sheet_row(row, taxi) for row in coming])
    say(f"{len(coming)} rides are in {csv}.")


@app.command("wishes", epilog="Example: python admin_cli.py rides wishes --days 90")
def wishes(
    days: Annotated[int, typer.Option(min=1, max=730, help="Of the last so many days.")] = 180,
    as_json: AsJson = False,
) -> None:
    """What could not be met, by comune and part of the day: which run is worth starting.

    early: before 7; morning: until 12; afternoon: until 18; then evening.
    """
    from storage.rides.wishes import aggregated

    with opening.to_read().begin() as connection:
        rows = aggregated(connection, opening.by().now - timedelta(days=days))
    if as_json:
        print_json(rows)
        return
    columns = ("comune", "band", "wishes", "persons", "to", "days", "why")
    print_table(columns, [[row[name] for name in columns] for row in rows])
    if not rows:
        say("None.")


def _listed(
    connection: "Connection", day: str, days: int, *, over: bool = False
) -> tuple[list[dict[str, Any]], dict[int, list[int]]]:
    from storage.agenda.operators import day_bounds
    from storage.rides.operators import listed, sharing

    by = _change(connection)
    bounds = day_bounds(opening.day_of(day), days, by.zone)
    rows = listed(connection, *bounds, over=over)
    return rows, sharing(connection, [row["id"] for row in rows], by)


def _shown(row: dict[str, Any], shared: dict[int, list[int]]) -> tuple[Any, ...]:
    with_ = ", ".join(map(str, shared.get(row["id"], [])))
    return (
        row["id"],
        _when(row["leaves_at"]),
        _town(row["origin"]),
        _town(row["destination"]),
        row["people"],
        row["child_seats"],
        row["purpose"],
        row["status"],
        row["run_id"],
        with_,
    )


def _sheet_row(row: dict[str, Any], taxi: "Taxi") -> list[str]:
    from flows.rides.card import where
    from storage.gazetteer import load_gazetteer

    ends = (
        where(row[end], row[f"{end}_point"], taxi, load_gazetteer())
        for end in ("origin", "destination")
    )
    counts = str(row["people"]), str(row["child_seats"])
    return [_when(row["leaves_at"]), *ends, *counts, str(row["id"]), str(row["run_id"])]


def _town(istat: str) -> str:
    from storage.gazetteer import load_gazetteer

    place = load_gazetteer().get(istat)
    return place.name if place else istat


def _when(at: datetime) -> str:
    return f"{at.astimezone(opening.settings().zone):%a %d %b %H:%M}"


def _change(connection: "Connection") -> "Change":
    from storage.rides.rules import load_taxi
    from storage.rides.states import Change

    now, zone = opening.by().now, opening.settings().zone
    taxi = load_taxi(connection, _local(now))
    if taxi is None:
        stop("There is no social taxi yet: `rides rules --import FILE` takes its rules.")
    return Change(now, zone, taxi)


def _local(now: datetime) -> date:
    return now.astimezone(opening.settings().zone).date()


def _answer(id: int, do: Callable[..., str]) -> str:
    """Do it to one live ride, in one transaction; what to say to the operator."""
    from bot.correspondence import Correspondence
    from storage.rides import drives, states

    parts = opening.parts()
    post = Correspondence(parts.languages, parts.settings.zone)
    with opening.database().begin() as connection:
        by = _change(connection)
        drives.lock(connection)
        row = states.live(connection, id)
        if row is None or row.leaves_at <= by.now:
            stop(f"There is no such ride, or it is over: {id}; `rides list --all` shows them.")
        return do(connection, row, by, post)


def _told(
    row: Any,
    write: Callable[..., bool],
    connection: "Connection",
    by: "Change",
    post: "Correspondence",
) -> str:
    if row.contact_id and write(connection, row, by, post):
        return "The person is told."
    return "They cannot be written to: please call them."
