"""Can I take it? Each case is a shift, a person, and the offers there are."""

from datetime import date
from typing import Any

import pytest

from flows.bundle import Bundle, Gap, Person, bundle
from flows.desk import Listing
from flows.hours import parse_hours
from storage.gazetteer import load_gazetteer

PLACES = load_gazetteer()
WORKDAYS = "mon-fri"


def istat(name: str) -> str:
    place = PLACES.named(name)
    assert place is not None, name
    return place.istat


def offer(id: str, topic: str, comune: str, **details: Any) -> Listing:
    if "hours" in details:
        details["hours"] = parse_hours(details["hours"])
    if "area" in details:
        details["area"] = [istat(name) for name in details["area"].split("|")]
    day = date(2026, 11, 23)
    return Listing(id, topic, id, "", "it", "org", istat(comune), "0141", day, day, details=details)


TAXI = offer(
    "taxi", "transport", "Monale", kind="social_taxi", hours="mon-fri 07:00-18:00",
    area="Chiusano d'Asti|Monale|Cortandone|Castellero|Settime|Asti",
)  # fmt: skip
OUT = offer(
    "bus_out", "transport", "Montafia", kind="bus", hours="mon-fri 06:40-07:25",
    area="Montafia|Cinaglio|Asti",
)  # fmt: skip
BACK = offer(
    "bus_back", "transport", "Asti", kind="bus", hours="mon-fri 13:20-14:06",
    area="Asti|Cinaglio|Montafia",
)  # fmt: skip
SITTER = offer(
    "sitter", "childcare", "Monale", kind="home_sitter", hours="mon-sat 05:00-21:00",
    age_min_months=3, age_max_months=144,
)  # fmt: skip
NURSERY = offer(
    "nursery", "childcare", "Monale", kind="nursery", hours="mon-fri 07:30-17:30",
    age_min_months=6, age_max_months=36,
)  # fmt: skip
ROOM = offer("room", "housing", "Asti", kind="room", rent=200)
FAR_ROOM = offer("far_room", "housing", "Cocconato", kind="room", rent=200)


def behind(
    hours: str = "mon-fri 08:00-12:30",
    work: str = "Asti",
    home: str = "Monale",
    vehicles: tuple[str, ...] = (),
    children: tuple[str, ...] = (),
    rides: tuple[Listing, ...] = (TAXI, OUT, BACK),
    **job: Any,
) -> Bundle:
    place = PLACES.named(home)
    assert place is not None
    wanted = offer("job", "job", work, hours=hours, **job)
    found = bundle(
        wanted,
        Person(place, vehicles, children),
        PLACES,
        rides,
        (NURSERY, SITTER),
        (ROOM, FAR_ROOM),
    )
    assert found is not None
    return found


def legs(found: Bundle) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
    there, back = found.there, found.back
    return (
        (there.offer.id, there.leaves) if there else None,
        (back.offer.id, back.leaves) if back else None,
    )


def test_the_social_taxi_goes_when_it_is_needed() -> None:
    found = behind()
    there, back = legs(found)
    assert there and there[0] == "taxi" and "07:00" <= there[1] < "08:00"
    assert back == ("taxi", "12:30") and found.gaps == ()


@pytest.mark.parametrize(
    ("hours", "gaps"),
    [
        ("mon-fri 07:05-12:00", (Gap("ride_there", "07:05"),)),
        ("mon-fri 08:00-18:00", (Gap("ride_back", "18:00"),)),
        ("sat 08:00-12:00", (Gap("ride_there", "08:00"), Gap("ride_back", "12:00"))),
        ("mon-fri 22:00-06:00", (Gap("ride_there", "22:00"), Gap("ride_back", "06:00"))),
    ],
)
def test_outside_its_hours_there_is_a_gap(hours: str, gaps: tuple[Gap, ...]) -> None:
    assert behind(hours).gaps == gaps


def test_a_bus_runs_one_way_and_at_its_time() -> None:
    assert legs(behind("mon-fri 08:00-13:00", home="Montafia")) == (
        ("bus_out", "06:40"),
        ("bus_back", "13:20"),
    )
    early = behind("mon-fri 07:00-13:00", home="Montafia")
    assert early.gaps == (Gap("ride_there", "07:00"),)
    late = behind("mon-fri 08:00-17:00", home="Montafia")
    assert late.there and late.gaps == (Gap("ride_back", "17:00"),)
    waits = behind("mon-fri 10:00-13:00", home="Montafia")
    assert waits.gaps == (Gap("ride_there", "10:00"),)  # two and a half hours too early


@pytest.mark.parametrize(
    "values",
    [{"vehicles": ("car",)}, {"ride": True}, {"home": "Asti"}],
)
def test_who_gets_there_alone_needs_no_ride(values: dict[str, Any]) -> None:
    found = behind("sat 22:00-23:00", **values)
    assert found.own_way and legs(found) == (None, None) and found.gaps == ()


def test_childcare_must_cover_the_shift_and_the_way() -> None:
    assert [o.id for o in behind(children=("0_2",), hours="mon-fri 09:00-16:00").childcare] == [
        "nursery"
    ]
    assert [o.id for o in behind("mon-fri 07:45-12:30", children=("0_2",)).childcare] == ["sitter"]
    both = behind(children=("0_2", "6_10"), hours="mon-fri 09:00-16:00")
    assert [o.id for o in both.childcare] == ["nursery", "sitter"]
    night = behind(children=("3_5",), hours="mon-fri 14:00-22:00", vehicles=("car",))
    assert night.childcare == () and night.gaps == (Gap("childcare", "14:00–22:00"),)
    unknown = behind(children=("teenagers",), hours="mon-fri 09:00-16:00")
    assert unknown.gaps == (Gap("childcare", "09:00–16:00"),)


def test_homes_near_the_work_when_it_is_far() -> None:
    assert behind().homes == ()
    assert [home.id for home in behind(home="Cocconato").homes] == ["room"]


def test_without_times_or_a_place_nothing_is_said() -> None:
    place = PLACES.named("Monale")
    assert place is not None
    for job in (offer("job", "job", "Asti"), offer("job", "job", "Asti", hours="mon-fri")):
        assert bundle(job, Person(place), PLACES, (TAXI,), (), ()) is None
