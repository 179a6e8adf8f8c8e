"""Rides that could not be met: kept without names, to show which run is worth starting."""

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from flows.agenda.rules import weekday
from flows.hours import WEEK
from flows.rides.port import NoteWish
from flows.rides.rules import band
from storage.gazetteer import load_gazetteer
from storage.models import RideWish

_TABLE: Any = RideWish.__table__  # type: ignore[attr-defined]


def note(
    connection: Connection, contact_id: int | None, wish: NoteWish, now: datetime, zone: ZoneInfo
) -> bool:
    """Count it; False when it was counted for this person already, or names no comune."""
    places = load_gazetteer()
    if not (places.get(wish.origin) and places.get(wish.destination)):
        return False
    local = (wish.leaves or now).astimezone(zone)
    row = {
        "contact_id": contact_id,
        "origin": wish.origin,
        "destination": wish.destination,
        "day": local.date(),
        "band": band(local) if wish.leaves else "",
        "people": wish.people,
        "reason": wish.reason,
        "at": now,
    }
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    once = upsert(_TABLE).values(row).on_conflict_do_nothing().returning(_TABLE.c.id)
    return connection.execute(once).first() is not None


def aggregated(connection: Connection, since: datetime) -> list[dict[str, Any]]:
    """By comune of departure and part of the day, what most people miss first; nobody is named."""
    rows = connection.execute(select(_TABLE).where(_TABLE.c.at >= since)).all()
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.origin, row.band), []).append(row)
    found = [_group(origin, part, some) for (origin, part), some in groups.items()]
    return sorted(found, key=lambda g: (-g["persons"], -g["wishes"], g["comune"], g["band"]))


def _group(origin: str, part: str, rows: list[Any]) -> dict[str, Any]:
    known = {row.contact_id for row in rows} - {None}
    unnamed = sum(row.contact_id is None for row in rows)
    days = Counter(weekday(row.day) for row in rows if row.band)
    return {
        "comune": _name(origin),
        "band": part,
        "wishes": len(rows),
        "persons": len(known) + unnamed,
        "to": _shares(Counter(_name(row.destination) for row in rows)),
        "days": ",".join(day for day in WEEK if days[day]),
        "why": _shares(Counter(row.reason for row in rows)),
    }


def _shares(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counted.most_common(3))


def _name(istat: str) -> str:
    place = load_gazetteer().get(istat)
    return place.name if place else istat
