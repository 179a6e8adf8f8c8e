"""`rides`: what an operator types, and what becomes of it."""

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot import clock
from flows.rides.port import AskRide, NoteWish
from flows.rides.rules import Request
from storage.database import open_database
from storage.models import Address, Audit, Outbox, Ride, Template
from storage.rides.person import DatabaseRides
from storage.templates import save_templates
from tests.conftest import ROOT, START, Run
from tests.memory_agenda import ROME
from tests.memory_rides import ASTI, CASTELLERO, MONALE, MONTAFIA, SETTIME, at
from tests.test_desk_cli import PERSON, desk, letters, query, refused  # noqa: F401 fixtures

RIDE = Request(MONALE, ASTI, at("11-26 09:00"), 2, 1, "", "stazione", "job")


@pytest.fixture
def rides(desk: Run, tmp_path: Path) -> Run:  # noqa: F811
    """The demo's social taxi, and two requests of the person who writes in French."""
    desk("rides", "rules", "--import", str(ROOT / "content" / "rides.yaml"))
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        person = DatabaseRides(connection, PERSON, START, ROME, "simulator")
        near = Request(SETTIME, ASTI, at("11-26 09:30"), 2, 0, "", "uffici", "training")
        wish = NoteWish(MONTAFIA, ASTI, "from", at("11-26 05:00"))
        assert [person.perform(c) for c in (AskRide(RIDE), AskRide(near), wish)] == [
            "1",
            "2",
            "done",
        ]
    engine.dispose()
    return desk


def test_the_list_shows_what_waits_and_what_could_share(rides: Run) -> None:
    shown = rides("rides", "list")
    assert "Thu 26 Nov 09:00" in shown and "2 wait for your answer" in shown
    rows = rides.json("rides", "list", "--json")
    assert [(row["id"], row["could_share"]) for row in rows] == [(1, [2]), (2, [1])]
    assert rides("inbox", "list").count("waits for an answer") == 2


def test_confirmed_one_with_the_other_and_told(rides: Run, tmp_path: Path) -> None:
    assert "Ride 1 is confirmed. The person is told." in rides("rides", "confirm", "1")
    assert "no car is free then" in rides("rides", "confirm", "2", code=2)
    assert "is confirmed" in rides("rides", "confirm", "2", "--with", "1")
    assert "confirmed already" in rides("rides", "confirm", "1", code=2)
    assert query(tmp_path, Ride.status) == ["confirmed", "confirmed"]
    assert [letter["language"] for letter in letters(tmp_path)] == ["fr", "fr"]
    assert "jeudi 26 novembre" in letters(tmp_path)[0]["text"]
    assert query(tmp_path, Audit.action)[-2:] == ["rides confirm", "rides confirm"]
    assert set(query(tmp_path, Audit.operator)) == {"anna"}
    assert "waits" not in rides("inbox", "list")
    sheet = tmp_path / "monday.csv"
    assert "2 rides are in" in rides("rides", "export", "--csv", str(sheet))
    rows = list(csv.reader(sheet.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[1] == [
        "Thu 26 Nov 09:00",
        "Monale, Piazza della Demo 1, municipio",
        "Asti, Stazione",
        "2",
        "1",
        "1",
        "1",
    ]


def test_a_refusal_at_the_keyboard_changes_nothing(rides: Run, tmp_path: Path) -> None:
    rides("rides", "confirm", "1")
    before = query(tmp_path, Ride.leaves_at)
    said = rides("rides", "propose", "1", "2026-11-26 09:30", code=2)
    assert "another ride then" in said
    assert query(tmp_path, Ride.status) == ["confirmed", "asked"]
    assert query(tmp_path, Ride.leaves_at) == before


def test_declined_proposed_and_told(rides: Run, tmp_path: Path) -> None:
    assert "Ride 1 is declined. The person is told." in rides("rides", "decline", "1")
    assert "time is proposed. The person is told." in rides(
        "rides", "propose", "2", "2026-11-26 15:15"
    )
    said = letters(tmp_path)
    taps = [[button[1] for button in letter["buttons"]] for letter in said]
    assert taps[0][0] == "go:ride-again_1" and taps[1] == ["go:rides-yes_2", "go:rides-no_2"]
    assert "15:15" in said[1]["text"] and "09:30" in said[1]["text"]
    assert "over: 1" in rides("rides", "confirm", "1", code=2)
    assert "declined" in rides("rides", "list", "--all")
    # once confirmed, the letter that proposed it is not sent any more
    assert "proposed already" in rides("rides", "confirm", "2", code=2)
    assert "is declined" in rides("rides", "decline", "2")
    assert query(tmp_path, Outbox.status) == ["queued", "cancelled", "queued"]


def test_who_would_read_it_too_late_is_to_be_called(
    rides: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A car that does not come at 7:30 is no letter of 8:00."""
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        person = DatabaseRides(connection, PERSON, START, ROME, "simulator")
        assert person.perform(AskRide(replace(RIDE, leaves=at("11-27 07:30")))) == "3"
    engine.dispose()
    rides("rides", "confirm", "3")
    monkeypatch.setattr(clock, "now", lambda: at("11-26 21:30"))
    near = rides("rides", "propose", "3", "2026-11-27 08:30", code=2)
    assert "could not answer in time" in near
    assert "please call them" in rides("rides", "decline", "3")
    monkeypatch.setattr(clock, "now", lambda: at("11-27 08:00"))
    assert "it is over" in rides("rides", "decline", "1", code=2)


def test_on_whatsapp_told_means_that_they_hear_of_it(rides: Run, tmp_path: Path) -> None:
    """A ride is asked for two days before: the window is closed when the answer comes."""
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        asked_at = START - timedelta(hours=30)
        connection.execute(update(Address).values(channel="whatsapp", heard_at=asked_at))
    assert "please call them" in rides("rides", "confirm", "1")
    with engine.begin() as connection:
        opener = Template(name="answer_waiting_fr", sid="H", language="fr", approval="approved")
        save_templates(connection, [opener])
    engine.dispose()
    assert "The person is told." in rides("rides", "decline", "2")


def test_who_has_no_appointment_any_more_hears_of_the_ride(rides: Run, tmp_path: Path) -> None:
    rides("desk", "book", str(PERSON), "cv", "castellero", "2026-11-26 10:00")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        person = DatabaseRides(connection, PERSON, START, ROME, "simulator")
        there = Request(MONALE, CASTELLERO, at("11-26 09:30"), purpose="appointment")
        assert person.perform(AskRide(replace(there, leaves=at("11-26 09:45")))) == "3"
    engine.dispose()
    rides("desk", "move", "1", "2026-11-26 10:30")
    rides("desk", "move", "2", "2026-11-27 10:30")
    rides("desk", "cancel", "3")
    said = [[tap for _, tap, *_ in letter["buttons"]] for letter in letters(tmp_path)]
    assert ["go:rides-cancel_3" in taps for taps in said] == [False, False, True, True]


def test_wishes_show_which_run_is_worth_starting(rides: Run) -> None:
    rides("rides", "decline", "1")
    found = rides.json("rides", "wishes", "--json")
    assert [(g["comune"], g["band"], g["why"]) for g in found] == [
        ("Monale", "morning", "declined 1"),
        ("Montafia", "early", "from 1"),
    ]
    assert "contact_id" not in found[0]
    assert "Montafia" in rides("rides", "wishes")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("confirm", "99"), "no such ride, or it is over: 99"),
        (("confirm", "1", "--with", "2"), "does not fit into the car of ride 2"),
        (("propose", "1", "tomorrow"), "2026-12-24 10:00"),
        (("propose", "1", "2026-11-22 10:00"), "a time to come"),
        (("propose", "1", "2026-11-26 10:10"), "a quarter of an hour"),
        (("list", "--day", "someday"), "2026-12-24, today or tomorrow"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_right(
    rides: Run, arguments: tuple[str, ...], says: str
) -> None:
    assert says in rides("rides", *arguments, code=2)


def test_without_rules_the_commands_say_what_to_do(desk: Run) -> None:  # noqa: F811
    assert "rides rules --import FILE" in desk("rides", "rules", code=2)
    assert "rides rules --import FILE" in desk("rides", "list", code=2)


def test_the_rules_are_shown_and_read_whole(rides: Run, tmp_path: Path) -> None:
    shown = rides("rides", "rules")
    assert "Asti" in shown and "Stazione; Mercato; Uffici" in shown
    assert rides.json("rides", "rules", "--json")["notice_hours"] == 48
    wrong = tmp_path / "rides.yaml"
    wrong.write_text(
        "name: ''\nphone: '1'\ncolour: red\nhours: always\nprice: cheap\nseats: 12\n"
        "closed: [Christmas]\npoints:\n  Parigi: Torre\n  Asti: [Stazione, stazione]\n"
        "  Settime: [A name that is too long for a button, Municipio]\n"
    )
    said = " ".join(refused("rides", "rules", "--import", str(wrong)).split())
    for part in (
        "rides.yaml, colour: one of",
        "rides.yaml, name: some words",
        "rides.yaml, hours: 'always'",
        "rides.yaml, price: 'cheap': euro, such as 5 or 5.50",
        "rides.yaml, seats: '12': a whole number from 1 to 8",
        "rides.yaml, closed: 'Christmas': days, such as [2026-12-24]",
        "rides.yaml, points: 'Parigi'",
        "rides.yaml, points.Asti: one to nine names, each another one",
        "rides.yaml, points.Settime: names of at most 20 letters",
    ):
        assert part in said, (part, said)
    assert rides.json("rides", "rules", "--json")["seats"] == 4  # as it was


def test_who_said_stop_is_not_written_to(rides: Run, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE contact SET alerts = 'stopped'")
    engine.dispose()
    assert "They cannot be written to: please call them." in rides("rides", "confirm", "1")
    assert query(tmp_path, Outbox.id) == []


def test_the_demo_has_the_rules(run: Run, monkeypatch: Any) -> None:
    monkeypatch.setenv("DEMO", "1")
    run("init")
    assert "Monale" in run("rides", "rules")
