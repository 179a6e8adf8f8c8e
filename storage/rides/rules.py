"""The service's rules in the database."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from flows.hours import parse_hours
from flows.rides.rules import Point, Taxi
from storage.agenda.rules import holidays_of
from storage.audit import By, record
from storage.models import RideRules
from storage.rides.taxi_file import point_id

_TABLE: Any = RideRules.__table__  # type: ignore[attr-defined]


def raw_rules(connection: Connection) -> dict[str, Any] | None:
    """As operators wrote them, or None where there is no such service."""
    row = connection.execute(select(_TABLE)).first()
    return dict(row._mapping) if row else None


def load_taxi(connection: Connection, today: date) -> Taxi | None:
    """What the service can do from ``today`` on; public holidays are closed days."""
    row = raw_rules(connection)
    if row is None:
        return None
    points = {
        istat: tuple(Point(point_id(name), name) for name in names)
        for istat, names in row["points"].items()
    }
    years = {today.year, (today + timedelta(days=row["days_ahead"])).year}
    holidays = frozenset().union(*(holidays_of(year) for year in years))
    return Taxi(
        row["name"],
        row["phone"],
        points,
        parse_hours(row["hours"]),
        holidays | {date.fromisoformat(day) for day in row["closed"]},
        timedelta(hours=row["notice_hours"]),
        row["days_ahead"],
        row["grid"],
        row["price_cents"] / 100,
        row["cars"],
        row["seats"],
        row["child_seats"],
        row["ride_minutes"],
        timedelta(minutes=row["share_minutes"]),
        timedelta(hours=row["cancel_hours"]),
    )


def replace_taxi(connection: Connection, row: dict[str, Any], by: By) -> None:
    """These rules hold from now on; rides that exist stay as they are."""
    before = raw_rules(connection)
    connection.execute(delete(_TABLE))
    connection.execute(insert(_TABLE).values(id=1, **row))
    record(connection, by, "rides rules", [("rides", before, row)])
