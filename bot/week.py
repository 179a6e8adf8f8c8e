"""A week of the desk's agenda as a table of dots."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.agenda.rules import Place, Rules
from flows.agenda.slots import Taken, open_on


def week(
    rules: Rules, taken: Taken, monday: date, zone: ZoneInfo, only: str = ""
) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: an hour of the grid each, ● for a taken room and ○ for a free one.

    A place that is closed then shows nothing. Days on which nothing is open are left out.
    """
    places = [place for place in rules.places if only in ("", place.id)]
    days = [monday + timedelta(days=n) for n in range(7)]
    cells = {day: _day(rules, taken, places, day, zone) for day in days}
    shown = [day for day in days if cells[day]]
    hours = sorted({at for day in shown for at in cells[day]})
    rows = [[f"{at:%H:%M}", *(cells[day].get(at, "") for day in shown)] for at in hours]
    return ["", *(f"{day:%a %d %b}" for day in shown)], rows


def _day(
    rules: Rules, taken: Taken, places: Iterable[Place], day: date, zone: ZoneInfo
) -> dict[time, str]:
    found: dict[time, str] = {}
    for place in places:
        for span in open_on(rules, place, day, zone):
            at = span.start
            while at < span.end:
                local = at.astimezone(zone).time()
                found[local] = found.get(local, "") + _dots(place, taken, at, rules.grid)
                at += timedelta(minutes=rules.grid)
    return found


def _dots(place: Place, taken: Taken, at: datetime, grid: int) -> str:
    quarters = [at.astimezone(UTC) + timedelta(minutes=n) for n in range(0, grid, 15)]
    busy = sum(
        any((f"room:{place.id}:{room}", quarter) in taken for quarter in quarters)
        for room in range(1, place.rooms + 1)
    )
    return "●" * busy + "○" * (place.rooms - busy)
