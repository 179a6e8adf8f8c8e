"""Statistics counted slowly, in plain Python, from lists of everything that happened.

Nothing here is shared with `storage.stats` but the periods' days and the names of comuni.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from storage.gazetteer import load_gazetteer
from storage.stats.scope import Scope

OFFER_TOPICS = ("job", "training", "housing", "transport", "childcare", "community", "service")
INTENTS_OF_OFFERS = ("job", "training", "housing", "transport", "childcare", "trail_event")


@dataclass
class Somebody:
    """A person; ``last`` is the channel of their address."""

    id: int
    language: str
    created: datetime
    comune: str = ""
    age: str = ""
    needs: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    last: str = "simulator"


@dataclass
class Fact:
    """An event, in the order in which they were written."""

    who: int
    at: datetime
    channel: str
    kind: str
    flow: str
    step: str
    key: str


@dataclass
class World:
    """All there is; ``topics`` are those of the offers that exist; appointments have no end."""

    people: dict[int, Somebody] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    topics: dict[str, str] = field(default_factory=dict)
    interests: list[tuple[int, str, datetime]] = field(default_factory=list)
    wishes: list[tuple[int, str, str, datetime]] = field(default_factory=list)
    appointments: list[tuple[int, str, str, datetime, datetime]] = field(default_factory=list)
    tickets: list[tuple[int, str, datetime, datetime | None]] = field(default_factory=list)

    def forget(self, id: int) -> None:
        """Erased: what is theirs is gone, but for past appointments."""
        del self.people[id]
        self.facts = [one for one in self.facts if one.who != id]
        self.interests = [one for one in self.interests if one[0] != id]
        self.wishes = [one for one in self.wishes if one[0] != id]
        self.tickets = [one for one in self.tickets if one[0] != id]


Counts = dict[str, set[tuple[object, ...]]]


class Slow:
    """The tables of one world and scope, as sets of rows."""

    def __init__(self, world: World, scope: Scope) -> None:
        self.world, self.scope = world, scope
        self.facts = [one for one in world.facts if self.within(one.at)]
        self.channel = self._channels()
        self.active = {
            id: one
            for id, one in world.people.items()
            if id in self.channel and self._fits(one, self.channel[id])
        }
        self.known = {id: one for id, one in world.people.items() if self._fits(one, one.last)}

    def within(self, at: datetime) -> bool:
        """By the local day."""
        return self.scope.first <= at.astimezone(self.scope.zone).date() <= self.scope.last

    def tables(self) -> Counts:
        """Those of the tables that stand here."""
        return {
            **self._people(),
            "questions": self._questions(),
            "intake": self._intake(),
            "offers": self._offers(),
            "appointments": self._appointments(),
            "rides": self._rides(),
            "tickets": self._tickets(),
            "outcomes": self._ladder(),
            "needs": self._needs(),
            "needs_by_group": self._needs_by_group(),
            "unmet": self._unmet(),
            "work": self._work(),
            "quality": self._quality(),
        }

    def _fits(self, one: Somebody, channel: str) -> bool:
        wanted = (self.scope.comune, self.scope.language, self.scope.channel)
        has = (one.comune, one.language, channel)
        return all(want in ("", got) for want, got in zip(wanted, has, strict=True))

    def _channels(self) -> dict[int, str]:
        last: dict[int, tuple[object, ...]] = {}
        for place, one in enumerate(self.facts):
            day = one.at.astimezone(self.scope.zone).date()
            at = (bool(one.channel), day, place, one.channel)
            last[one.who] = max(last.get(one.who, at), at)
        return {who: str(found[3]) for who, found in last.items()}

    def _did(self, *kinds: str, flow: str = "") -> list[Fact]:
        return [
            one
            for one in self.facts
            if one.who in self.active and one.kind in kinds and flow in ("", one.flow)
        ]

    def _group(self, id: int, name: str, *, now: bool = False) -> str:
        one = self.world.people[id]
        match name:
            case "language":
                return one.language
            case "channel":
                return (one.last if now else self.channel[id]) or "unknown"
            case "comune":
                return town(one.comune)
            case "age":
                return one.age or "unknown"
        return "unknown"

    def _people(self) -> Counts:
        found: Counts = {}
        for name in ("language", "channel", "comune", "age", "situation"):
            rows: set[tuple[object, ...]] = set()
            groups = {self._group(id, name) for id in self.active}
            for group in groups | {"all"}:
                ids = [id for id in self.active if group in ("all", self._group(id, name))]
                new = sum(self.within(self.active[id].created) for id in ids)
                rows.add((group, new, len(ids) - new, len(ids)))
            found[f"people_by_{name}"] = rows
        return found

    def _outcomes(self) -> dict[str, dict[int, str]]:
        found: dict[str, dict[int, str]] = {}
        for asked in self._did("question", flow="answer"):
            turns: dict[datetime, int] = {}
            mine = [
                one
                for one in self._did("question", "unsure", "nothing_fits", flow="answer")
                if (one.who, one.step) == (asked.who, asked.step)
            ]
            for one in mine:
                turns[one.at] = turns.get(one.at, 0) + (1 if one.kind == "question" else -1)
            best = "unsure"
            if any(one.kind == "nothing_fits" for one in mine):
                best = "nothing_fits"
            if any(more > 0 for more in turns.values()):
                best = "answered"
            found.setdefault(asked.step, {})[asked.who] = best
        return found

    def _questions(self) -> set[tuple[object, ...]]:
        desk = {one.who for one in self._did("started", flow="person")}
        rows = set()
        for intent, some in self._outcomes().items():
            best = list(some.values())
            parts = [best.count(name) for name in ("answered", "nothing_fits", "unsure")]
            rows.add((intent, *parts, len(best), len(desk & set(some))))
        return rows

    def _intake(self) -> set[tuple[object, ...]]:
        rows: set[tuple[object, ...]] = set()
        for step in {one.step for one in self._did("asked", flow="intake")}:
            reached = {o.who for o in self._did("asked", flow="intake") if o.step == step}
            answered = {o.who for o in self._did("answered", flow="intake") if o.step == step}
            for language in {"all", *(self.active[id].language for id in reached)}:
                some = {i for i in reached if language in ("all", self.active[i].language)}
                stayed = len(some & answered)
                rows.add((step, language, stayed, len(some) - stayed, len(some)))
        return rows

    def _offers(self) -> set[tuple[object, ...]]:
        rows: set[tuple[object, ...]] = set()
        did = self._did("started", "answered", flow="browse")
        for topic in OFFER_TOPICS:
            listed = {
                one.who
                for one in did
                if one.key == topic and (one.kind == "started" or one.step == "topic")
            }
            looked = {
                one.who
                for one in did
                if one.step == "offer" and self.world.topics.get(one.key) == topic
            }
            keen = {
                who
                for who, listing, at in self.world.interests
                if who in self.active and self.within(at) and self.world.topics[listing] == topic
            }
            reached = keen & self._reached(topic, "contacted")  # the desk met nobody
            rows.add((topic, len(listed), len(looked), len(keen), len(reached)))
        return rows

    def _reached(self, topic: str, rung: str) -> set[int]:
        return {one.who for one in self._did("outcome", flow=topic) if one.step == rung}

    def _ladder(self) -> set[tuple[object, ...]]:
        rungs = ("interested", "contacted", "interview", "started", "still_30", "still_90")
        return {
            (topic, *(len(self._reached(topic, rung)) for rung in rungs))
            for topic in ("job", "training")
        }

    def _all_or_active(self, who: int) -> bool:
        narrow = self.scope.comune or self.scope.language or self.scope.channel
        return who in self.active or not narrow

    def _appointments(self) -> set[tuple[object, ...]]:
        some = [
            one
            for one in self.world.appointments
            if self.within(one[3]) and self._all_or_active(one[0])
        ]
        rows: set[tuple[object, ...]] = set()
        for topic in {one[1] for one in some} | {"all"}:
            here = [one for one in some if topic in ("all", one[1])]
            states = [one[2] for one in here]
            names = ("booked", "moved", "cancelled", "attended", "no_show")
            lead = [(one[4] - one[3]).total_seconds() / 86_400 for one in here]
            middle = round(median(lead), 1) if lead else None
            rows.add((topic, *map(states.count, names), len(here), middle))
        return rows

    def _rides(self) -> set[tuple[object, ...]]:
        rides = self._did("ride", flow="ride")
        asked = {(one.key, one.who) for one in rides if one.step == "asked"}
        met = asked & {(one.key, one.who) for one in rides if one.step == "confirmed"}
        missed = {
            (origin, who)
            for who, origin, _, at in self.world.wishes
            if who in self.active and self.within(at)
        }
        rows: set[tuple[object, ...]] = set()
        for where in {place for place, _ in asked | missed}:
            count, had = (sum(one[0] == where for one in some) for some in (asked, met))
            unmet = sum(one[0] == where for one in missed)
            rows.add((town(where), had, count - had, count, unmet))
        return rows

    def _tickets(self) -> set[tuple[object, ...]]:
        some = [
            one for one in self.world.tickets if self.within(one[2]) and self._all_or_active(one[0])
        ]
        rows: set[tuple[object, ...]] = set()
        for reason in {one[1] for one in some} | {"all"}:
            here = [one for one in some if reason in ("all", one[1])]
            hours = [(one[3] - one[2]).total_seconds() / 3600 for one in here if one[3]]
            middle = round(median(hours), 1) if hours else None
            count = (len(hours), len(here) - len(hours), len(here), 0, None, middle)
            rows.add((reason, *count))
        return rows

    def _needs(self) -> set[tuple[object, ...]]:
        rows: set[tuple[object, ...]] = set()
        for need in {need for one in self.known.values() for need in one.needs}:
            homes = [one.comune for one in self.known.values() if need in one.needs]
            rows |= {(need, town(home), homes.count(home), 0, 0) for home in homes}
            rows.add((need, "all", len(homes), 0, 0))
        return rows

    def _needs_by_group(self) -> set[tuple[object, ...]]:
        rows: set[tuple[object, ...]] = set()
        for need in {need for one in self.known.values() for need in one.needs}:
            ids = [id for id, one in self.known.items() if need in one.needs]
            for by in ("language", "age", "situation"):
                groups = [self._group(id, by, now=True) for id in ids]
                rows |= {(need, by, group, groups.count(group)) for group in groups}
                rows.add((need, by, "all", len(ids)))
        return rows

    def _unmet(self) -> set[tuple[object, ...]]:
        found = set()
        for one in self._did("nothing_fits", "refused", "gap"):
            if one.kind == "nothing_fits":
                topic = "community" if one.step == "trail_event" else one.step
                found.add((one.kind, topic, "", one.who))
            else:
                found.add((one.kind, one.flow or "unknown", one.step, one.who))
        for who, _, reason, at in self.world.wishes:
            if self.within(at):
                found.add(("ride", "transport", reason, who))
        rows: set[tuple[object, ...]] = set()
        for which in {one[:3] for one in found}:
            here = [one[3] for one in found if one[:3] == which and one[3] in self.known]
            homes = [town(self.known[id].comune) for id in here]
            rows |= {(*which, home, homes.count(home)) for home in homes}
            rows |= {(*which, "all", len(homes))} if homes else set()
        return rows

    def _work(self) -> set[tuple[object, ...]]:
        wanted = [(s, town(one.comune)) for one in self.known.values() for s in one.sectors]
        wanted += [(sector, "all") for sector, _ in wanted]
        return {(*which, 0, wanted.count(which), wanted.count(which), 0) for which in wanted}

    def _quality(self) -> set[tuple[object, ...]]:
        outcomes = self._outcomes()
        asked = {who for some in outcomes.values() for who in some}
        good = {w for some in outcomes.values() for w, best in some.items() if best == "answered"}
        begun = {one.who for one in self._did("started", flow="intake")}
        done = {one.who for one in self._did("told", flow="intake") if one.step == "saved"}
        lists = (("browse", "offer"), ("answer", "offers"))
        shown = {one.who for one in self._did("asked") if (one.flow, one.step) in lists}
        for intent, best in outcomes.items():
            if intent in INTENTS_OF_OFFERS:
                shown |= {who for who, found in best.items() if found == "answered"}
        rows: set[tuple[object, ...]] = set()
        for language in {one.language for one in self.active.values()}:
            us = {id for id, one in self.active.items() if one.language == language}
            steps = [n for id in sorted(us) if (n := self._before(id)) is not None]
            pairs = ((us, shown), (us & asked, good), (us & begun, done))
            counts: list[object] = [language]
            for some, got in pairs:
                counts += [len(some), share(some & got, some)]
            counts.insert(2, len(us & shown))
            rows.add((*counts, len(steps), median(steps) if steps else None))
        return rows

    def _before(self, id: int) -> int | None:
        """Questions before the first list that they ever saw, where that was in the period."""
        count = 0
        for one in self.world.facts:
            if one.who != id or one.kind != "asked":
                continue
            if (one.flow, one.step) in (("browse", "offer"), ("answer", "offers")):
                return count if self.within(one.at) else None
            count += 1
        return None


def town(istat: str) -> str:
    """A comune's name."""
    place = load_gazetteer().get(istat)
    return place.name if place else istat or "unknown"


def share(part: Iterable[int], whole: Iterable[int]) -> int | None:
    """In a hundred."""
    some, all_ = list(part), list(whole)
    return round(100 * len(some) / len(all_)) if all_ else None
