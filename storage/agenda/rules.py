"""What makes an hour bookable: read from the database, brought in from the desk's own file."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlmodel import SQLModel, col

from flows.agenda.rules import Colleague, Exceptional, Place, Rules
from flows.hours import parse_hours
from storage.agenda.desk_file import Parsed
from storage.audit import By, record
from storage.models import DeskException, DeskPlace, DeskRules, DeskStaff


def load_rules(connection: Connection, today: date) -> Rules:
    """Everything that decides which hours exist from ``today`` on."""
    general = _all(connection, DeskRules)
    settings = general[0] if general else DeskRules().model_dump()
    active: Any = {"active": True}
    days = settings["days_ahead"]
    return Rules(
        places=tuple(_place(row) for row in _all(connection, DeskPlace, **active)),
        staff=tuple(_colleague(row) for row in _all(connection, DeskStaff, **active)),
        topics=settings["topics"],
        exceptions=tuple(_exceptions(connection, today)),
        holidays=holidays_of(today.year) | holidays_of(today.year + 1),
        grid=settings["grid"],
        notice=timedelta(hours=settings["notice_hours"]),
        ahead=days,
    )


def hold_time(connection: Connection) -> timedelta:
    """How long a freed hour is kept for whoever it was offered to."""
    minutes = connection.execute(select(col(DeskRules.hold_minutes))).scalar()
    return timedelta(minutes=minutes or 120)


def places(connection: Connection) -> dict[str, Place]:
    """Every place by id, former ones too."""
    return {row["id"]: _place(row) for row in _all(connection, DeskPlace)}


def names(connection: Connection) -> dict[str, str]:
    """The first name of everybody who works or worked at the desk, by id."""
    return {row["id"]: row["name"] for row in _all(connection, DeskStaff)}


def replace_rules(connection: Connection, parsed: Parsed, by: By) -> None:
    """The desk's file is what holds from now on; appointments that exist stay as they are."""
    connection.execute(delete(DeskRules))
    connection.execute(insert(DeskRules).values(id=1, **parsed.rules))
    for model, rows in ((DeskPlace, parsed.places), (DeskStaff, parsed.staff)):
        _put(connection, model, rows)
    record(connection, by, "desk rules", [("desk", None, parsed.to_json())])


def put_staff(connection: Connection, row: Mapping[str, Any], by: By) -> None:
    """Add a colleague, or change one."""
    before = _all(connection, DeskStaff, id=row["id"])
    connection.execute(delete(DeskStaff).where(col(DeskStaff.id) == row["id"]))
    connection.execute(insert(DeskStaff).values(**row))
    subject = f"staff:{row['id']}"
    record(connection, by, "desk staff", [(subject, before[0] if before else None, dict(row))])


def staff(connection: Connection) -> list[dict[str, Any]]:
    """Who works at the desk, as operators wrote it."""
    return _all(connection, DeskStaff)


def raw_places(connection: Connection) -> list[dict[str, Any]]:
    """Where the desk is, as operators wrote it."""
    return _all(connection, DeskPlace)


def general(connection: Connection) -> dict[str, Any]:
    """What holds everywhere."""
    rows = _all(connection, DeskRules)
    return rows[0] if rows else DeskRules().model_dump()


def add_exception(connection: Connection, row: Mapping[str, Any], by: By) -> None:
    """A closure or extra opening hours of one day."""
    connection.execute(insert(DeskException).values(**row))
    action = "desk close" if row["closes"] else "desk open"
    change = {**row, "day": row["day"].isoformat()}
    record(connection, by, action, [(f"place:{row['place'] or 'all'}", None, change)])


def drop_closures(connection: Connection, place: str, day: date, by: By) -> int:
    """Take back what was closed on a day; how many closures there were."""
    which = (
        col(DeskException.place) == place,
        col(DeskException.day) == day,
        col(DeskException.closes).is_(True),
    )
    gone = connection.execute(delete(DeskException).where(*which)).rowcount
    if gone:
        change = {"day": day.isoformat(), "closures": gone}
        record(connection, by, "desk open", [(f"place:{place or 'all'}", change, None)])
    return gone


def _put(connection: Connection, model: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    """These are the active ones now; who is not among them stays for past appointments."""
    table: Any = model.__table__  # type: ignore[attr-defined]
    connection.execute(update(table).values(active=False))
    connection.execute(delete(table).where(table.c.id.in_([row["id"] for row in rows])))
    if rows:
        connection.execute(insert(table), rows)


def _all(connection: Connection, model: type[SQLModel], **where: Any) -> list[dict[str, Any]]:
    table: Any = model.__table__  # type: ignore[attr-defined]
    query = select(table).filter_by(**where).order_by(table.c.id)
    return [dict(row._mapping) for row in connection.execute(query)]


def _place(row: Mapping[str, Any]) -> Place:
    names = (
        "id",
        "name",
        "comune",
        "address",
        "phone",
        "rooms",
        "weeks",
        "patron",
        "phone_only",
        "offer",
    )
    return Place(hours=parse_hours(row["hours"]), **{name: row[name] for name in names})


def _colleague(row: Mapping[str, Any]) -> Colleague:
    return Colleague(
        row["id"],
        row["name"],
        frozenset(row["languages"].split(",")),
        row["mediates"],
        row["on_request"],
        parse_hours(row["hours"]),
        frozenset(filter(None, row["places"].split(","))),
    )


def _exceptions(connection: Connection, today: date) -> Iterator[Exceptional]:
    """In the order in which they were written down: the later one counts."""
    table: Any = DeskException.__table__  # type: ignore[attr-defined]
    query = select(table).where(table.c.day >= today - timedelta(days=1)).order_by(table.c.id)
    for row in connection.execute(query):
        yield Exceptional(row.place, row.day, parse_hours(row.hours), row.closes)


@lru_cache(maxsize=8)
def holidays_of(year: int) -> frozenset[date]:
    """Italy's public holidays; Sundays and Asti's patron saint are the places' own affair."""
    import holidays

    return frozenset(holidays.country_holidays("IT", years=year))
