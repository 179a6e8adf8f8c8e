"""What a request breaks of the service's rules, and what is possible instead: pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from flows.agenda.remind import shortly_before
from flows.agenda.rules import clock, weekday
from flows.rides.rules import Request, Taxi
from flows.rides.sharing import Run, could_join

_OTHER_TIMES = ("soon", "late", "closed", "hours", "full")
_NEAREST = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first rule that a request breaks, and the nearest moments at which the same ride is
    possible, the soonest first, in local time.

    ``broken``: ``from`` or ``to`` (out of the area), ``same`` (one comune), ``people``,
    ``child_seats``, ``soon``, ``late`` (too far ahead), ``closed`` (that day), ``hours``, ``full``
    (no car is free then); empty: none.
    """

    broken: str = ""
    instead: tuple[datetime, ...] = ()


def judge(
    taxi: Taxi, request: Request, runs: Sequence[Run], now: datetime, zone: ZoneInfo
) -> Verdict:
    """Whether the service can do it; what a colleague then decides is another matter."""
    broken = next(_broken(taxi, request, runs, now, zone), "")
    if broken not in _OTHER_TIMES:
        return Verdict(broken)
    return Verdict(broken, tuple(nearest(taxi, request, runs, now, zone)))


def broken_ends(taxi: Taxi, origin: str, destination: str) -> str:
    """``from``, ``to`` or ``same``, where the two alone break a rule; empty when they do not."""
    checks = {
        "from": origin not in taxi.points,
        "to": destination not in taxi.points,
        "same": origin == destination,
    }
    return next((name for name, broken in checks.items() if broken), "")


def days(taxi: Taxi, now: datetime, zone: ZoneInfo) -> list[date]:
    """The days on which one may ask for a ride, the soonest first."""
    return list(dict.fromkeys(at.date() for at in _moments(taxi, now, zone)))


def hours_on(taxi: Taxi, day: date, zone: ZoneInfo) -> list[datetime]:
    """Every moment of the grid at which a ride may begin on a day, local."""
    if day in taxi.closed:
        return []
    spans = [h for h in taxi.hours if weekday(day) in h.days and h.start and h.end]
    found = []
    for span in spans:
        at = datetime.combine(day, clock(span.start), zone).astimezone(UTC)
        end = datetime.combine(day, clock(span.end), zone).astimezone(UTC)
        while at < end:
            found.append(at.astimezone(zone))
            at += timedelta(minutes=taxi.grid)
    return sorted(found)


def nearest(
    taxi: Taxi, request: Request, runs: Sequence[Run], now: datetime, zone: ZoneInfo
) -> list[datetime]:
    """The moments nearest to the one that was wanted, and the nearest at the same hour."""
    wanted = request.leaves
    hour = wanted.astimezone(zone).time()
    near = sorted(_moments(taxi, now, zone), key=lambda at: (abs(at - wanted), at))

    def free(moments: Iterable[datetime]) -> Iterator[datetime]:
        return (at for at in moments if _room(taxi, replace(request, leaves=at), runs))

    same_hour = free(at for at in near if at.time() == hour)
    found = {*islice(free(near), _NEAREST - 1), *islice(same_hour, 1)}
    return sorted(found)


def _broken(
    taxi: Taxi, request: Request, runs: Sequence[Run], now: datetime, zone: ZoneInfo
) -> Iterator[str]:
    if ends := broken_ends(taxi, request.origin, request.destination):
        yield ends
    local = request.leaves.astimezone(zone)
    checks = {
        "people": request.people > taxi.seats,
        "child_seats": request.child_seats > taxi.child_seats,
        "soon": _too_soon(taxi, local, now),
        "late": local.date() > now.astimezone(zone).date() + timedelta(days=taxi.ahead),
        "closed": not hours_on(taxi, local.date(), zone),
        "hours": not drives(taxi, local),
        "full": not _room(taxi, request, runs),
    }
    yield from (name for name, broken in checks.items() if broken)


def drives(taxi: Taxi, local: datetime) -> bool:
    """Whether a ride may begin at this local time."""
    return any(
        weekday(local.date()) in span.days and clock(span.start) <= local.time() < clock(span.end)
        for span in taxi.hours
        if span.start and span.end
    )


def _moments(taxi: Taxi, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    today = now.astimezone(zone).date()
    for ahead in range(taxi.ahead + 1):
        for at in hours_on(taxi, today + timedelta(days=ahead), zone):
            if not _too_soon(taxi, at, now):
                yield at


def _too_soon(taxi: Taxi, local: datetime, now: datetime) -> bool:
    """Whether the desk could not answer in time: people sleep, so do operators."""
    return local < now + taxi.notice or shortly_before(local) <= now


def _room(taxi: Taxi, request: Request, runs: Sequence[Run]) -> bool:
    """Whether a car is free all the while, or one that goes the same way has room."""
    return bool(free_cars(taxi, request.leaves, runs)) or any(
        could_join(request, run, taxi) for run in runs
    )


def free_cars(taxi: Taxi, leaves: datetime, runs: Sequence[Run]) -> list[int]:
    """The cars that nobody needs for a ride that begins then."""
    wanted = set(taxi.quarters(leaves))
    busy = {run.car for run in runs for ride in run.rides if wanted & {*taxi.quarters(ride.leaves)}}
    return [car for car in range(1, taxi.cars + 1) if car not in busy]
