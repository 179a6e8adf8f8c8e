"""`desk calendar`, `appointments`, `book`, `move`, `cancel`, `attended`, `no-show`, `export`."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands import opening
from bot.commands.output import AsJson, print_json, print_table, say, stop
from bot.commands.telling import correspondence, tell

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.agenda.booking import Booking

app = typer.Typer()

Id = Annotated[int, typer.Argument(help="The number that `desk appointments` shows.")]
Day = Annotated[str, typer.Option(help="The first day: 2026-12-24, today or tomorrow.")]
_NOT_YET = {
    "unknown": "There is no such appointment: {id}; `desk appointments --all` shows them.",
    "early": "Appointment {id} has not begun yet.",
}
_REFUSED = {
    "taken": "Nobody is free then, or the desk is closed.",
    "twice": "The person has another appointment at that hour.",
    "gone": "That appointment is over.",
}
At = Annotated[str, typer.Argument(help='Day and hour, such as "2026-12-24 10:00".')]


@app.command("appointments", epilog="Example: python admin_cli.py desk appointments --day today")
def appointments(
    day: Day = "today",
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days.")] = 1,
    everything: Annotated[bool, typer.Option("--all", help="Cancelled ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The list of a day, to print: when, where, who is there, in which language."""
    from storage.agenda.operators import day_bounds, listed

    first, zone = opening.day_of(day), opening.settings().zone
    with opening.to_read().begin() as connection:
        rows = listed(connection, *day_bounds(first, days, zone), over=everything)
    if as_json:
        print_json(rows)
        return
    say(f"Appointments, {first:%A %d %B %Y}{f' and {days - 1} days more' if days > 1 else ''}")
    print_rows(rows)
    if not rows:
        say("None.")


@app.command("calendar", epilog="Example: python admin_cli.py desk calendar --day 2026-12-21")
def calendar(
    day: Day = "today",
    place: Annotated[str, typer.Option(help="Only this place.")] = "",
) -> None:
    """A week at a glance: a dot for each appointment, a ring for each that is still possible."""
    from bot.week import week
    from storage.agenda.booking import taken
    from storage.agenda.operators import day_bounds
    from storage.agenda.rules import load_rules

    on, zone = opening.day_of(day), opening.settings().zone
    monday = on - timedelta(days=on.weekday())
    since, _ = day_bounds(monday, 7, zone)
    with opening.to_read().begin() as connection:
        rules, busy = load_rules(connection, monday), taken(connection, since)
    if place and rules.place(place) is None:
        stop(f"There is no place {place!r}: {', '.join(p.id for p in rules.places)}.")
    columns, rows = week(rules, busy, monday, zone, place)
    if not rows:
        say("Nothing is open in that week.")
        return
    print_table(columns, rows)
    say("● taken   ○ free")


@app.command(
    "book", epilog='Example: python admin_cli.py desk book 12 cv castellero "2026-12-21 10:00"'
)
def book(
    contact: Annotated[int, typer.Argument(help="The person's number; 0: somebody who called.")],
    topic: Annotated[str, typer.Argument(help="first_talk, cv, job_search, training, housing …")],
    place: Annotated[str, typer.Argument(help="The id that `desk rules` shows.")],
    at: At,
    language: Annotated[str, typer.Option(help="A code: with somebody who speaks it.")] = "",
) -> None:
    """Book for somebody; who writes to us gets the card."""
    from flows.agenda.slots import Wish
    from storage.agenda.booking import Booking

    _known(contact)
    starts, minutes = opening.moment_of(at), _minutes(topic)
    wish = Wish(topic, language, place)
    slot = _slot(place, starts, minutes)
    _book(Booking(contact or None, wish, slot, by_desk=True), "booked")


@app.command("move", epilog='Example: python admin_cli.py desk move 34 "2026-12-22 09:30"')
def move(
    id: Id,
    at: At,
    place: Annotated[str, typer.Option(help="Another place.")] = "",
) -> None:
    """To another hour; the person is told."""
    from flows.agenda.slots import Wish
    from storage.agenda.booking import Booking

    row = _live(id)
    where = place or row["place"]
    wish = Wish(row["topic"], row["language"], where)
    slot = _slot(where, opening.moment_of(at), _minutes(row["topic"]))
    _book(Booking(row["contact_id"], wish, slot, moves=id, by_desk=True), "moved")


@app.command("cancel", epilog="Example: python admin_cli.py desk cancel 34")
def cancel(id: Id) -> None:
    """The desk cannot keep it; the person is told and offered another time."""
    from storage.agenda import booking
    from storage.agenda.operators import audited

    row, by, writes = _live(id), opening.by(), correspondence()
    with opening.database().begin() as connection:
        if not booking.cancel(connection, id, None, by.now):
            stop(f"Appointment {id} is over: `desk attended {id}` or `desk no-show {id}`?")
        audited(connection, id, "desk cancel", by, row["status"], "cancelled")
        held = row["status"] == "offered"
        told = "" if held else tell(connection, writes.cancelled, row, by.now)
    say(f"Appointment {id} is cancelled. {told}".strip())


@app.command("attended", epilog="Example: python admin_cli.py desk attended 34 35 36")
def attended(ids: Annotated[list[int], typer.Argument(help="Who came.")]) -> None:
    """They came."""
    from storage.agenda.operators import note_outcome

    for id in ids:
        with opening.database().begin() as connection:
            found = note_outcome(connection, id, "attended", opening.by())
        if isinstance(found, str):
            stop(_NOT_YET[found].format(id=id))
        say(f"Appointment {id}: they came.")


@app.command("no-show", epilog="Example: python admin_cli.py desk no-show 34")
def no_show(id: Id) -> None:
    """They did not come; they are asked kindly whether they want another time."""
    from storage.agenda.operators import note_outcome

    by, writes = opening.by(), correspondence()
    with opening.database().begin() as connection:
        row = note_outcome(connection, id, "no_show", by)
        if isinstance(row, str):
            stop(_NOT_YET[row].format(id=id))
        fresh = row["status"] != "no_show"
        told = tell(connection, writes.missed, row, by.now) if fresh else ""
    say(f"Appointment {id}: they did not come. {told}".strip())


@app.command("export", epilog="Example: python admin_cli.py desk export --ics week.ics --days 7")
def export(
    ics: Annotated[Path, typer.Option(help="The file for your calendar.")],
    day: Day = "today",
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days.")] = 30,
) -> None:
    """The appointments as a calendar file, with numbers in place of names."""
    from storage.agenda.ics import of_desk
    from storage.agenda.operators import day_bounds

    bounds = day_bounds(opening.day_of(day), days, opening.settings().zone)
    with opening.to_read().begin() as connection:
        content = of_desk(connection, *bounds, opening.by().now)
    ics.write_bytes(content)
    say(f"{content.count(b'BEGIN:VEVENT')} appointments are in {ics}.")


def print_rows(rows: Iterable[dict[str, Any]]) -> None:
    """Appointments as a table of 80 columns."""
    zone = opening.settings().zone
    columns = ("id", "when", "place", "topic", "with", "lang", "person", "state")
    print_table(
        columns,
        [
            (
                row["id"],
                f"{row['starts_at'].astimezone(zone):%d %b %H:%M}",
                row["place"],
                row["topic"],
                "+".join(filter(None, (row["colleague"], row["mediator"]))),
                row["language"] or row.get("writes_in") or "",
                row["contact_id"] or "-",
                "coming" if row["confirmed_at"] and row["status"] == "booked" else row["status"],
            )
            for row in rows
        ],
    )


def _book(booking: "Booking", done: str) -> None:
    from storage.agenda.booking import book as hold
    from storage.agenda.operators import audited

    by, zone, writes = opening.by(), opening.settings().zone, correspondence()
    with opening.database().begin() as connection:
        found = hold(connection, booking, by.now, zone)
        if isinstance(found, str):
            near = "" if found == "gone" else _nearest(connection, booking)
            stop(f"{_REFUSED[found]} {near}".strip())
        audited(connection, found, f"desk {done}", by, "", "booked")
        row = {"id": found, "contact_id": booking.contact_id}
        told = tell(connection, writes.changed, row, by.now)
    say(f"Appointment {found} is {done}. {told}")


def _nearest(connection: "Connection", booking: "Booking") -> str:
    from storage.agenda.booking import free_slots

    zone, wanted = opening.settings().zone, booking.slot.starts
    slots = free_slots(connection, booking.wish, opening.by().now, zone, by_desk=True)
    near = sorted(slots, key=lambda slot: abs(slot.starts - wanted))[:3]
    times = [f"{slot.starts.astimezone(zone):%a %d %b %H:%M}" for slot in near]
    return f"Free near it: {', '.join(times)}." if times else "Nothing is free."


def _live(id: int) -> dict[str, Any]:
    from storage.agenda.booking import live_of

    with opening.to_read().begin() as connection:
        row = live_of(connection, id, None)
    if row is None:
        stop(f"There is no such appointment: {id}; `desk appointments` shows them.")
    return row


def _known(contact: int) -> None:
    from storage.contacts import export_contact

    with opening.to_read().begin() as connection:
        if contact and export_contact(connection, contact) is None:
            stop(f"There is no person {contact}; `contacts list` shows who there is.")


def _minutes(topic: str) -> int:
    from storage.agenda.rules import general

    with opening.to_read().begin() as connection:
        topics: dict[str, int] = general(connection)["topics"]
    if topic not in topics:
        stop(f"{topic!r} is no topic: one of {', '.join(topics)}.")
    return topics[topic]


def _slot(place: str, starts: datetime, minutes: int) -> Any:
    from flows.agenda.slots import Slot

    return Slot(place, starts, minutes)
