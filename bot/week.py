"""A week of the desk's agenda as a table of dots."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.agenda.rules import Place, Rules
from flows.agenda.slots import Taken, open_on


def week(
    rules: Rules, taken: Taken, monday: date, zone: ZoneInfo, only: str = ""
) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: place after place, an hour of the grid in a row, ● taken and ○ free rooms.

    Closed hours are empty; days and places that are closed all week are left out.
    """
    days = [monday + timedelta(days=n) for n in range(7)]
    places = [place for place in rules.places if only in ("", place.id)]
    cells = {
        place.id: {day: _day(rules, taken, place, day, zone) for day in days} for place in places
    }
    shown = [day for day in days if any(cells[place.id][day] for place in places)]
    rows: list[list[str]] = []
    for place in places:
        here = cells[place.id]
        hours = sorted({at for day in shown for at in here[day]})
        if hours:
            rows.append([place.id, *("" for _ in shown)])
        rows += [[f"{at:%H:%M}", *(here[day].get(at, "") for day in shown)] for at in hours]
    return [f"{monday:%b %Y}", *(f"{day:%a %d}" for day in shown)], rows


def _day(rules: Rules, taken: Taken, place: Place, day: date, zone: ZoneInfo) -> dict[time, str]:
    found: dict[time, str] = {}
    for span in open_on(rules, place, day, zone):
        at = span.start
        while at < span.end:
            found[at.astimezone(zone).time()] = _dots(place, taken, at, rules.grid)
            at += timedelta(minutes=rules.grid)
    return found


def _dots(place: Place, taken: Taken, at: datetime, grid: int) -> str:
    quarters = [at.astimezone(UTC) + timedelta(minutes=n) for n in range(0, grid, 15)]
    busy = sum(
        any((f"room:{place.id}:{room}", quarter) in taken for quarter in quarters)
        for room in range(1, place.rooms + 1)
    )
    return "●" * busy + "○" * (place.rooms - busy)
