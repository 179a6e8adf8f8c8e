"""Roll-ups: each event is read once for statistics, and kept as sets of people by day.

They hold all events up to a number; whoever counts reads the few newer ones besides
(`storage.stats.facts`), so that what is counted never depends on how far the roll-ups are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlmodel import col

from storage.columns import from_ms, to_ms
from storage.locks import Lock, nobody_changes, one_at_a_time
from storage.models import DayCrowd, Event, FirstOffers, RollUp
from storage.stats.crowds import Crowd, packed, unpacked
from storage.stats.happened import Day, First, What, count_questions, days, joined, local_days
from storage.stats.pages import page

PAGE = 20_000
"""Events in a transaction, about: a reply waits for one page at most."""
_LATE = timedelta(hours=1)  # no transaction is open for so long: older ids are all there
_REST = timedelta(days=1)
_AT_ONCE = 500
_DAYS: Any = DayCrowd.__table__  # type: ignore[attr-defined]
_FIRSTS: Any = FirstOffers.__table__  # type: ignore[attr-defined]
_TAKE_OUT = delete(_DAYS).where(
    *(_DAYS.c[name] == bindparam(f"_{name}") for name in ("day", *What._fields))
)


@dataclass(frozen=True, slots=True)
class Upto:
    """The roll-ups hold the events up to this number, by days of this zone."""

    number: int = 0
    zone: str = ""


def held(connection: Connection) -> Upto:
    """How far they are; they stay so until the transaction ends."""
    nobody_changes(connection, Lock.ROLL_UPS)
    return _upto(connection)


def fold(connection: Connection, zone: ZoneInfo, now: datetime, size: int = PAGE) -> int:
    """Take up the next events, all over an hour old; 0 when that was all, else the last's number.

    When the days were those of another zone, everything is counted anew.
    """
    one_at_a_time(connection, Lock.ROLL_UPS)
    upto = _upto(connection)
    if upto.zone != zone.key:
        _begin(connection, zone)
        upto = Upto(zone=zone.key)
    rows, more = page(connection, upto.number, to_ms(now - _LATE), size)
    if not rows:
        return 0
    firsts = read_firsts(connection, {row[1] for row in rows if row[2] == "asked"})
    count_questions(rows, firsts)
    _keep_firsts(connection, firsts)
    for day, new in days(rows, zone).items():
        kept = crowds_of(connection, day)
        both = joined(kept, new)
        _store(connection, day, {what: both[what] for what in both if both[what] != kept.get(what)})
    connection.execute(update(RollUp).values(upto=rows[-1][0]))
    return rows[-1][0] if more else 0


def newest(connection: Connection) -> int:
    """The number of the last event."""
    return connection.execute(select(func.max(col(Event.id)))).scalar() or 0


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether an event has waited for longer than a day."""
    upto = _upto(connection).number
    after = select(col(Event.at)).where(col(Event.id) > upto, col(Event.contact_id).is_not(None))
    at = connection.execute(after.order_by(col(Event.id)).limit(1)).scalar()
    return at is not None and at < now - _REST


def forget(connection: Connection, contact_id: int) -> None:
    """Take somebody out of all sets; to be called before their events lose them."""
    one_at_a_time(connection, Lock.ROLL_UPS)
    upto = _upto(connection)
    if not upto.number:
        return
    day_of = local_days(ZoneInfo(upto.zone))
    moments = connection.execute(select(col(Event.at)).where(col(Event.contact_id) == contact_id))
    for day in sorted({day_of(to_ms(at)) for (at,) in moments}):
        kept = crowds_of(connection, day)
        rest = {what: some & ~(1 << contact_id) for what, some in kept.items()}
        _store(connection, day, {what: rest[what] for what in rest if rest[what] != kept[what]})


def crowds_of(connection: Connection, day: date) -> Day:
    """Who did what on that day, as far as they are."""
    t = _DAYS.c
    query = select(t.kind, t.flow, t.step, t.key, t.people).where(t.day == day)
    return {What(*row[:4]): unpacked(row[4]) for row in connection.execute(query)}


def read_firsts(connection: Connection, of: Iterable[int]) -> dict[int, First]:
    """What is known of these contacts' first offers."""
    found, ids = {}, sorted(of)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        for row in connection.execute(select(_FIRSTS).where(_FIRSTS.c.contact_id.in_(some))):
            found[row.contact_id] = First(row.questions, to_ms(row.at) if row.at else None)
    return found


def _keep_firsts(connection: Connection, firsts: dict[int, First]) -> None:
    rows = [
        {"contact_id": who, "questions": one.questions, "at": from_ms(one.at) if one.at else None}
        for who, one in sorted(firsts.items())
    ]
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        ids = [row["contact_id"] for row in some]
        connection.execute(delete(_FIRSTS).where(_FIRSTS.c.contact_id.in_(ids)))
        connection.execute(insert(_FIRSTS), some)


def _store(connection: Connection, day: date, new: dict[What, Crowd]) -> None:
    if gone := [{f"_{name}": value for name, value in _key(day, what)} for what in new]:
        connection.execute(_TAKE_OUT, gone)
    rows = [dict(_key(day, what), people=packed(some)) for what, some in new.items() if some]
    if rows:
        connection.execute(insert(_DAYS), rows)


def _key(day: date, what: What) -> tuple[tuple[str, Any], ...]:
    return ("day", day), *what._asdict().items()


def _begin(connection: Connection, zone: ZoneInfo) -> None:
    for table in (_DAYS, _FIRSTS, RollUp.__table__):  # type: ignore[attr-defined]
        connection.execute(delete(table))
    connection.execute(insert(RollUp).values(id=1, zone=zone.key, upto=0))


def _upto(connection: Connection) -> Upto:
    row = connection.execute(select(col(RollUp.upto), col(RollUp.zone))).first()
    return Upto(row[0], row[1]) if row else Upto()
