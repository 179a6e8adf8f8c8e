"""`desk`: when and where the desk is open, and who is there."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import appointments, opening, telling
from bot.commands.output import AsJson, print_json, print_table, say, stop

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(help="The desk's hours, staff and appointments.", no_args_is_help=True)
app.add_typer(appointments.app)

PlaceId = Annotated[str, typer.Argument(help="The id that `desk rules` shows; all: every place.")]
Day = Annotated[str, typer.Argument(help="The day: 2026-12-24, today or tomorrow.")]
Hours_ = Annotated[str, typer.Option(help="Only these hours, such as 14:00-18:00.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask again.")]


@app.command("rules", epilog="Example: python admin_cli.py desk rules --import content/desk.yaml")
def rules(
    file: Annotated[
        Path | None, typer.Option("--import", help="Take places, staff and topics from this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Where and when the desk is open. With --import: what the file says holds from now on.

    Appointments that exist stay; those that cannot be kept by the new rules are listed.
    """
    from storage.agenda.booking import lock
    from storage.agenda.desk_file import read_desk
    from storage.agenda.rules import general, raw_places, replace_rules

    if file:
        parsed = read_desk(file)
        with opening.database().begin() as connection:
            lock(connection)
            replace_rules(connection, parsed, opening.by())
            stranded = _stranded(connection)
        say(f"{len(parsed.places)} places and {len(parsed.staff)} colleagues are in the agenda.")
        _warn(stranded)
        return
    with opening.to_read().begin() as connection:
        everywhere, places = general(connection), raw_places(connection)
    if as_json:
        print_json({"everywhere": everywhere, "places": places})
        return
    columns = ("id", "hours", "weeks", "rooms", "phone", "active")
    print_table(columns, [[row[name] for name in columns] for row in places])
    minutes = ", ".join(f"{topic} {n}" for topic, n in everywhere["topics"].items())
    say(f"Minutes by topic: {minutes}.")
    say(
        f"Booked {everywhere['notice_hours']} hours ahead at least, {everywhere['days_ahead']} "
        f"days at most; a freed hour is kept {everywhere['hold_minutes']} minutes."
    )


@app.command("staff", epilog="Example: python admin_cli.py desk staff amal --hours mon,thu")
def staff(
    id: Annotated[str, typer.Argument(help="Who is added or changed; none: all are shown.")] = "",
    name: Annotated[str | None, typer.Option(help="The first name that people read.")] = None,
    languages: Annotated[str | None, typer.Option(help="Codes, such as it,fr,ar.")] = None,
    hours: Annotated[
        str | None, typer.Option(help="Such as mon,thu 09:00-12:00; empty: all.")
    ] = None,
    places: Annotated[str | None, typer.Option(help="Ids of places; empty: all.")] = None,
    mediator: Annotated[bool | None, typer.Option(help="Sits in to translate.")] = None,
    on_request: Annotated[bool | None, typer.Option(help="Needs to know a day before.")] = None,
    away: Annotated[bool | None, typer.Option(help="Does not work here any more.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who works at the desk and in which languages; with an id: add or change somebody."""
    from storage.agenda.booking import lock
    from storage.agenda.desk_file import check_colleague
    from storage.agenda.rules import put_staff, raw_places
    from storage.agenda.rules import staff as everybody

    with opening.to_read().begin() as connection:
        rows, known = everybody(connection), [row["id"] for row in raw_places(connection)]
    if not id:
        _show_staff(rows, as_json=as_json)
        return
    before = next((row for row in rows if row["id"] == id), {})
    given = {
        "name": name,
        "languages": _several(languages),
        "hours": hours,
        "places": _several(places),
        "mediates": mediator,
        "on_request": on_request,
    }
    row = check_colleague(id, before, given, set(known))
    row["active"] = not away if away is not None else before.get("active", True)
    with opening.database().begin() as connection:
        lock(connection)
        put_staff(connection, row, opening.by())
        stranded = _stranded(connection)
    say(f"{row['name']} ({id}) is {'in' if row['active'] else 'out of'} the agenda.")
    _warn(stranded)


def _several(given: str | None) -> list[str] | None:
    """What stands between commas; None when nothing was said."""
    return None if given is None else given.replace(",", " ").split()


@app.command("close", epilog="Example: python admin_cli.py desk close castellero 2026-12-24")
def close(
    place: PlaceId,
    day: Day,
    hours: Hours_ = "",
    reason: Annotated[str, typer.Option(help="For your colleagues.")] = "",
    yes: Yes = False,
) -> None:
    """The desk is closed on a day, or for some hours; appointments then are cancelled kindly."""
    from flows.agenda.rules import Exceptional
    from flows.hours import parse_hours

    where, on, spelled = _place(place), _to_come(day), _hours(hours)
    closure = Exceptional(where, on, parse_hours(spelled))
    with opening.to_read().begin() as connection:
        hit = telling.hit_by(connection, closure)
    if hit and not yes:
        appointments.print_rows(hit)
        typer.confirm(f"Cancel these appointments ({len(hit)}) and tell the people?", abort=True)
    row = {"place": where, "day": on, "hours": spelled, "closes": True, "reason": reason}
    ended, untold = telling.close_and_tell(row, closure)
    told = len(ended) - len(untold)
    say(f"Closed. Appointments cancelled: {len(ended)}; people told: {told}.")
    if untold:
        appointments.print_rows(untold)
        say("Nothing can be written to these people: please call them.")


@app.command(
    "open", epilog="Example: python admin_cli.py desk open castellero 2026-12-19 09:00-12:00"
)
def open_(
    place: PlaceId,
    day: Day,
    hours: Annotated[str, typer.Argument(help="Extra hours; none: closures are taken back.")] = "",
) -> None:
    """Extra hours on a day; without hours: what was closed on that day is open again."""
    from storage.agenda.booking import lock
    from storage.agenda.rules import add_exception, drop_closures

    where, on, spelled = _place(place), _to_come(day), _hours(hours)
    with opening.database().begin() as connection:
        lock(connection)
        if spelled:
            row = {"place": where, "day": on, "hours": spelled, "closes": False, "reason": ""}
            add_exception(connection, row, opening.by())
            say(f"{place} is open on {on}, {spelled}.")
        elif drop_closures(connection, where, on, opening.by()):
            say(f"What was closed at {place} on {on} is open again.")
        else:
            stop(
                f"Nothing was closed for {place} on {on}. To open on a holiday, or when every "
                "place is closed, name the hours: 09:00-12:00."
            )


def _to_come(day: str) -> date:
    on = opening.day_of(day)
    if on < opening.today():
        stop(f"{on} is over.")
    return on


def _hours(text: str) -> str:
    from storage.agenda.desk_file import hours_of_day

    try:
        return hours_of_day(text)
    except ValueError:
        stop(f"{text!r} are no hours: write them as 14:00-18:00, in quarters of an hour.")


def _place(id: str) -> str:
    """The place as exceptions name it: empty for all of them."""
    from storage.agenda.rules import raw_places

    with opening.to_read().begin() as connection:
        known = [row["id"] for row in raw_places(connection) if row["active"]]
    if id not in ("all", *known):
        stop(f"There is no place {id!r}: all, {', '.join(known)}.")
    return "" if id == "all" else id


def _show_staff(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    columns = ("id", "name", "languages", "hours", "places", "mediates", "on_request", "active")
    print_table(columns, [[row[name] for name in columns] for row in rows])


def _stranded(connection: "Connection") -> list[dict[str, Any]]:
    from storage.agenda.operators import stranded

    return list(stranded(connection, opening.by().now, opening.settings().zone))


def _warn(stranded: Iterable[dict[str, Any]]) -> None:
    rows = list(stranded)
    if rows:
        appointments.print_rows(rows)
        say(f"These appointments ({len(rows)}) cannot be kept like that: move or cancel them.")
