"""Which hours exist and are free: pure, from the rules and what is taken."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from flows.agenda.rules import QUARTER, Colleague, Place, Rules, Span, clock, this_week, weekday
from flows.hours import Hours

REQUEST_NOTICE = timedelta(hours=24)
"""A mediator who has to be called is asked a day before."""

Taken = Collection[tuple[str, datetime]]
"""(resource, quarter of an hour) pairs: who or what is busy when."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour that is free at a place. ``starts`` is aware, in UTC."""

    place: str
    starts: datetime
    minutes: int

    @property
    def key(self) -> str:
        """What names it in an option: it stays the same whatever else is booked."""
        return f"{self.place}.{int(self.starts.timestamp()) // 60}"

    @property
    def ends(self) -> datetime:
        """When it is over."""
        return self.starts + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody needs: a topic, a language (empty: any) and a place (empty: any)."""

    topic: str
    language: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who would be there: a colleague, and a mediator when they do not speak the language."""

    colleague: str
    mediator: str = ""
    room: int = 1


def slot_of(key: str, minutes: int) -> Slot | None:
    """What `Slot.key` names, or None."""
    place, _, number = key.rpartition(".")
    if not place or not number.isascii() or not number.isdecimal() or len(number) > 10:
        return None
    return Slot(place, datetime.fromtimestamp(int(number) * 60, UTC), minutes)


def quarters(start: datetime, end: datetime) -> list[datetime]:
    """Every quarter of the clock that an appointment touches.

    Two that overlap share one, whenever they begin: what is taken by quarters is never taken twice.
    """
    at = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
    found = [at]
    while (at := at + QUARTER) < end:
        found.append(at)
    return found


def free(rules: Rules, wish: Wish, taken: Taken, now: datetime, zone: ZoneInfo) -> Iterator[Slot]:
    """The free hours that meet a wish, the soonest first."""
    minutes, busy = rules.topics.get(wish.topic, 0), _by_quarter(taken)
    today, first = now.astimezone(zone).date(), now + rules.notice
    for ahead in range(rules.ahead + 1 if minutes else 0):
        day, found = today + timedelta(days=ahead), []
        for place in rules.places:
            if wish.place not in ("", place.id):
                continue
            spans = open_on(rules, place, day, zone)
            duty = _on_duty(rules, place, day, zone) if spans else []
            found += [
                slot
                for slot in _cut(rules, place, spans, minutes)
                if slot.starts >= first and any(_crews(place, duty, slot, wish.language, busy, now))
            ]
        yield from sorted(found, key=lambda slot: (slot.starts, slot.place))


def crews(
    rules: Rules, slot: Slot, language: str, taken: Taken, now: datetime, zone: ZoneInfo
) -> list[Crew]:
    """Who could take this slot, best first; none when it does not exist or nobody can.

    Whoever speaks the language comes before whoever needs a mediator. With an empty ``language``
    anybody will do.
    """
    place, day = rules.place(slot.place), slot.starts.astimezone(zone).date()
    if place is None or slot.starts < now + rules.notice:
        return []
    if slot not in _cut(rules, place, open_on(rules, place, day, zone), slot.minutes):
        return []
    duty = _on_duty(rules, place, day, zone)
    return list(_crews(place, duty, slot, language, _by_quarter(taken), now))


_Busy = Mapping[datetime, Collection[str]]


def _by_quarter(taken: Taken) -> _Busy:
    busy: dict[datetime, set[str]] = defaultdict(set)
    for resource, at in taken:
        busy[at].add(resource)
    return dict(busy)


def _crews(
    place: Place, duty: list["_Duty"], slot: Slot, language: str, busy: _Busy, now: datetime
) -> Iterator[Crew]:
    """One at a time: for most hours of many weeks it only matters whether there is one."""
    starts, ends = slot.starts, slot.ends
    gone = {who for at in quarters(starts, ends) for who in busy.get(at, ())}
    room = next((n for n in range(1, place.rooms + 1) if f"room:{place.id}:{n}" not in gone), 0)
    if not room:
        return
    there = [
        one
        for one, spans in duty
        if f"staff:{one.id}" not in gone and any(span.holds(starts, ends) for span in spans)
    ]
    able = [one for one in there if not one.mediates]
    direct = [one for one in able if not language or language in one.languages]
    yield from (Crew(one.id, room=room) for one in direct)
    if direct:
        return
    mediators = [
        one
        for one in there
        if one.mediates
        and language in one.languages
        and (not one.on_request or starts >= now + REQUEST_NOTICE)
    ]
    yield from (Crew(one.id, other.id, room) for other in mediators for one in able)


def still_possible(rules: Rules, slot: Slot, crew: Crew, zone: ZoneInfo) -> bool:
    """Whether an appointment finds the door open, its room, and everybody who is to be there."""
    place, day = rules.place(slot.place), slot.starts.astimezone(zone).date()
    if place is None or crew.room > place.rooms:
        return False
    there = {
        one.id
        for one, spans in _on_duty(rules, place, day, zone)
        if any(span.holds(slot.starts, slot.ends) for span in spans)
    }
    opened = any(span.holds(slot.starts, slot.ends) for span in open_on(rules, place, day, zone))
    return opened and {crew.colleague, crew.mediator} - {""} <= there


def open_on(rules: Rules, place: Place, day: date, zone: ZoneInfo) -> list[Span]:
    """When a place is open on a day: its week and holidays, then closures and extra hours.

    Of those, the later one counts where they contradict each other.
    """
    spans: list[Span] = []
    holiday = day in rules.holidays or place.patron == f"{day:%m-%d}"
    if not holiday and this_week(place, day):
        spans = _joined(_spans((h for h in place.hours if weekday(day) in h.days), day, zone))
    for special in rules.exceptions:
        if special.day != day or special.place not in ("", place.id):
            continue
        named = _spans(special.hours, day, zone)
        if not special.closes:
            spans = _joined([*spans, *named])
        else:
            spans = _without(spans, named) if special.hours else []
    return spans


def next_open(rules: Rules, now: datetime, zone: ZoneInfo) -> tuple[Place, Span] | None:
    """Where it is open now, the longest, or else where first; within the days one may book."""
    today = now.astimezone(zone).date()
    for ahead in range(rules.ahead + 1):
        day = today + timedelta(days=ahead)
        found = [
            (place, span)
            for place in rules.places
            for span in open_on(rules, place, day, zone)
            if span.end > now
        ]
        if open_now := [pair for pair in found if pair[1].start <= now]:
            return max(open_now, key=lambda pair: pair[1].end)
        if found:
            return min(found, key=lambda pair: pair[1].start)
    return None


def _spans(hours: Iterable[Hours], day: date, zone: ZoneInfo) -> list[Span]:
    return [
        Span(
            datetime.combine(day, clock(h.start), zone).astimezone(UTC),
            datetime.combine(day, clock(h.end), zone).astimezone(UTC),
        )
        for h in hours
        if h.start and h.end
    ]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that do not touch, in order: no hour is offered twice."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def _without(spans: list[Span], closed: list[Span]) -> list[Span]:
    """What is left of ``spans``: cut at every edge, the closed pieces dropped."""
    left = []
    for span in spans:
        edges = sorted(
            {span.start, span.end}
            | {at for c in closed for at in (c.start, c.end) if span.start < at < span.end}
        )
        pieces = [Span(a, b) for a, b in pairwise(edges)]
        left += [p for p in pieces if not any(c.meets(p.start, p.end) for c in closed)]
    return left


def _cut(rules: Rules, place: Place, spans: list[Span], minutes: int) -> Iterator[Slot]:
    """Opening hours as the hours that are offered."""
    for span in spans:
        starts = span.start
        while starts + timedelta(minutes=minutes) <= span.end:
            yield Slot(place.id, starts, minutes)
            starts += timedelta(minutes=rules.grid)


_Duty = tuple[Colleague, list[Span]]


def _on_duty(rules: Rules, place: Place, day: date, zone: ZoneInfo) -> list[_Duty]:
    """Who works at a place on a day, and when."""
    always = [Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))]
    duty = []
    for one in rules.staff:
        if one.places and place.id not in one.places:
            continue
        today = [h for h in one.hours if not h.days or weekday(day) in h.days]
        whole = not one.hours or any(not h.start for h in today)
        if spans := always if whole else _spans(today, day, zone):
            duty.append((one, spans))
    return duty
