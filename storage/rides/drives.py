"""Cars and seats: no car in two places, no seat for two.

A quarter of an hour of a car is a row of `storage.models.RunHold`, a seat one of
`storage.models.RunSeat`; their primary keys refuse a second one, on SQLite and on PostgreSQL,
whatever runs beside us. `lock` comes before; it keeps rides and drives in step.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from flows.rides.possible import free_cars
from flows.rides.rules import Request, Taxi
from flows.rides.sharing import Run, could_join
from storage.locks import Lock, one_at_a_time
from storage.models import Ride, RunHold, RunSeat
from storage.models import Run as RunRow

LIVE = ("asked", "proposed", "confirmed")
SEATED = ("proposed", "confirmed")
"""A time that was proposed is kept for whoever it was proposed to."""

_LONGEST = timedelta(hours=8)
_RIDE: Any = Ride.__table__  # type: ignore[attr-defined]
_RUN: Any = RunRow.__table__  # type: ignore[attr-defined]
_HOLD: Any = RunHold.__table__  # type: ignore[attr-defined]
_SEAT: Any = RunSeat.__table__  # type: ignore[attr-defined]


def lock(connection: Connection) -> None:
    """One at a time changes rides, until its commit; SQLite has one writer anyway."""
    one_at_a_time(connection, Lock.RIDES)


def request_of(row: Any, zone: ZoneInfo) -> Request:
    """A row as flows see it, in local time."""
    return Request(
        row.origin,
        row.destination,
        row.leaves_at.astimezone(zone),
        row.people,
        row.child_seats,
        row.origin_point,
        row.destination_point,
        row.purpose,
    )


def runs(connection: Connection, since: datetime, zone: ZoneInfo) -> list[Run]:
    """The drives that are not over."""
    query = (
        select(_RIDE, _RUN.c.car)
        .join(_RUN, _RUN.c.id == _RIDE.c.run_id)
        .where(_RIDE.c.status.in_(SEATED), _RIDE.c.leaves_at > since - _LONGEST)
        .order_by(_RIDE.c.id)
    )
    found: dict[tuple[int, int], list[Request]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.run_id, row.car].append(request_of(row, zone))
    return [Run(id, car, tuple(rides)) for (id, car), rides in found.items()]


def board(
    connection: Connection,
    ride_id: int,
    request: Request,
    taxi: Taxi,
    among: Sequence[Run],
    into: int = 0,
) -> bool:
    """Seat a ride in a car of its own, or in the drive ``into``; False when there is no room."""
    if into:
        run = next((run for run in among if run.id == into), None)
        return (
            run is not None
            and could_join(request, run, taxi)
            and _seat(connection, ride_id, request, taxi, run.id, run.car)
        )
    for car in free_cars(taxi, request.leaves, among):
        made = connection.execute(insert(_RUN).values(car=car).returning(_RUN.c.id))
        id = int(made.scalar_one())
        if _seat(connection, ride_id, request, taxi, id, car):
            return True
        connection.execute(delete(_RUN).where(_RUN.c.id == id))
    return False


def leave(connection: Connection, ride_id: int, taxi: Taxi | None, zone: ZoneInfo) -> None:
    """Give up the seats; the car is free where nobody else in it needs it."""
    row = connection.execute(select(_RIDE.c.run_id).where(_RIDE.c.id == ride_id)).first()
    connection.execute(delete(_SEAT).where(_SEAT.c.ride_id == ride_id))
    connection.execute(update(_RIDE).where(_RIDE.c.id == ride_id).values(run_id=None))
    if row is None or row.run_id is None:
        return
    others = connection.execute(select(_RIDE).where(_RIDE.c.run_id == row.run_id)).all()
    if not others:
        connection.execute(delete(_RUN).where(_RUN.c.id == row.run_id))
    elif taxi:
        needed = {at for one in others for at in taxi.quarters(request_of(one, zone).leaves)}
        which = (_HOLD.c.run_id == row.run_id, _HOLD.c.at.not_in(needed))
        connection.execute(delete(_HOLD).where(*which))


def _seat(
    connection: Connection, ride_id: int, request: Request, taxi: Taxi, run_id: int, car: int
) -> bool:
    """Every quarter of the car and every seat, or nothing."""
    quarters = taxi.quarters(request.leaves)
    held = [{"car": car, "at": at, "run_id": run_id} for at in quarters]
    new = _take(connection, _HOLD, held, _HOLD.c.at)
    ours = connection.execute(
        select(_HOLD.c.at).where(_HOLD.c.run_id == run_id, _HOLD.c.at.in_(quarters))
    ).all()
    if len(ours) == len(quarters):
        wanted = _free_seats(connection, request, taxi, run_id)
        rows = [{"run_id": run_id, "seat": seat, "ride_id": ride_id} for seat in wanted]
        whole = len(rows) == request.people + request.child_seats
        if whole and len(_take(connection, _SEAT, rows, _SEAT.c.seat)) == len(rows):
            connection.execute(update(_RIDE).where(_RIDE.c.id == ride_id).values(run_id=run_id))
            return True
    connection.execute(delete(_SEAT).where(_SEAT.c.ride_id == ride_id))
    connection.execute(delete(_HOLD).where(_HOLD.c.run_id == run_id, _HOLD.c.at.in_(new)))
    return False


def _free_seats(connection: Connection, request: Request, taxi: Taxi, run_id: int) -> list[str]:
    """As many as are needed, or fewer when there are not so many."""
    query = select(_SEAT.c.seat).where(_SEAT.c.run_id == run_id)
    taken = set(connection.execute(query).scalars())
    wanted = (
        ("seat", taxi.seats, request.people),
        ("child", taxi.child_seats, request.child_seats),
    )
    found = []
    for kind, there, needed in wanted:
        free = [name for n in range(1, there + 1) if (name := f"{kind}:{n}") not in taken]
        found += free[:needed]
    return found


def _take(connection: Connection, table: Any, rows: list[dict[str, Any]], key: Any) -> list[Any]:
    """Insert what nobody has taken; the keys of what was new."""
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = upsert(table).values(rows).on_conflict_do_nothing().returning(key)
    return list(connection.execute(statement).scalars()) if rows else []
