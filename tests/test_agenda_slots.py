"""Which hours exist, and when people are reminded: pure tables, also across clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.agenda.remind import is_night, reminders, waking_hour
from flows.agenda.rules import QUARTER, Colleague, Exceptional, Place, Rules
from flows.agenda.slots import (
    Crew,
    Slot,
    Wish,
    crews,
    free,
    open_on,
    quarters,
    slot_of,
    still_possible,
)
from flows.agenda.wanted import at_that_time, on_that_day
from flows.hours import parse_hours
from flows.talk import Answers
from storage.agenda.rules import holidays_of

ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
DESK = Place("desk", "Desk", "005026", "Via 1", "0141 1", parse_hours("mon-fri 09:00-11:00"), 2)
ANNA = Colleague("anna", "Anna", frozenset({"it", "en"}))
AMAL = Colleague("amal", "Amal", frozenset({"ar"}), mediates=True, hours=parse_hours("thu"))
RULES = Rules((DESK,), (ANNA, AMAL), {"cv": 30, "first_talk": 45}, notice=timedelta(hours=12))


def local(slots: list[Slot]) -> list[str]:
    return [f"{slot.starts.astimezone(ROME):%d %H:%M}" for slot in slots]


def found(rules: Rules, wish: Wish, now: datetime = MONDAY, days: int = 4) -> list[str]:
    return local(list(free(replace(rules, ahead=days), wish, set(), now, ROME)))


def test_only_hours_that_leave_time_to_prepare_and_fit_the_topic() -> None:
    assert found(RULES, Wish("cv"), days=1) == ["24 09:00", "24 09:30", "24 10:00", "24 10:30"]
    assert found(RULES, Wish("first_talk"), days=1) == ["24 09:00", "24 09:30", "24 10:00"]
    assert found(RULES, Wish("unknown")) == []
    late = datetime(2026, 11, 23, 21, 15, tzinfo=UTC)  # 22:15 in Rome: 12 hours later is 10:15
    assert found(RULES, Wish("cv"), late, days=1) == ["24 10:30"]


def test_a_mediator_is_needed_and_there_only_on_some_days() -> None:
    assert found(RULES, Wish("cv", "ar")) == ["26 09:00", "26 09:30", "26 10:00", "26 10:30"]
    assert found(RULES, Wish("cv", "fr")) == []
    slot = Slot("desk", datetime(2026, 11, 26, 8, 0, tzinfo=UTC), 30)
    assert crews(RULES, slot, "ar", set(), MONDAY, ROME) == [Crew("anna", "amal", 1)]
    assert crews(RULES, slot, "en", set(), MONDAY, ROME) == [Crew("anna", "", 1)]
    busy = {("staff:amal", slot.starts + timedelta(minutes=15))}
    assert crews(RULES, slot, "ar", busy, MONDAY, ROME) == []
    assert crews(RULES, slot, "", {("room:desk:1", slot.starts)}, MONDAY, ROME) == [
        Crew("anna", "", 2)
    ]


def test_a_mediator_on_request_is_called_a_day_before() -> None:
    rules = replace(RULES, staff=(ANNA, replace(AMAL, hours=(), on_request=True)))
    assert found(rules, Wish("cv", "ar"), days=1) == [
        "24 09:00",
        "24 09:30",
        "24 10:00",
        "24 10:30",
    ]
    assert found(rules, Wish("cv", "ar"), MONDAY + timedelta(hours=3), days=1) == [
        "24 10:00",
        "24 10:30",
    ]


@pytest.mark.parametrize(
    ("changes", "exceptions", "expected"),
    [
        ({}, (), ["09:00-11:00"]),
        ({"weeks": "odd"}, (), []),  # 24 November 2026 is in week 48
        ({"weeks": "even"}, (), ["09:00-11:00"]),
        ({"patron": "11-24"}, (), []),
        ({}, (Exceptional("", date(2026, 11, 24)),), []),
        ({}, (Exceptional("desk", date(2026, 11, 24)),), []),
        ({}, (Exceptional("elsewhere", date(2026, 11, 24)),), ["09:00-11:00"]),
        ({}, (Exceptional("desk", date(2026, 11, 24), parse_hours("09:30-10:00")),),
         ["09:00-09:30", "10:00-11:00"]),
        ({}, (Exceptional("desk", date(2026, 11, 24), parse_hours("15:00-16:00"), closes=False),),
         ["09:00-11:00", "15:00-16:00"]),
        ({}, (Exceptional("desk", date(2026, 11, 24), parse_hours("10:30-12:00"), closes=False),),
         ["09:00-12:00"]),  # no hour twice
        ({}, (Exceptional("desk", date(2026, 11, 24)),
              Exceptional("desk", date(2026, 11, 24), parse_hours("09:00-10:00"), closes=False)),
         ["09:00-10:00"]),  # the later one counts
        ({}, (Exceptional("desk", date(2026, 11, 24), parse_hours("09:00-10:00"), closes=False),
              Exceptional("", date(2026, 11, 24))), []),
        ({"patron": "11-24"},
         (Exceptional("desk", date(2026, 11, 24), parse_hours("15:00-16:00"), closes=False),),
         ["15:00-16:00"]),
    ],
)  # fmt: skip
def test_when_a_place_is_open(
    changes: dict[str, str], exceptions: tuple[Exceptional, ...], expected: list[str]
) -> None:
    place = replace(DESK, **changes)  # type: ignore[arg-type]
    rules = replace(RULES, places=(place,), exceptions=exceptions)
    spans = open_on(rules, place, date(2026, 11, 24), ROME)
    clocks = [tuple(f"{at.astimezone(ROME):%H:%M}" for at in (s.start, s.end)) for s in spans]
    assert ["-".join(pair) for pair in clocks] == expected


def test_italy_rests_on_itsholidays_of() -> None:
    days = holidays_of(2027)
    assert {date(2027, 1, 6), date(2027, 3, 29), date(2027, 8, 15), date(2027, 12, 26)} <= days
    assert date(2027, 10, 4) in days  # Saint Francis, again a holiday by law from 2026
    rules = replace(RULES, holidays=days)
    assert open_on(rules, DESK, date(2027, 3, 29), ROME) == []
    assert len(open_on(rules, DESK, date(2027, 3, 30), ROME)) == 1


@pytest.mark.parametrize(
    ("day", "utc"),
    [("2027-03-26", 8), ("2027-03-30", 7), ("2027-10-29", 7), ("2027-11-02", 8)],
)
def test_nine_is_nine_on_the_clock_in_summer_and_in_winter(day: str, utc: int) -> None:
    start = open_on(RULES, DESK, date.fromisoformat(day), ROME)[0].start
    assert (start.hour, start.tzinfo) == (utc, UTC)


@pytest.mark.parametrize(
    ("starts", "day", "hours"),
    [
        ("2026-11-26 15:00", "25 15:00", "26 13:00"),
        ("2026-11-26 09:00", "25 09:00", "26 08:00"),  # two hours before is night
        ("2026-11-26 08:30", "25 08:30", "25 20:00"),  # and so is an hour before
        ("2027-03-29 10:00", "28 10:00", "29 08:00"),  # the day before has 23 hours
        ("2027-03-28 10:00", "27 10:00", "28 08:00"),
        ("2027-10-31 10:00", "30 10:00", "31 08:00"),  # 25 hours
        ("2027-11-01 10:00", "31 10:00", "01 08:00"),
    ],
)
def test_reminders_come_by_day_at_the_hour_people_expect(starts: str, day: str, hours: str) -> None:
    moments = reminders(datetime.fromisoformat(starts).replace(tzinfo=ROME))
    assert {kind: f"{at:%d %H:%M}" for kind, at in moments.items()} == {"day": day, "hours": hours}
    assert not any(is_night(at) for at in moments.values())


@pytest.mark.parametrize("sunday", ["2027-03-28", "2027-10-31"])
def test_when_the_clock_changes_nobody_is_woken_and_nobody_is_late(sunday: str) -> None:
    """Every quarter of four days around it, the hour that is missing and both of the one twice."""
    first = datetime.fromisoformat(sunday).replace(tzinfo=ROME) - timedelta(days=1)
    for n in range(4 * 24 * 4):
        starts = (first.astimezone(UTC) + n * QUARTER).astimezone(ROME)
        for kind, at in reminders(starts).items():
            sent = at.astimezone(UTC)
            assert not is_night(sent.astimezone(ROME)), (starts, kind, at)
            assert timedelta(hours=1) <= starts - sent <= timedelta(hours=37), (starts, kind, at)
            if not is_night(starts - timedelta(hours=2)) and kind == "hours":
                assert starts.astimezone(UTC) - sent == timedelta(hours=2)
    twice = [datetime(2027, 10, 31, 2, 30, fold=fold, tzinfo=ROME) for fold in (0, 1)]
    assert twice[1].astimezone(UTC) - twice[0].astimezone(UTC) == timedelta(hours=1)
    missing = datetime(2027, 3, 28, 2, 30, tzinfo=ROME)
    for night in (*twice, missing):
        assert f"{waking_hour(night):%H:%M}" == "08:00"
        assert {f"{at:%H:%M}" for at in reminders(night).values()} <= {"08:00", "20:00"}


def test_the_night_waits_for_the_morning() -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ROME)

    assert waking_hour(at("2027-03-27 22:00")) == at("2027-03-28 08:00")
    assert waking_hour(at("2027-10-31 02:30")) == at("2027-10-31 08:00")
    assert waking_hour(at("2027-10-31 20:59")) == at("2027-10-31 20:59")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("09:00-09:30", "09:20-09:50"),
        ("09:00-09:45", "09:40-09:45"),
        ("09:10-09:20", "09:00-09:15"),
    ],
)
def test_two_that_overlap_share_a_quarter_whenever_they_begin(first: str, second: str) -> None:
    taken = []
    for text in (first, second):
        start, end = (datetime.fromisoformat(f"2026-11-26T{at}:00Z") for at in text.split("-"))
        taken.append(set(quarters(start, end)))
    assert taken[0] & taken[1]
    nine = datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert quarters(nine, nine + QUARTER) == [nine]  # and neighbours share none
    assert quarters(nine, nine + timedelta(minutes=20)) == [nine, nine + QUARTER]


@pytest.mark.parametrize(
    ("change", "possible"),
    [
        ({}, True),
        ({"exceptions": (Exceptional("desk", date(2026, 11, 26)),)}, False),
        ({"staff": (AMAL,)}, False),
        ({"staff": (ANNA, replace(AMAL, hours=parse_hours("fri")))}, False),
        ({"places": (replace(DESK, rooms=1),)}, False),
        ({"places": ()}, False),
    ],
)
def test_an_appointment_needs_its_door_its_room_and_everybody(
    change: dict[str, Any], possible: bool
) -> None:
    slot = Slot("desk", datetime(2026, 11, 26, 8, 0, tzinfo=UTC), 30)
    rules = replace(RULES, **change)
    assert still_possible(rules, slot, Crew("anna", "amal", 2), ROME) is possible


def test_a_key_names_one_hour_whatever_else_happens() -> None:
    slot = Slot("desk", datetime(2026, 11, 26, 8, 0, tzinfo=UTC), 30)
    assert slot_of(slot.key, 30) == slot
    assert len(slot.key) <= 40
    for wrong in ("", ".", "desk", "desk.", "desk.x", "desk.٣", f"desk.{'9' * 30}"):
        assert slot_of(wrong, 30) is None


@pytest.mark.parametrize(
    ("named", "day", "yes"),
    [
        ("thu", "2026-11-26", True),
        ("thu", "2026-11-27", False),
        ("tomorrow", "2026-11-24", True),
        ("today", "2026-11-24", False),
        ("11-26", "2026-11-26", True),
        ("weekend", "2026-11-28", True),
        ("weekend", "2026-11-26", False),
    ],
)
def test_days_as_people_name_them(named: str, day: str, yes: bool) -> None:
    assert on_that_day(date.fromisoformat(day), named, MONDAY.date()) is yes


@pytest.mark.parametrize(
    ("named", "hour", "yes"),
    [
        ("morning", 9, True),
        ("afternoon", 9, False),
        ("9:30", 9, True),
        ("9:30", 11, False),
        ("", 3, True),
    ],
)
def test_times_as_people_name_them(named: str, hour: int, yes: bool) -> None:
    starts = datetime(2026, 11, 26, hour, 0, tzinfo=ROME)
    assert at_that_time(starts, Answers(at=named)) is yes
