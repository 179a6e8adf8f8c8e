"""Who did what in a period: from the roll-ups, and from the events that are not in them yet."""

from collections import defaultdict
from collections.abc import Container, Iterator
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from storage.columns import to_ms
from storage.models import DayCrowd, FirstOffers
from storage.stats.crowds import NOBODY, Crowd, members, unpacked
from storage.stats.happened import SEEN, Day, First, What, count_questions, days, joined
from storage.stats.pages import events_after
from storage.stats.rollups import held, read_firsts
from storage.stats.scope import Scope

_DAYS: Any = DayCrowd.__table__  # type: ignore[attr-defined]


class Facts:
    """What was done in a period by whoever is not erased; the same with roll-ups and without."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        upto = held(connection)
        self.connection, self.scope = connection, scope
        self._upto = upto.number if upto.zone == scope.zone.key else 0
        self._between = to_ms(scope.starts), to_ms(scope.ends)
        late = events_after(connection, self._upto, between=self._between)
        self._late = days(late, scope.zone)

    def who(self, kind: str, flow: str = "") -> dict[What, Crowd]:
        """Who did each thing of this kind, in this flow or in any."""
        found: dict[What, Crowd] = defaultdict(int)
        for what, some in self._kept(kind, flow):
            found[what] |= some
        for day in self._late.values():
            for what, some in day.items():
                if what.kind == kind and flow in ("", what.flow):
                    found[what] |= some
        return found

    def channels(self) -> dict[str, Crowd]:
        """Everybody who did something, by the channel where they did so on the last day."""
        found: dict[str, Crowd] = defaultdict(int)
        known = NOBODY
        by_day = self._seen()
        for day in sorted(by_day, reverse=True):
            spoke = {what.key: some & ~known for what, some in by_day[day].items() if what.key}
            for channel, some in spoke.items():
                found[channel] |= some
                known |= some
        for day in by_day.values():
            found[""] |= day.get(What(SEEN), NOBODY)
        found[""] &= ~known
        return found

    def first_offers(self) -> dict[int, int]:
        """How many questions were put to each before the first offers, seen in the period."""
        low, high = self._between
        firsts = self._firsts()
        return {
            who: one.questions
            for who, one in firsts.items()
            if one.at is not None and low <= one.at < high
        }

    def _firsts(self) -> dict[int, First]:
        f = FirstOffers
        kept = select(col(f.contact_id), col(f.questions), col(f.at)).where(
            col(f.at) >= self.scope.starts, col(f.at) < self.scope.ends
        )
        rows = self.connection.execute(kept) if self._upto else ()
        firsts = {who: First(questions, to_ms(at)) for who, questions, at in rows if at}
        late = [row for row in events_after(self.connection, self._upto) if row[2] == "asked"]
        news = {row[1] for row in late} - firsts.keys()
        known = read_firsts(self.connection, news) if self._upto else {}
        count_questions((row for row in late if row[1] in news), known)
        return firsts | known

    def _kept(self, kind: str, flow: str) -> Iterator[tuple[What, Crowd]]:
        t, scope = _DAYS.c, self.scope
        query = select(t.kind, t.flow, t.step, t.key, t.people).where(
            t.kind == kind, t.day >= scope.first, t.day <= scope.last
        )
        if flow:
            query = query.where(t.flow == flow)
        if self._upto:
            for row in self.connection.execute(query.execution_options(yield_per=1000)):
                yield What(*row[:4]), unpacked(row[4])

    def _seen(self) -> dict[Any, Day]:
        t, scope = _DAYS.c, self.scope
        query = select(t.day, t.key, t.people).where(
            t.kind == SEEN, t.day >= scope.first, t.day <= scope.last
        )
        found: dict[Any, Day] = defaultdict(dict)
        for row in self.connection.execute(query) if self._upto else ():
            found[row[0]][What(SEEN, key=row[1])] = unpacked(row[2])
        for day, new in self._late.items():
            seen = {what: some for what, some in new.items() if what.kind == SEEN}
            found[day] = joined(found[day], seen)
        return found


def done(
    facts: Facts, persons: Container[int], kinds: tuple[str, ...], flow: str = ""
) -> Iterator[tuple[int, What]]:
    """What each of these people did in the period, once each."""
    for kind in kinds:
        for what, some in facts.who(kind, flow).items():
            for who in members(some):
                if who in persons:
                    yield who, what
