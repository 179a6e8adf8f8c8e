"""`desk`: what an operator types, and what becomes of it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import insert, select, text
from sqlmodel import col
from typer.testing import CliRunner

import admin_cli
from bot import clock
from storage.content.sheets import ContentError
from storage.database import open_database
from storage.models import Address, Appointment, Audit, Contact, Conversation, Outbox
from tests.conftest import ROOT, START, Run

PERSON = 12


@pytest.fixture
def desk(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The demo desk on the tests' first day, and somebody who writes to it in French."""
    monkeypatch.setattr(clock, "now", lambda: START)
    monkeypatch.setenv("SPORTELLO_OPERATOR", "anna")
    run("init")
    run("desk", "rules", "--import", str(ROOT / "content" / "desk.yaml"))
    rows: list[tuple[Any, dict[str, Any]]] = [
        (Contact, {"id": PERSON, "alerts": "off", "agreed": "", "created_at": START}),
        (
            Address,
            {
                "contact_id": PERSON,
                "channel": "simulator",
                "address": "amina",
                "state": "ok",
                "heard_at": START,
            },
        ),
        (
            Conversation,
            {"contact_id": PERSON, "language": "fr", "state": "{}", "updated_at": START},
        ),
    ]
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        for model, row in rows:
            connection.execute(insert(model).values(**row))
    engine.dispose()
    return run


def query(folder: Path, column: Any) -> list[Any]:
    engine = open_database(f"sqlite:///{folder / 'cli.db'}")
    with engine.begin() as connection:
        rows = select(col(column)).order_by(column.class_.id)
        found = list(connection.execute(rows).scalars())
    engine.dispose()
    return found


def letters(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(body) for body in query(folder, Outbox.body)]


def refused(*arguments: str) -> str:
    """What `main` prints when the words or the file hold mistakes."""
    result = CliRunner().invoke(admin_cli.app, list(arguments))
    assert isinstance(result.exception, ContentError), result.output
    return str(result.exception)


def book(desk: Run, at: str = "2026-11-26 10:00") -> str:
    return desk("desk", "book", str(PERSON), "cv", "castellero", at)


def test_booked_moved_cancelled_and_told_each_time(desk: Run, tmp_path: Path) -> None:
    assert "Appointment 1 is booked. The person is told." in book(desk)
    assert "Appointment 2 is moved." in desk("desk", "move", "1", "2026-11-26 11:00")
    assert "Appointment 2 is cancelled." in desk("desk", "cancel", "2")
    assert query(tmp_path, Appointment.status) == ["moved", "cancelled"]
    said = letters(tmp_path)
    assert [letter["language"] for letter in said] == ["fr", "fr", "fr"]
    assert "jeudi 26 novembre, à 11:00" in said[1]["text"] and "Castellero" in said[1]["text"]
    assert said[1]["document"][:2] == ["appointment", "2"]
    # letters about what is over are not sent any more; the last one says so
    assert query(tmp_path, Outbox.status) == ["cancelled", "cancelled", "queued"]
    assert query(tmp_path, Audit.action)[1:] == ["desk booked", "desk moved", "desk cancel"]
    assert set(query(tmp_path, Audit.operator)) == {"anna"}


def test_an_hour_that_cannot_be_had_names_the_nearest(desk: Run, tmp_path: Path) -> None:
    said = desk("desk", "book", "0", "cv", "castellero", "2026-11-24 10:00", code=2)
    assert "Nobody is free then, or the desk is closed. Free near it: Mon 23 Nov 12:00" in said
    assert query(tmp_path, Appointment.id) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("book", "0", "cv", "castellero", "morgen"), "2026-12-24 10:00"),
        (("book", "0", "teeth", "castellero", "2026-11-26 10:00"), "no topic: one of first_talk"),
        (("appointments", "--day", "someday"), "2026-12-24, today or tomorrow"),
        (("close", "nowhere", "2026-12-24"), "all, castellero"),
        (("close", "castellero", "2026-12-24", "--hours", "nine"), "14:00-18:00"),
        (("close", "castellero", "2026-12-24", "--hours", "14:00"), "14:00-18:00"),
        (("close", "castellero", "2026-12-24", "--hours", "18:00-14:00"), "14:00-18:00"),
        (("close", "castellero", "2026-12-24", "--hours", "mon 14:00-18:00"), "14:00-18:00"),
        (("open", "castellero", "2026-12-24", "09:10-12:00"), "in quarters of an hour"),
        (("open", "castellero", "2026-12-24", "10:00"), "14:00-18:00"),
        (("open", "castellero", "2026-12-25"), "name the hours: 09:00-12:00"),
        (("close", "castellero", "2026-11-22"), "2026-11-22 is over"),
        (("book", "999", "cv", "castellero", "2026-11-26 10:00"), "There is no person 999"),
        (("no-show", "99"), "no such appointment: 99"),
        (("calendar", "--place", "nowhere"), "castellero"),
        (("move", "99", "2026-11-26 10:00"), "no such appointment: 99"),
        (("attended", "99"), "no such appointment: 99"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_right(
    desk: Run, arguments: tuple[str, ...], says: str
) -> None:
    assert says in desk("desk", *arguments, code=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--languages", "Italiano"), "codes, such as [it, fr, ar]"),
        (("--languages", "it", "--hours", "always"), "mon-fri 09:00-12:30"),
        (("--languages", "it", "--places", "moon"), "one of castellero"),
    ],
)
def test_a_colleague_is_checked_as_in_the_file(
    desk: Run, arguments: tuple[str, ...], says: str
) -> None:
    assert says in refused("desk", "staff", "eva", *arguments)
    assert "eva" not in desk("desk", "staff")


def test_the_desks_file_is_read_whole_and_every_mistake_is_named(desk: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "desk.yaml"
    wrong.write_text(
        "grid: 31.5\ncolour: red\ntopics: {cv: 30, teeth: 20}\n"
        "places:\n"
        "  - {id: Castellero!, name: S, comune: Parigi, phone: '1', hours: mon 09:10-08:00}\n"
        "  - {id: b, name: B, comune: Asti, phone: '1', hours: ''}\n"
        "staff:\n  - {id: anna, name: Anna, languages: it, places: [nowhere]}\n"
    )
    said = refused("desk", "rules", "--import", str(wrong))
    for part in (
        "desk.yaml, grid: '31.5': one of 15, 30, 45",
        "desk.yaml, colour: one of",
        "desk.yaml, topics.teeth",
        "desk.yaml, row 1, places.id: 'Castellero!'",
        "desk.yaml, row 1, places.comune: 'Parigi'",
        "an end after the start",
        "quarters of an hour",
        "desk.yaml, row 2, places.hours",
        "desk.yaml, row 1, staff.places: 'nowhere'",
    ):
        assert part in " ".join(said.split()), part
    assert "castellero" in desk("desk", "rules")  # as it was


def test_a_closure_asks_then_cancels_and_tells(desk: Run, tmp_path: Path) -> None:
    book(desk)
    asked = desk("desk", "close", "castellero", "2026-11-26", typed="n\n", code=1)
    assert "castellero" in asked and "Cancel these appointments (1)" in asked
    assert query(tmp_path, Appointment.status) == ["booked"]
    done = desk("desk", "close", "castellero", "2026-11-26", "--hours", "09:30-10:30", "--yes")
    assert "Appointments cancelled: 1; people told: 1." in done and "call" not in done
    assert "choisissez une autre heure" in letters(tmp_path)[-1]["text"].lower()
    closed = desk("desk", "book", "0", "cv", "castellero", "2026-11-26 10:00", code=2)
    assert "the desk is closed" in closed
    assert "is open again" in desk("desk", "open", "castellero", "2026-11-26")
    assert "is booked" in desk("desk", "book", "0", "cv", "castellero", "2026-11-26 10:00")


def test_who_cannot_be_told_of_a_closure_is_named(desk: Run) -> None:
    desk("desk", "book", "0", "cv", "castellero", "2026-11-26 10:00")
    book(desk, "2026-11-26 11:00")
    done = desk("desk", "close", "all", "2026-11-26", "--yes")
    assert "Appointments cancelled: 2; people told: 1." in done
    assert "26 Nov 10:00" in done and "11:00" not in done and "please call them" in done


def test_the_last_word_about_a_day_counts(desk: Run) -> None:
    desk("desk", "close", "all", "2026-11-26", "--yes")
    desk("desk", "open", "castellero", "2026-11-26", "09:00-11:00")
    assert "is booked" in desk("desk", "book", "0", "cv", "castellero", "2026-11-26 10:30")
    desk("desk", "book", "0", "cv", "castellero", "2026-11-26 11:00", code=2)


def test_hours_that_overlap_are_one(desk: Run) -> None:
    assert "Nothing is open in that week." in desk(
        "desk", "calendar", "--day", "2026-12-01", "--place", "cocconato"
    )
    desk("desk", "open", "castellero", "2026-11-26", "11:00-13:00")
    week = desk("desk", "calendar", "--place", "castellero")
    noon = next(line for line in week.splitlines() if line.startswith("12:00"))
    assert noon.split() == ["12:00", "○○", "○○", "○○"]


def test_extra_hours(desk: Run) -> None:
    desk("desk", "book", "0", "cv", "castellero", "2026-11-28 10:00", code=2)  # a Saturday
    assert "is open on 2026-11-28" in desk(
        "desk", "open", "castellero", "2026-11-28", "09:00-12:00"
    )
    assert "is booked" in desk("desk", "book", "0", "cv", "castellero", "2026-11-28 10:00")


def test_new_rules_say_whose_appointments_are_stranded(desk: Run, tmp_path: Path) -> None:
    book(desk)
    rules = (ROOT / "content" / "desk.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "new.yaml"
    changed.write_text(rules.replace("mon,thu,fri 09:00-12:30", "mon,fri 09:00-12:30"))
    said = desk("desk", "rules", "--import", str(changed))
    assert "These appointments (1) cannot be kept like that" in said
    assert query(tmp_path, Appointment.status) == ["booked"]


def test_who_leaves_does_not_leave_people_waiting_unseen(desk: Run) -> None:
    book(desk)
    said = desk("desk", "staff", "anna", "--away")
    assert "26 Nov 10:00" in said and "These appointments (1) cannot be kept" in said
    assert "is moved" in desk("desk", "move", "1", "2026-11-26 10:30")  # to Marco
    assert "cannot be kept" not in desk("desk", "staff", "anna", "--away")


def test_what_is_over_is_not_cancelled_or_moved(
    desk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(desk)
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(days=4))
    assert "is over: `desk attended 1`" in desk("desk", "cancel", "1", code=2)
    assert "That appointment is over." in desk("desk", "move", "1", "2026-12-03 10:00", code=2)
    assert len(letters(tmp_path)) == 1 and query(tmp_path, Appointment.status) == ["booked"]


def test_who_is_on_the_way_already_is_to_be_called(
    desk: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(desk, "2026-11-26 10:00")
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(days=3, minutes=10))
    assert "please call them" in desk("desk", "cancel", "1")


def test_attended_and_a_kind_word_to_whoever_did_not_come(
    desk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(desk)
    for command in ("attended", "no-show"):
        assert "Appointment 1 has not begun yet." in desk("desk", command, "1", code=2)
    assert len(letters(tmp_path)) == 1
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(days=4))
    assert "they came" in desk("desk", "attended", "1")
    assert "The person is told." in desk("desk", "no-show", "1")  # put right
    assert "told" not in desk("desk", "no-show", "1")  # asked once
    assert query(tmp_path, Appointment.status) == ["no_show"]
    assert "no such appointment" in desk("desk", "cancel", "1", code=2)
    assert len(letters(tmp_path)) == 2 and "Cela peut arriver" in letters(tmp_path)[-1]["text"]


def test_the_day_the_week_and_the_file(desk: Run, tmp_path: Path, monkeypatch: Any) -> None:
    book(desk)
    desk("desk", "book", "0", "transport", "phone", "2026-11-26 09:15", code=2)  # off the grid
    desk("desk", "book", "0", "transport", "phone", "2026-11-26 09:30")
    monkeypatch.setenv("COLUMNS", "80")
    day = desk("desk", "appointments", "--day", "2026-11-26")
    assert "26 Nov 10:00" in day and "anna" in day and "amina" not in day
    assert max(map(len, day.splitlines())) <= 80
    assert [
        row["topic"] for row in desk.json("desk", "appointments", "--day", "2026-11-26", "--json")
    ] == ["transport", "cv"]
    week = desk("desk", "calendar")
    assert max(map(len, week.splitlines())) <= 80
    lines = week.splitlines()
    days = ("Mon", "23", "Tue", "24", "Wed", "25", "Thu", "26", "Fri", "27")
    assert lines[0].split() == ["Nov", "2026", *days]
    assert [line.split()[0] for line in lines if line[0].isalpha()][1:] == [
        "castellero",
        "cocconato",  # in an even week
        "phone",
    ]
    assert [line.split() for line in lines if line.startswith("10:00")] == [
        ["10:00", "○○", "●○", "○○"],  # Monday, Thursday, Friday
        ["10:00", "○"],
        ["10:00", "○", "○", "○", "○", "○"],
    ]
    at_ten = next(line for line in lines if "●" in line)
    assert at_ten.index("●") == lines[0].index("Thu 26")
    out = tmp_path / "week.ics"
    assert "2 appointments are in" in desk("desk", "export", "--ics", str(out), "--days", "7")
    events = Calendar.from_ical(out.read_bytes()).walk("VEVENT")
    assert [event["UID"] for event in events] == [
        "appointment-2@sportello",
        "appointment-1@sportello",
    ]
    assert f"{events[1].decoded('DTSTART'):%Y-%m-%d %H:%M%z}" == "2026-11-26 09:00+0000"


def test_staff_come_and_go(desk: Run) -> None:
    assert "Eva (eva) is in the agenda." in desk(
        "desk", "staff", "eva", "--name", "Eva", "--languages", "it, tr", "--places", "castellero"
    )
    rows = {row["id"]: row for row in desk.json("desk", "staff", "--json")}
    assert (rows["eva"]["languages"], rows["eva"]["active"]) == ("it,tr", True)
    assert "out of the agenda" in desk("desk", "staff", "eva", "--away")
    turkish = desk(
        "desk", "book", "0", "cv", "castellero", "2026-11-26 10:00", "--language", "tr", code=2
    )
    assert "Nothing is free." in turkish


def test_who_said_stop_is_not_written_to(desk: Run, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE contact SET alerts = 'stopped'"))
    engine.dispose()
    assert "please call them" in book(desk)
    assert letters(tmp_path) == []
