"""Needs against resources: at which hours, which kinds of work, and who was in contact."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from flows.desk import NoteGaps, NoteRefusal
from flows.hours import Hours, part_at, parts_of
from flows.understanding.fitting import asked_parts
from storage.database import open_database
from storage.desk import DatabaseDesk
from storage.models import Appointment, Interest, Listing, RideWish, Ticket
from storage.models.records import Notice
from storage.schema import upgrade
from storage.stats import funnel, waits, work
from storage.stats.facts import Facts
from storage.stats.hours import needs_by_hour
from storage.stats.persons import active, known
from storage.stats.scope import Scope, parts_of_calendar
from storage.stats.table import Table
from tests.conftest import START, import_demo
from tests.memory_agenda import ROME
from tests.memory_rides import MONALE, SETTIME
from tests.test_stats import MONTH, did, person, put

TODAY = START.date()


def job(id: str, sector: str, hours: str, shown_at: datetime, **more: Any) -> Listing:
    details = {"sector": sector, "hours": hours}
    row = Listing(id=id, topic="job", organisation="o", comune=SETTIME, phone="1", **more)
    row.details, row.status, row.shown_at = details, "published", shown_at
    row.valid_from = row.checked_on = date(2026, 1, 1)
    row.valid_until, row.checked_by, row.source = date(2027, 1, 1), "a", "s"
    return row


def three(connection: Connection) -> None:
    """Amina and Bilal can work in the evening. There is a job by day, and one in the evening."""
    care: dict[str, Any] = {"sectors": ["care"], "needs": ["job"]}
    person(connection, 1, "fr", comune=SETTIME, times=["evening"], experience="none", **care)
    person(connection, 2, "fr", comune=MONALE, times=["evening"], experience="year", **care)
    person(connection, 3, "ur", START - timedelta(days=80), comune=SETTIME, sectors=["green"])
    for who in (1, 2, 3):
        did(connection, who, "started menu . .")
    put(connection, job("day", "care", "mon-fri 08:00-14:00", START, places=2))
    put(connection, job("eve", "care", "sat 18:00-22:00", START - timedelta(days=70), places=1))
    did(connection, 1, f"wanted childcare evening {SETTIME}")
    did(connection, 1, f"wanted childcare evening {MONALE}")
    did(connection, 2, f"wanted childcare evening {MONALE}")
    did(connection, 3, f"sought job care {SETTIME}", START - timedelta(days=31))
    did(connection, 3, f"sought job care {SETTIME}")
    wish = RideWish(origin=MONALE, destination=SETTIME, day=TODAY, reason="hours", at=START)
    wish.contact_id, wish.band = 3, "early"
    put(connection, wish)


@pytest.fixture
def world(database: str) -> Iterator[Engine]:
    """SQLite, then PostgreSQL."""
    engine = open_database(database)
    upgrade(engine)
    with engine.begin() as connection:
        three(connection)
    yield engine
    engine.dispose()


def at_hours(engine: Engine, scope: Scope = MONTH) -> Table:
    with engine.begin() as connection:
        facts, everybody = Facts(connection, scope), known(connection, scope)
        return needs_by_hour(facts, active(facts), everybody, TODAY)


def test_needs_at_certain_hours_beside_what_is_open_then(world: Engine) -> None:
    rows = at_hours(world).rows
    assert [row for row in rows if row[0] == "childcare"] == [
        ("childcare", "evening", "all", 2, 0, 0),
        ("childcare", "evening", "Monale", 1, 0, 0),
        ("childcare", "evening", "Settime", 1, 0, 0),
    ]
    assert ("transport", "early", "Settime", 1, 0, 0) in rows, "where she lives"
    assert ("job", "evening", "all", 2, 1, 1) in rows
    assert ("job", "evening", "Settime", 1, 1, 1) in rows
    assert ("job", "weekend", "all", 0, 1, 1) in rows
    here = at_hours(world, Scope(MONTH.first, MONTH.last, ROME, comune=MONALE)).rows
    assert ("job", "evening", "all", 1, 0, 0) in here


def test_sums_of_hours_are_the_sums_of_their_comuni(world: Engine) -> None:
    table = at_hours(world)
    for block in {row[:2] for row in table.rows}:
        rows = [row for row in table.rows if row[:2] == block]
        for place in (3, 4, 5):
            (whole,) = [row[place] for row in rows if row[2] == "all"]
            assert whole == sum(int(row[place] or 0) for row in rows if row[2] != "all")


def test_skills_beside_jobs_now_and_over_time(world: Engine) -> None:
    with world.begin() as connection:
        everybody = known(connection, MONTH)
        now = work.now(connection, everybody, MONTH, TODAY)
        quarter = Scope(date(2026, 10, 1), date(2026, 12, 31), ROME)
        grown = work.over_time(Facts(connection, quarter), everybody)
        year = Scope(date(2026, 1, 1), date(2026, 12, 31), ROME)
        yearly = work.over_time(Facts(connection, year), everybody)
    assert now.rows == (
        ("care", "all", 1, 1, 2, 2),
        ("care", "Monale", 1, 0, 1, 0),
        ("care", "Settime", 0, 1, 1, 2),
        ("green", "Settime", 0, 1, 1, 0),
        ("green", "all", 0, 1, 1, 0),
    )
    assert grown.rows == (
        ("care", "2026-10", 1, 0),
        ("care", "2026-11", 3, 1),
        ("care", "2026-12", 0, 0),
    )
    assert ("care", "2026-Q4", 3, 1) in yearly.rows and ("green", "2026-Q3", 1, 0) in yearly.rows


def test_who_was_interested_and_then_in_contact(world: Engine) -> None:
    with world.begin() as connection:
        for who in (1, 2, 3):
            put(connection, Interest(contact_id=who, listing_id="day", at=START))
        put(connection, Notice(id=1, at=START, kind="person", text=""))
        ticket = Ticket(id=1, contact_id=1, reason="asked", urgency=1, listens=True)
        ticket.opened_at = ticket.heard_at = START - timedelta(days=1)
        ticket.first_reply_at = START + timedelta(hours=1)
        put(connection, ticket)
        for who, days in ((2, -2), (3, 3)):
            at = START + timedelta(days=days)
            came = Appointment(contact_id=who, place="p", colleague="c", room=1, topic="cv")
            came.status, came.starts_at, came.ends_at, came.created_at = "attended", at, at, START
            put(connection, came)
        facts = Facts(connection, MONTH)
        before = funnel.offers(facts, active(facts))
        did(connection, 2, "outcome job contacted .")
        did(connection, 3, "outcome training contacted .")
        facts = Facts(connection, MONTH)
        table = funnel.offers(facts, active(facts))
        waited = waits.answer_times(connection, MONTH, active(facts))
    assert before.rows[0] == ("job", 0, 0, 3, 2), "Bilal came before he was interested"
    assert table.rows[0] == ("job", 0, 0, 3, 3), "and says that he was in contact later"
    assert waited.rows == (("fr", 1, 0, 1, 0, 25.0), ("all", 1, 0, 1, 0, 25.0))


def test_what_was_missing_is_noted_with_its_hours_and_no_words(world: Engine) -> None:
    with world.begin() as connection:
        import_demo(connection)
        desk = DatabaseDesk(connection, 1, "", "simulator", START, ROME)
        jobs = [one for one in desk.listings("job", "it") if one.details.get("hours")]
        desk.perform(NoteRefusal(jobs[0].id, "childcare", SETTIME))
        desk.perform(NoteRefusal(jobs[0].id, "pay", SETTIME))
        desk.perform(NoteGaps(("childcare",), MONALE, (("childcare", "night"),)))
        query = "SELECT flow, step, key FROM event WHERE kind = 'wanted' ORDER BY id"
        noted = [tuple(row) for row in connection.exec_driver_sql(query)][3:]
    assert noted == [
        *(("childcare", part, SETTIME) for part in parts_of(jobs[0].details["hours"][0])),
        ("childcare", "night", MONALE),
    ]
    assert len(noted) > 1


@pytest.mark.parametrize(
    ("hours", "parts"),
    [
        ("mon-fri 08:00-12:00", ("morning",)),
        ("mon-sat 14:00-22:00", ("afternoon", "evening", "weekend")),
        ("18:00", ("evening",)),
        ("fri 22:00-06:00", ("early", "night")),
        ("mon 17:30-18:30", ("afternoon",)),
        ("sun", ("weekend",)),
        ("00:00-00:00", ("early", "morning", "afternoon", "evening", "night")),
    ],
)
def test_parts_of_the_week(hours: str, parts: tuple[str, ...]) -> None:
    assert parts_of(Hours.parse(hours)) == parts


def test_parts_of_the_week_that_a_question_names() -> None:
    assert [part_at(f"{hour:02}:00") for hour in (0, 4, 5, 7, 12, 18, 22)] == [
        "night", "night", "early", "morning", "afternoon", "evening", "night",
    ]  # fmt: skip
    assert asked_parts({"time": "18:30", "day": "sat"}) == ("evening", "weekend")
    assert asked_parts({"time": "evening"}) == ("evening",)
    assert asked_parts({"time": "whenever", "day": "mon"}) == () == asked_parts({})


def test_months_and_quarters_of_a_period() -> None:
    scope = Scope(date(2026, 1, 15), date(2026, 3, 10), ROME, language="fr")
    parts = parts_of_calendar(scope)
    assert [(name, part.first, part.last) for name, part in parts.items()] == [
        ("2026-01", date(2026, 1, 15), date(2026, 1, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2026-03", date(2026, 3, 1), date(2026, 3, 10)),
    ]
    assert {part.language for part in parts.values()} == {"fr"}
    assert list(parts_of_calendar(Scope(date(2025, 11, 1), date(2026, 6, 30), ROME))) == [
        "2025-Q4",
        "2026-Q1",
        "2026-Q2",
    ]
    assert datetime(2026, 1, 14, 23, tzinfo=UTC) == parts["2026-01"].starts
    long_ago = parts_of_calendar(Scope(date(1960, 1, 1), date(2026, 1, 1), ROME))
    assert len(long_ago) == 66 * 4 + 1
