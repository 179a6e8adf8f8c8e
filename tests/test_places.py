"""Finding a comune by what was typed, or where a person is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.messages import Inbound, Position
from flows.places import FAR_KM, Gazetteer, Place, distance_km
from flows.reading import Answer, Maybe, Misread, read_free
from storage.gazetteer import load_gazetteer
from tests.test_reading import asked

PLACES = load_gazetteer()


def found(typed: str) -> list[str]:
    """The names that ``typed`` may mean; one when it is sure."""
    places = PLACES.find(typed)
    return [places.name] if isinstance(places, Place) else [place.name for place in places]


def sure(typed: str) -> str:
    """The name that ``typed`` means beyond doubt, or empty."""
    place = PLACES.find(typed)
    return place.name if isinstance(place, Place) else ""


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Settime", "Settime"),
        ("settime", "Settime"),
        ("  SETTIME! ", "Settime"),
        ("Asti", "Asti"),
        ("castelero", "Castellero"),
        ("casteller", "Castellero"),
        ("cortandon", "Cortandone"),
        ("cortandonne", "Cortandone"),
        ("monalle", "Monale"),
        ("montaffia", "Montafia"),
        ("coconato", "Cocconato"),
        ("villafranca d'asti", "Villafranca d'Asti"),
        ("villafranca dasti", "Villafranca d'Asti"),
        ("монале", "Monale"),
        ("مونالي", "Monale"),
    ],
)
def test_a_town_beyond_doubt(typed: str, name: str) -> None:
    assert sure(typed) == name


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("vilanova", {"Villanova d'Asti"}),
        ("san damiano", {"San Damiano d'Asti"}),
        ("castelnuovo", {"Castelnuovo Don Bosco", "Castelnuovo Calcea", "Castelnuovo Belbo"}),
        ("castel", {"Castellero"}),
        ("san dammiano", {"San Damiano d'Asti"}),
    ],
)
def test_towns_that_may_be_meant(typed: str, names: set[str]) -> None:
    assert names <= set(found(typed))


@pytest.mark.parametrize(
    "typed", ["", "a", "xx", "??", "Napoli", "Ouagadougou", "qwerty", "🙂🙂🙂"]
)
def test_no_town(typed: str) -> None:
    assert found(typed) == []


def test_at_most_five_are_offered() -> None:
    for typed in ("castel", "monte", "san", "villa", "castelnuovo", "montegrosso"):
        assert len(found(typed)) <= 5


def test_every_town_is_found_by_its_name_and_aliases() -> None:
    for place in PLACES._by_istat.values():
        assert PLACES.find(place.name) == place
        assert all(PLACES.named(alias) is not None for alias in place.aliases)


@pytest.mark.parametrize(
    ("lat", "lon", "name"),
    [
        (44.9628, 8.1153, "Settime"),
        (44.9660, 8.1120, "Settime"),
        (44.9000, 8.2069, "Asti"),
        (44.9369, 8.0720, "Monale"),
    ],
)
def test_the_nearest_town(lat: float, lon: float, name: str) -> None:
    place = PLACES.nearest(Position(lat, lon))
    assert place and place.name == name


@pytest.mark.parametrize(
    ("lat", "lon"), [(38.1157, 13.3615), (0.0, 0.0), (90.0, 0.0), (-44.9, -171.9)]
)
def test_far_away_is_elsewhere(lat: float, lon: float) -> None:
    here = Position(lat, lon)
    assert PLACES.nearest(here) is None
    assert read_free(Inbound(location=here), asked("place"), PLACES) == Answer("elsewhere")


def test_the_limit_of_far() -> None:
    one = Gazetteer([Place("1", "Qui", Position(45.0, 8.0))])
    degree = distance_km(Position(45.0, 8.0), Position(46.0, 8.0))
    inside, outside = (45.0 + (FAR_KM + delta) / degree for delta in (-0.1, 0.1))
    assert one.nearest(Position(inside, 8.0)) is not None
    assert one.nearest(Position(outside, 8.0)) is None
    assert Gazetteer([]).nearest(Position(45.0, 8.0)) is None


def test_typed_near_a_town() -> None:
    settime = PLACES.find("settime")
    assert isinstance(settime, Place)
    assert read_free(Inbound("settime"), asked("place"), PLACES) == Answer(settime.istat)
    maybe = read_free(Inbound("castelnuovo"), asked("place"), PLACES)
    assert isinstance(maybe, Maybe) and len(maybe.places) > 1
    assert read_free(Inbound("Napoli"), asked("place"), PLACES) is Misread.NOT_A_PLACE


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ((44.9, 8.2), (44.9, 8.2), 0.0),
        ((0.0, 0.0), (0.0, 1.0), 111.2),
        ((0.0, 0.0), (0.0, 180.0), 20015.1),
        ((45.0703, 7.6869), (44.9007, 8.2064), 45.0),
    ],
)
def test_distance(a: tuple[float, float], b: tuple[float, float], km: float) -> None:
    assert distance_km(Position(*a), Position(*b)) == pytest.approx(km, abs=0.7)


_STEADY = settings(derandomize=True, deadline=None, max_examples=200, database=None)
_POSITIONS = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))


@given(_POSITIONS, _POSITIONS)
@_STEADY
def test_distance_is_the_same_both_ways(a: Position, b: Position) -> None:
    assert 0 <= distance_km(a, b) <= 20016
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)


@given(st.text(max_size=100))
@_STEADY
def test_nothing_typed_makes_it_fail(typed: str) -> None:
    names = found(typed)
    assert len(names) == len(set(names)) <= 5


@given(st.sampled_from(sorted(PLACES._by_istat)), st.integers(0, 30), st.sampled_from("aeirt"))
@_STEADY
def test_one_wrong_letter_still_finds_a_long_name(istat: str, at: int, letter: str) -> None:
    place = PLACES.get(istat)
    assert place is not None
    if len(place.name) < 8:
        return
    at %= len(place.name)
    typed = place.name[:at] + letter + place.name[at + 1 :]
    assert place.name in found(typed)
