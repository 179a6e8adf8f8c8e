"""What stands behind a job: the way there and back, the children, a home. Pure arithmetic.

It answers "can I take it?" from the shift, the town and the hours of checked offers; what no offer
covers is named as a gap, never guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flows.desk import Listing
from flows.hours import Hours, parts_of
from flows.places import Gazetteer, Place, distance_km

WALKED_KM = 2.0
_ROADS = 1.3  # how much longer a road is than the straight line
_KM_A_MINUTE, _MINUTES_TO_SET_OUT = 0.75, 10
_LONGEST_WAIT = 120  # minutes before or after the shift that a bus may leave one waiting
_FAR_KM, _AT_THE_WORK_KM, _MOST_HOMES = 12.0, 6.0, 3
_CARE_KM = 12.0
_DAY = 24 * 60
_ON_DEMAND = ("social_taxi", "ride_share")
_ON_SCHEDULE = ("bus", "train")
_MONTHS = {"0_2": (0, 36), "3_5": (36, 72), "6_10": (72, 132), "11_13": (132, 168)}


@dataclass(frozen=True, slots=True)
class Leg:
    """A ride that an offer gives: when it leaves, HH:MM."""

    offer: Listing
    leaves: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What no offer covers: ``ride_there``, ``ride_back`` or ``childcare``, and for when."""

    kind: str
    at: str

    def wanted(self) -> tuple[tuple[str, str], ...]:
        """The topic of what is missing, with each part of the week in which it is."""
        start, _, end = self.at.partition("–")
        topic = "childcare" if self.kind == "childcare" else "transport"
        return tuple((topic, part) for part in parts_of(Hours((), start, end)))


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a person needs to take a job, as far as there are offers for it.

    ``there`` and ``back`` are None where no ride is needed (``own_way``) or none was found (a gap).
    """

    own_way: bool
    there: Leg | None = None
    back: Leg | None = None
    childcare: tuple[Listing, ...] = ()
    homes: tuple[Listing, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """What matters of the person: where they live, how they get about, children's age bands."""

    home: Place
    vehicles: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


def bundle(
    job: Listing,
    person: Person,
    places: Gazetteer,
    rides: Sequence[Listing],
    childcare: Sequence[Listing],
    homes: Sequence[Listing],
) -> Bundle | None:
    """The bundle for the first shift of a job; None when its place or its times are not known."""
    work = places.get(job.comune)
    shift = next((h for h in job.details.get("hours", ()) if h.start and h.end), None)
    if work is None or shift is None:
        return None
    km = distance_km(person.home.position, work.position)
    own_way = km < WALKED_KM or "car" in person.vehicles or bool(job.details.get("ride"))
    trip = _Trip(shift, person.home, work, 0 if km < WALKED_KM else _minutes(km))
    there = None if own_way else trip.there(rides)
    back = None if own_way else trip.back(rides)
    covered, uncovered = _children(trip, person.children, childcare, places)
    gaps = [
        *([] if own_way or there else [Gap("ride_there", shift.start)]),
        *([] if own_way or back else [Gap("ride_back", shift.end)]),
        *([Gap("childcare", f"{shift.start}–{shift.end}")] if uncovered else []),
    ]
    near = _homes(work, homes, places) if km > _FAR_KM else ()
    return Bundle(own_way, there, back, covered, near, tuple(gaps))


def minutes_between(origin: str, goal: str, places: Gazetteer) -> int:
    """How long the way by car takes between two comuni (ISTAT), setting out included."""
    ends = places.get(origin), places.get(goal)
    return _minutes(distance_km(ends[0].position, ends[1].position)) if ends[0] and ends[1] else 0


@dataclass(frozen=True, slots=True)
class _Trip:
    """A shift and the way to it; minutes since midnight, past 24 h when a shift ends next day."""

    shift: Hours
    home: Place
    work: Place
    minutes: int

    @property
    def start(self) -> int:
        return _clock(self.shift.start)

    @property
    def end(self) -> int:
        end = _clock(self.shift.end)
        return end if end > self.start else end + _DAY

    def there(self, rides: Iterable[Listing]) -> Leg | None:
        """The ride that arrives soonest before the start."""
        leave = self.start - self.minutes
        legs = [leg for ride in rides for leg in self._one_way(ride, self.home, self.work, leave)]
        on_time = [(wait, leg) for arrives, leg in legs if (wait := self.start - arrives) >= 0]
        return _soonest(on_time)

    def back(self, rides: Iterable[Listing]) -> Leg | None:
        """The ride that leaves soonest after the end."""
        ways = (self._one_way(ride, self.work, self.home, self.end) for ride in rides)
        legs = [leg for way in ways for _arrives, leg in way]
        after = [(_clock(leg.leaves) - self.end % _DAY, leg) for leg in legs]
        return _soonest([(wait, leg) for wait, leg in after if wait >= 0])

    def _one_way(
        self, ride: Listing, origin: Place, goal: Place, leave: int
    ) -> Iterator[tuple[int, Leg]]:
        """Arrival and leg of a ride that goes this way on all days of the shift."""
        area: Sequence[str] = ride.details.get("area", ())
        if origin.istat not in area or goal.istat not in area:
            return
        for hours in ride.details.get("hours", ()):
            if not (set(self.shift.days) <= set(hours.days) and hours.start and hours.end):
                continue
            opens, closes = _clock(hours.start), _clock(hours.end)
            kind, at = ride.details.get("kind"), leave % _DAY
            if kind in _ON_DEMAND and opens <= at and at + self.minutes <= closes:
                yield leave + self.minutes, Leg(ride, _spelled(leave))
            onward = area.index(origin.istat) < area.index(goal.istat)
            if kind in _ON_SCHEDULE and onward:
                yield closes, Leg(ride, hours.start)


def _soonest(legs: list[tuple[int, Leg]]) -> Leg | None:
    bearable = [(wait, leg) for wait, leg in legs if wait <= _LONGEST_WAIT]
    return min(bearable, key=lambda one: (one[0], one[1].offer.id))[1] if bearable else None


def _children(
    trip: _Trip, bands: tuple[str, ...], offers: Sequence[Listing], places: Gazetteer
) -> tuple[tuple[Listing, ...], bool]:
    """An offer for each age band that covers shift and way; whether one is left without."""
    found: list[Listing] = []
    for band in bands:
        fitting = (o for o in offers if _cares(o, band, trip, places))
        if offer := next(fitting, None):
            found.append(offer)
    once = {offer.id: offer for offer in found}
    return tuple(once.values()), len(found) < len(bands)


def _cares(offer: Listing, band: str, trip: _Trip, places: Gazetteer) -> bool:
    about = offer.details
    if band not in _MONTHS or about.get("kind") == "elder_care":
        return False
    low, high = _MONTHS[band]
    if about.get("age_min_months", 0) >= high or about.get("age_max_months", 999) <= low:
        return False
    there = places.get(offer.comune)
    ends = (trip.home, trip.work)
    if there is None or all(distance_km(e.position, there.position) > _CARE_KM for e in ends):
        return False
    return any(
        set(trip.shift.days) <= set(hours.days)
        and hours.start
        and hours.end
        and _clock(hours.start) <= trip.start - trip.minutes
        and trip.end + trip.minutes <= _clock(hours.end)
        for hours in about.get("hours", ())
    )


def _homes(work: Place, homes: Sequence[Listing], places: Gazetteer) -> tuple[Listing, ...]:
    near = []
    for home in homes:
        there = places.get(home.comune)
        km = distance_km(work.position, there.position) if there else _FAR_KM
        if km <= _AT_THE_WORK_KM:
            near.append((km, home.id, home))
    return tuple(home for _km, _id, home in sorted(near)[:_MOST_HOMES])


def _minutes(km: float) -> int:
    return round(km * _ROADS / _KM_A_MINUTE) + _MINUTES_TO_SET_OUT


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _spelled(minutes: int) -> str:
    return f"{minutes % _DAY // 60:02}:{minutes % 60:02}"
