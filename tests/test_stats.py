"""Statistics: a small world that can be counted by hand, and a slow reference."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert

from storage.database import open_database
from storage.erasure import erase
from storage.models import (
    Address,
    Appointment,
    Contact,
    Conversation,
    Event,
    RideWish,
    Ticket,
)
from storage.models.records import Notice
from storage.schema import upgrade
from storage.stats.reports import everything
from storage.stats.scope import Scope, calendar_period
from storage.stats.table import Table
from tests.conftest import START, Run
from tests.memory_agenda import ROME
from tests.memory_rides import MONALE, SETTIME

MONTH = Scope(date(2026, 11, 1), date(2026, 11, 30), ROME)
TOTAL = ("all", 2, 1, 3)
BEFORE = datetime(2026, 10, 20, tzinfo=UTC)


def put(connection: Connection, row: Any) -> None:
    """Insert one row of a table."""
    connection.execute(insert(type(row)), [row.model_dump(exclude_none=True)])


def person(
    connection: Connection, id: int, language: str, created: datetime = START, **profile: Any
) -> None:
    """Somebody we know, on the simulator."""
    put(connection, Contact(id=id, created_at=created))
    address = Address(contact_id=id, channel="simulator", address=f"a{id}", heard_at=created)
    put(connection, address)
    state = json.dumps({"language": language, "profile": profile})
    put(
        connection,
        Conversation(contact_id=id, language=language, state=state, updated_at=created),
    )


def did(
    connection: Connection,
    who: int,
    what: str,
    at: datetime = START,
    channel: str = "simulator",
) -> None:
    """An event: ``kind flow step key``, a dot for nothing."""
    kind, flow, step, key = ("" if word == "." else word for word in what.split())
    event = Event(contact_id=who, kind=kind, flow=flow, step=step, key=key, channel=channel, at=at)
    put(connection, event)


def a_month(connection: Connection) -> None:
    """Three people write in November 2026: Amina (fr), Bilal (ur), who is not new, and Chiara."""
    person(connection, 1, "fr", comune=SETTIME, needs=["job", "childcare"], age="25_34")
    person(connection, 2, "ur", BEFORE, comune=SETTIME, needs=["job"], sectors=["care"])
    person(connection, 3, "fr", comune=MONALE)
    for who in (1, 2, 3):
        did(connection, who, "started intake . .")
        did(connection, who, "asked intake age .")
    for who in (1, 2):
        did(connection, who, "answered intake age 25_34")
    did(connection, 1, "told intake saved .")
    did(connection, 1, "started browse . job")
    did(connection, 1, "asked browse offer .")
    did(connection, 1, f"question answer housing {SETTIME}")
    did(connection, 2, "question answer job .")
    did(connection, 2, "nothing_fits answer job .")
    did(connection, 2, "started person . .")
    did(connection, 3, "question answer job .")
    did(connection, 3, "question answer job .")
    did(connection, 3, "unsure answer job .")
    did(connection, 2, "asked intake name .", BEFORE)
    did(connection, 1, f"ride ride asked {SETTIME}", channel="")
    did(connection, 1, f"ride ride confirmed {SETTIME}", channel="")
    did(connection, 3, f"ride ride asked {MONALE}", channel="")
    wish = RideWish(origin=MONALE, destination=SETTIME, day=START.date(), reason="from", at=START)
    wish.contact_id = 3
    put(connection, wish)
    for who, status, days in ((1, "attended", 1), (2, "no_show", 3), (3, "moved", 4)):
        at = START + timedelta(days=days)
        one = Appointment(
            contact_id=who, place="p", colleague="c", room=1, topic="cv", status=status
        )
        one.starts_at, one.ends_at, one.created_at = at, at, START
        put(connection, one)
    put(connection, Notice(id=90, at=START, kind="person", text=""))
    ticket = Ticket(id=90, contact_id=1, reason="asked", urgency=2, listens=True)
    ticket.opened_at = ticket.heard_at = START
    ticket.closed_at = START + timedelta(hours=5)
    put(connection, ticket)


@pytest.fixture
def month(database: str) -> Iterator[Engine]:
    """SQLite, then PostgreSQL, with those three people."""
    engine = open_database(database)
    upgrade(engine)
    with engine.begin() as connection:
        a_month(connection)
    yield engine
    engine.dispose()


def counted(engine: Engine, scope: Scope = MONTH) -> dict[str, Table]:
    """All tables by name."""
    with engine.begin() as connection:
        return {table.name: table for table in everything(connection, scope, START.date())}


def test_a_month_counted_by_hand(month: Engine) -> None:
    tables = counted(month)
    assert tables["people_by_language"].rows == (("fr", 2, 0, 2), ("ur", 0, 1, 1), TOTAL)
    assert tables["people_by_channel"].rows == (("simulator", 2, 1, 3), TOTAL)
    assert tables["people_by_comune"].rows[:-1] == (("Settime", 1, 1, 2), ("Monale", 1, 0, 1))
    assert tables["people_by_age"].rows[:-1] == (("unknown", 1, 1, 2), ("25_34", 1, 0, 1))
    assert tables["questions"].rows == (("job", 1, 1, 0, 2, 1), ("housing", 1, 0, 0, 1, 0))
    assert tables["intake"].rows == (
        ("age", "all", 2, 1, 3),
        ("age", "fr", 1, 1, 2),
        ("age", "ur", 1, 0, 1),
    )
    assert tables["appointments"].rows[:-1] == (("cv", 0, 1, 0, 1, 1, 3, 3.0),)
    assert tables["rides"].rows == (("Monale", 0, 1, 1, 1), ("Settime", 1, 0, 1, 0))
    assert tables["tickets"].rows[1:] == (("asked", 1, 0, 1, 0, None, 5.0),)
    assert ("job", 1, 0, 0, 0) in tables["offers"].rows
    assert tables["answer_times"].rows == (("fr", 0, 1, 1, 0, None), ("all", 0, 1, 1, 0, None))


def test_needs_beside_offers_and_the_language_served_worst_first(month: Engine) -> None:
    tables = counted(month)
    assert [row for row in tables["needs"].rows if row[1] != "all"] == [
        ("job", "Settime", 2, 0, 0),
        ("childcare", "Settime", 1, 0, 0),
    ]
    assert ("job", "all", 2, 0, 0) in tables["needs"].rows
    assert ("job", "language", "all", 2) in tables["needs_by_group"].rows
    assert ("job", "language", "ur", 1) in tables["needs_by_group"].rows
    assert set(tables["unmet"].rows) == {
        ("nothing_fits", "job", "", "Settime", 1),
        ("nothing_fits", "job", "", "all", 1),
        ("ride", "transport", "from", "Monale", 1),
        ("ride", "transport", "from", "all", 1),
    }
    assert tables["work"].rows == (("care", "Settime", 0, 1, 1, 0), ("care", "all", 0, 1, 1, 0))
    assert tables["quality"].rows == (
        ("ur", 1, 0, 0, 1, 0, 1, 0, 0, None),
        ("fr", 2, 2, 100, 2, 100, 2, 50, 1, 1),
    )


def test_filters_leave_people_out_everywhere(month: Engine) -> None:
    fr = counted(month, Scope(MONTH.first, MONTH.last, ROME, language="fr"))
    assert fr["people_by_language"].rows[-1] == ("all", 2, 0, 2)
    assert fr["appointments"].rows[-1] == ("all", 0, 1, 0, 1, 0, 2, 2.5)
    here = counted(month, Scope(MONTH.first, MONTH.last, ROME, comune=MONALE))
    assert here["people_by_comune"].rows == (("Monale", 1, 0, 1), ("all", 1, 0, 1))
    assert here["tickets"].rows[0][3] == 0 and here["needs"].rows == ()
    none = counted(month, Scope(MONTH.first, MONTH.last, ROME, channel="telegram"))
    assert none["people_by_language"].rows == (("all", 0, 0, 0),) and none["needs"].rows == ()


def test_days_begin_at_midnight_in_italy(month: Engine) -> None:
    day = Scope(date(2026, 11, 12), date(2026, 11, 12), ROME)
    with month.begin() as connection:
        did(connection, 1, "asked intake name .", datetime(2026, 11, 11, 23, 0, tzinfo=UTC))
        did(connection, 2, "asked intake name .", datetime(2026, 11, 11, 22, 59, tzinfo=UTC))
        did(connection, 3, "asked intake name .", datetime(2026, 11, 12, 23, 0, tzinfo=UTC))
    assert counted(month, day)["people_by_language"].rows[0] == ("fr", 0, 1, 1)


def test_who_is_erased_is_counted_no_more(month: Engine) -> None:
    with month.begin() as connection:
        erase(connection, 1, START)
    tables = counted(month)
    assert tables["people_by_language"].rows[-1] == ("all", 1, 1, 2)
    assert tables["appointments"].rows[-1] == ("all", 0, 1, 0, 1, 1, 3, 3.0)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026", (date(2026, 1, 1), date(2026, 12, 31))),
        ("2026-Q1", (date(2026, 1, 1), date(2026, 3, 31))),
        ("2026-Q4", (date(2026, 10, 1), date(2026, 12, 31))),
        ("2028-02", (date(2028, 2, 1), date(2028, 2, 29))),
        ("2026-12", (date(2026, 12, 1), date(2026, 12, 31))),
        ("2026-13", None),
        ("2026-00", None),
        ("2026-Q5", None),
        ("0000", None),
        ("autumn", None),
    ],
)
def test_periods_of_the_calendar(text: str, days: tuple[date, date] | None) -> None:
    assert calendar_period(text) == days


# ── the commands ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def desk(run: Run, tmp_path: Path) -> Run:
    """The commands, on a database with the month in it."""
    run("init", "--quiet")
    engine = open_database(f"sqlite:///{tmp_path / 'cli.db'}")
    with engine.begin() as connection:
        a_month(connection)
    engine.dispose()
    return run


@pytest.mark.parametrize("name", ["summary", "funnel", "needs", "quality"])
def test_each_report_prints_and_speaks_json(desk: Run, name: str) -> None:
    inside = ("--period", "2026-11", "--for", "internal")
    shown = desk("stats", name, *inside)
    assert "From 2026-11-01 to 2026-11-30." in shown and "fr" in shown
    found = desk.json("stats", name, *inside, "--json")
    assert found["scope"]["first"] == "2026-11-01"
    for table in found["tables"]:
        assert table["says"].endswith(".") and all(column["says"] for column in table["columns"])
        assert Table.from_json(table).to_json() == table


@pytest.mark.parametrize("name", ["summary", "funnel", "needs", "quality"])
def test_small_numbers_are_shown_to_who_asks_for_them_and_that_is_written_down(
    desk: Run, name: str
) -> None:
    for table in desk.json("stats", name, "--period", "2026-11", "--json")["tables"]:
        told = [column["kind"] == "people" for column in table["columns"]]
        for row in table["rows"]:
            numbers = [value for value, hides in zip(row, told, strict=True) if hides]
            assert {value if value == "hidden" else value % 5 for value in numbers} <= {"hidden", 0}
    assert desk.json("audit", "--json") == []
    desk("stats", name, "--period", "2026-11", "--for", "internal", "--channel", "telegram")
    (row,) = desk.json("audit", "--json")
    assert row["action"] == f"stats {name} internal" and row["after"] == {"channel": "telegram"}


def test_filters_that_are_typed(desk: Run) -> None:
    inside = ("--for", "internal", "--json")
    found = desk.json("stats", "summary", "--period", "2026", "--comune", "monale", *inside)
    assert found["tables"][0]["rows"][-1] == ["all", 1, 0, 1]
    assert "no comune 'Atlantide'" in desk("stats", "needs", "--comune", "Atlantide", code=2)
    assert "Write a period as" in desk("stats", "summary", "--period", "autumn", code=2)
    wrong = ("--from", "2026-11-30", "--to", "2026-11-01")
    assert "is after the last one" in desk("stats", "funnel", *wrong, code=2)
