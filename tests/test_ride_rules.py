"""The social taxi's rules: what a request breaks, what is possible instead, who could share."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from flows.hours import parse_hours
from flows.rides.port import Ride
from flows.rides.possible import days, hours_on, judge
from flows.rides.rules import Request, band
from flows.rides.sharing import Run, could_join, pairs
from tests.conftest import START
from tests.memory_agenda import ROME
from tests.memory_rides import ASTI, CASTELLERO, MONALE, MONTAFIA, REQUEST, SETTIME, TAXI, at

FULL = Run(1, 1, (Request(ASTI, SETTIME, at("11-26 09:00"), 4),))
HALF = Run(1, 1, (Request(SETTIME, ASTI, at("11-26 09:15"), 2),))


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({}, ""),
        ({"origin": MONTAFIA}, "from"),
        ({"destination": MONTAFIA}, "to"),
        ({"destination": MONALE}, "same"),
        ({"people": 4}, ""),
        ({"people": 5}, "people"),
        ({"people": 2, "child_seats": 2}, "child_seats"),
        ({"leaves": START + timedelta(hours=48)}, ""),
        ({"leaves": START + timedelta(hours=47, minutes=45)}, "soon"),
        ({"leaves": at("11-22 09:00")}, "soon"),  # it is over
        ({"leaves": at("12-02 09:00")}, ""),
        ({"leaves": at("12-03 09:00")}, "late"),
        ({"leaves": at("11-28 09:00")}, "closed"),  # a Saturday
        ({"leaves": at("11-26 06:45")}, "hours"),
        ({"leaves": at("11-26 07:00")}, ""),
        ({"leaves": at("11-26 17:45")}, ""),
        ({"leaves": at("11-26 18:00")}, "hours"),
    ],
)
def test_each_side_of_each_rule(change: dict[str, object], broken: str) -> None:
    request = replace(REQUEST, **change)  # type: ignore[arg-type]
    assert judge(TAXI, request, (), START, ROME).broken == broken


def test_only_other_hours_are_offered_and_all_are_possible() -> None:
    assert judge(TAXI, replace(REQUEST, people=5), (), START, ROME).instead == ()
    for leaves in ("11-24 09:00", "11-28 09:00", "11-26 05:00", "12-05 09:00"):
        request = replace(REQUEST, leaves=at(leaves))
        verdict = judge(TAXI, request, (), START, ROME)
        assert verdict.broken and 0 < len(verdict.instead) <= 4
        assert list(verdict.instead) == sorted(verdict.instead)
        for moment in verdict.instead:
            assert judge(TAXI, replace(request, leaves=moment), (), START, ROME).broken == ""


def test_too_soon_names_the_first_possible_day() -> None:
    verdict = judge(TAXI, replace(REQUEST, leaves=at("11-24 09:00")), (), START, ROME)
    assert verdict.broken == "soon"
    assert verdict.instead[0] == at("11-25 11:00")  # the grid of two hours, 48 hours on
    assert at("11-26 09:00") in verdict.instead  # the hour that was wanted, a day later


def test_a_car_that_is_away_is_full_but_for_the_same_way() -> None:
    assert judge(TAXI, REQUEST, [FULL], START, ROME).broken == "full"
    assert at("11-26 09:00") not in judge(TAXI, REQUEST, [FULL], START, ROME).instead
    assert judge(TAXI, REQUEST, [HALF], START, ROME).broken == ""  # could share it
    assert judge(TAXI, replace(REQUEST, people=3), [HALF], START, ROME).broken == "full"
    two_cars = replace(TAXI, cars=2)
    assert judge(two_cars, replace(REQUEST, people=3), [HALF], START, ROME).broken == ""
    early = replace(FULL, rides=(replace(FULL.rides[0], leaves=at("11-26 08:15")),))
    assert judge(TAXI, REQUEST, [early], START, ROME).broken == ""  # back at nine


def test_closed_days_and_days_ahead() -> None:
    closed = replace(TAXI, closed=frozenset({date(2026, 11, 26)}))
    assert judge(closed, REQUEST, (), START, ROME).broken == "closed"
    found = days(closed, START, ROME)
    assert found == [
        date(2026, 11, 25),
        date(2026, 11, 27),
        date(2026, 11, 30),
        date(2026, 12, 1),
        date(2026, 12, 2),
    ]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2027, 3, 28), ["00:00", "01:00", "03:00", "04:00"]),
        (date(2027, 10, 31), ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]),
        (date(2027, 10, 30), ["00:00", "01:00", "02:00", "03:00", "04:00"]),
    ],
)
def test_the_clock_changes_and_every_hour_is_a_real_one(day: date, hours: list[str]) -> None:
    night = replace(TAXI, hours=parse_hours("mon-sun 00:00-05:00"), grid=60)
    found = hours_on(night, day, ROME)
    assert [f"{moment:%H:%M}" for moment in found] == hours
    assert len({moment.timestamp() for moment in found}) == len(found)


@pytest.mark.parametrize(
    ("other", "could"),
    [
        (Request(SETTIME, ASTI, at("11-26 09:30")), True),  # to the same comune
        (Request(MONALE, CASTELLERO, at("11-26 08:30")), True),  # from the same
        (Request(SETTIME, ASTI, at("11-26 09:31")), False),  # too late
        (Request(ASTI, MONALE, at("11-26 09:00")), False),  # the other way round
        (Request(CASTELLERO, MONALE, at("11-26 09:00")), False),  # it ends where this begins
        (Request(SETTIME, ASTI, at("11-26 09:00"), 3), True),
        (Request(SETTIME, ASTI, at("11-26 09:00"), 4), False),
        (Request(SETTIME, ASTI, at("11-27 09:00")), False),
    ],
)
def test_who_could_share_a_car(other: Request, could: bool) -> None:
    one, two = Ride(1, REQUEST), Ride(2, other)
    assert list(pairs([one, two], TAXI)) == ([(one, two)] if could else [])
    assert could_join(REQUEST, Run(7, 1, (other,)), TAXI) is could


def test_child_seats_are_shared_too() -> None:
    small = replace(REQUEST, people=2, child_seats=1)
    assert not could_join(small, Run(7, 1, (small,)), TAXI)
    assert could_join(small, Run(7, 1, (small,)), replace(TAXI, child_seats=2))


@pytest.mark.parametrize(
    ("leaves", "part"),
    [("06:59", "early"), ("07:00", "morning"), ("12:00", "afternoon"), ("18:00", "evening")],
)
def test_parts_of_the_day(leaves: str, part: str) -> None:
    assert band(at(f"11-26 {leaves}")) == part


@pytest.mark.parametrize(("leaves", "first"), [("09:00", "08:00"), ("09:10", "08:00")])
def test_a_ride_takes_whole_quarters(leaves: str, first: str) -> None:
    quarters = TAXI.quarters(at(f"11-26 {leaves}"))
    assert f"{quarters[0]:%H:%M}" == first  # in UTC
    assert quarters[-1] + timedelta(minutes=15) >= datetime.fromisoformat(
        f"2026-11-26T{leaves}"
    ).replace(tzinfo=ROME) + timedelta(minutes=45)
