"""Statistics counted slowly, in plain Python, from lists of everything that happened.

Nothing here is shared with `storage.stats` but the periods' days and the names of comuni.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from statistics import median

from storage.gazetteer import load_gazetteer
from storage.stats.scope import Scope
from tests.slow_world import Fact, Offer, Request, Sending, Somebody, World

OFFER_TOPICS = ("job", "training", "housing", "transport", "childcare", "community", "service")
INTENTS_OF_OFFERS = ("job", "training", "housing", "transport", "childcare", "trail_event")


Counts = dict[str, set[tuple[object, ...]]]


class Slow:
    """The tables of one world and scope, as sets of rows."""

    def __init__(self, world: World, scope: Scope, today: date) -> None:
        self.world, self.scope = world, scope
        self.shown = [one for one in world.offers.values() if self._here(one) and one.shown(today)]
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
        """All of them."""
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
            "answer_times": self._answer_times(),
            "needs_by_hour": self._needs_by_hour(),
            "work_over_time": self._work_over_time(),
            "broadcasts": {self._broadcast(one) for one in self.world.sendings if self._began(one)},
        }

    def _here(self, one: Offer) -> bool:
        return self.scope.comune in ("", one.comune)

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
                one.who for one in did if one.step == "offer" and self._topic(one.key) == topic
            }
            keen = [
                (who, at)
                for who, listing, at in self.world.interests
                if who in self.active and self.within(at) and self._topic(listing) == topic
            ]
            said = self._reached(topic, "contacted")
            reached = {who for who, at in keen if who in said or self._met_since(who, at)}
            liked = {who for who, _ in keen}
            rows.add((topic, len(listed), len(looked), len(liked), len(reached)))
        return rows

    def _topic(self, id: str) -> str:
        return self.world.offers[id].topic if id in self.world.offers else ""

    def _met_since(self, who: int, at: datetime) -> bool:
        """Seen at an appointment or answered by the desk, in the period."""
        came = [
            one.starts for one in self.world.meetings if (one.who, one.status) == (who, "attended")
        ]
        answers = [one.replied for one in self.world.requests if one.who == who and one.replied]
        return any(self.within(moment) and moment >= at for moment in came + answers)

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
            for one in self.world.meetings
            if self.within(one.made) and self._all_or_active(one.who)
        ]
        rows: set[tuple[object, ...]] = set()
        for topic in {one.topic for one in some} | {"all"}:
            here = [one for one in some if topic in ("all", one.topic)]
            states = [one.status for one in here]
            names = ("booked", "moved", "cancelled", "attended", "no_show")
            lead = [(one.starts - one.made).total_seconds() / 86_400 for one in here]
            middle = round(median(lead), 1) if lead else None
            rows.add((topic, *map(states.count, names), len(here), middle))
        return rows

    def _rides(self) -> set[tuple[object, ...]]:
        rides = self._did("ride", flow="ride")
        asked = {(one.key, one.who) for one in rides if one.step == "asked"}
        met = asked & {(one.key, one.who) for one in rides if one.step == "confirmed"}
        missed = {
            (one.origin, one.who)
            for one in self.world.wishes
            if one.who in self.active and self.within(one.at)
        }
        rows: set[tuple[object, ...]] = set()
        for where in {place for place, _ in asked | missed}:
            count, had = (sum(one[0] == where for one in some) for some in (asked, met))
            unmet = sum(one[0] == where for one in missed)
            rows.add((town(where), had, count - had, count, unmet))
        return rows

    def _opened(self) -> list[Request]:
        return [
            one
            for one in self.world.requests
            if self.within(one.opened) and self._all_or_active(one.who)
        ]

    def _tickets(self) -> set[tuple[object, ...]]:
        some = self._opened()
        rows: set[tuple[object, ...]] = set()
        for reason in {one.reason for one in some} | {"all"}:
            here = [one for one in some if reason in ("all", one.reason)]
            closed = [in_hours(one.closed - one.opened) for one in here if one.closed]
            replied = [in_hours(one.replied - one.opened) for one in here if one.replied]
            count = (len(closed), len(here) - len(closed), len(here), len(replied))
            rows.add((reason, *count, middle(replied), middle(closed)))
        return rows

    def _answer_times(self) -> set[tuple[object, ...]]:
        """Without those whom the desk wrote to first; who did nothing then has no language."""
        some = [one for one in self._opened() if one.reason != "desk"]
        ids = {one.who for one in some}
        language = dict.fromkeys(ids, "unknown")
        language |= {id: self._group(id, "language") for id in ids & set(self.active)}
        rows: set[tuple[object, ...]] = set()
        for group in {*language.values(), "all"}:
            here = [one for one in some if group in ("all", language[one.who])]
            waits = [in_hours(one.replied - one.opened) for one in here if one.replied]
            soon = share([wait for wait in waits if wait <= 24], here)
            counts = (len(waits), len(here) - len(waits), len(here), soon, middle(waits))
            rows.add((group, *counts))
        return rows

    def _began(self, one: Sending) -> bool:
        return self.within(one.started)

    def _broadcast(self, one: Sending) -> tuple[object, ...]:
        """To whoever it went, whatever the filters."""
        states = [letter.status for letter in one.letters]
        parts = [states.count("read"), states.count("delivered")]
        parts.append(states.count("sent") + states.count("unknown"))
        stops = [
            letter.stopped if letter.counted else any(map(letter.was_stop, self.world.facts))
            for letter in one.letters
        ]
        tapped = {
            fact.who
            for fact in self.world.facts
            if (fact.kind, fact.flow, fact.step, fact.key) == ("did", "news", "tapped", str(one.id))
        }
        other = len(states) - sum(parts)
        return (f"{one.id} {one.name}", *parts, other, len(states), len(tapped), sum(stops))

    def _needs(self) -> set[tuple[object, ...]]:
        wanted = [(need, one.comune) for one in self.known.values() for need in one.needs]
        offered = [(one.topic, one.comune, one.places or 0) for one in self.shown]
        rows: set[tuple[object, ...]] = set()
        for need in {one[0] for one in wanted} | {one[0] for one in offered}:
            homes = [home for what, home in wanted if what == need]
            here = [(where, places) for what, where, places in offered if what == need]
            rows |= beside((need,), homes, here)
        return rows

    def _needs_by_hour(self) -> set[tuple[object, ...]]:
        wanted = {(one.flow, one.step, one.who) for one in self._did("wanted")}
        wanted |= {
            ("transport", one.band, one.who)
            for one in self.world.wishes
            if one.band and self.within(one.at)
        }
        workers = [one for one in self.known.values() if "job" in one.needs]
        wanted |= {("job", part, one.id) for one in workers for part in one.times}
        offered = [
            (one.topic, part, one.comune, one.places or 0)
            for one in self.shown
            for part in one.parts
        ]
        wanted = {which for which in wanted if which[2] in self.known}
        rows: set[tuple[object, ...]] = set()
        for need in {one[:2] for one in wanted} | {one[:2] for one in offered}:
            homes = [self.known[which[2]].comune for which in wanted if which[:2] == need]
            here = [which[2:] for which in offered if which[:2] == need]
            rows |= beside(need, homes, here)
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
        for wish in self.world.wishes:
            if self.within(wish.at):
                found.add(("ride", "transport", wish.reason, wish.who))
        rows: set[tuple[object, ...]] = set()
        for which in {one[:3] for one in found}:
            here = [one[3] for one in found if one[:3] == which and one[3] in self.known]
            homes = [town(self.known[id].comune) for id in here]
            rows |= {(*which, home, homes.count(home)) for home in homes}
            rows |= {(*which, "all", len(homes))} if homes else set()
        return rows

    def _work(self) -> set[tuple[object, ...]]:
        wanted = [
            (sector, town(one.comune), one.experience in ("year", "years"))
            for one in self.known.values()
            for sector in one.sectors
        ]
        jobs = [(one.sector or "unknown", town(one.comune)) for one in self.shown if is_job(one)]
        wanted += [(sector, "all", able) for sector, _, able in wanted]
        jobs += [(sector, "all") for sector, _ in jobs]
        rows: set[tuple[object, ...]] = set()
        for sector, where in {one[:2] for one in wanted} | set(jobs):
            counts = [wanted.count((sector, where, able)) for able in (True, False)]
            rows.add((sector, where, *counts, sum(counts), jobs.count((sector, where))))
        return rows

    def _work_over_time(self) -> set[tuple[object, ...]]:
        """A person once in each part of the year, whether they asked or first wrote then."""
        part = self._calendar()
        asked = {
            (one.step, part[day], one.who)
            for one in self.world.facts
            if one.kind == "sought" and one.who in self.known and (day := self._day(one.at)) in part
        }
        asked |= {
            (sector, part[day], one.id)
            for one in self.known.values()
            for sector in one.sectors
            if (day := self._day(one.created)) in part
        }
        published = [
            (one.sector or "unknown", part[day])
            for one in self.world.offers.values()
            if is_job(one) and self._here(one)
            if one.since and (day := self._day(one.since)) in part
        ]
        people = [one[:2] for one in asked]
        return {
            (sector, name, people.count((sector, name)), published.count((sector, name)))
            for sector, _ in (*people, *published)
            for name in set(part.values())
        }

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.scope.zone).date()

    def _calendar(self) -> dict[date, str]:
        """Each day's month, or its quarter where there are more than six months."""
        length = (self.scope.last - self.scope.first).days + 1
        days = [self.scope.first + timedelta(days=day) for day in range(length)]
        if len({(day.year, day.month) for day in days}) > 6:
            return {day: f"{day.year}-Q{(day.month - 1) // 3 + 1}" for day in days}
        return {day: day.strftime("%Y-%m") for day in days}

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


def beside(
    need: tuple[str, ...], homes: list[str], offers: list[tuple[str, int]]
) -> set[tuple[object, ...]]:
    """By comune and of all: people, offers, and places in them."""
    rows: set[tuple[object, ...]] = set()
    for where in {*homes, *(place for place, _ in offers), "all"}:
        places = [count for place, count in offers if where in ("all", place)]
        people = sum(where in ("all", home) for home in homes)
        name = where if where == "all" else town(where)
        rows.add((*need, name, people, len(places), sum(places)))
    return rows


def is_job(one: Offer) -> bool:
    """Other offers may name a kind of work, too."""
    return one.topic == "job"


def in_hours(span: timedelta) -> float:
    """With their fractions."""
    return span.total_seconds() / 3600


def middle(hours: list[float]) -> float | None:
    """The median, where there is one."""
    return round(median(hours), 1) if hours else None


def share(part: Iterable[object], whole: Iterable[object]) -> int | None:
    """In a hundred."""
    some, all_ = list(part), list(whole)
    return round(100 * len(some) / len(all_)) if all_ else None
