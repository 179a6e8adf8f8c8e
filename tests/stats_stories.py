"""Random stories of a town."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy import Connection

from storage.erasure import erase
from storage.stats import rollups
from storage.stats.scope import Scope
from tests import stats_town
from tests.memory_rides import MONALE, SETTIME
from tests.slow_world import Fact, Letter, Meeting, Offer, Request, Sending, Wish, World
from tests.stats_town import HOURS, PEOPLE

ZONES = ("Europe/Rome", "Pacific/Auckland", "America/St_Johns", "Asia/Kathmandu")
FIRST, LAST = date(2026, 3, 1), date(2026, 10, 31)  # the clocks change twice in between
EDGES = (FIRST, date(2026, 3, 29), date(2026, 6, 15), date(2026, 10, 25), LAST + timedelta(days=1))
LATER = datetime(2027, 6, 1, tzinfo=UTC)
TODAY = LATER.date()

TURNS = (
    ("started intake . .", "asked intake age ."),
    ("answered intake age 25_34", "asked intake name ."),
    ("answered intake name .", "told intake saved ."),
    ("started browse . job", "asked browse offer ."),
    ("answered browse topic housing", "asked browse offer ."),
    ("answered browse offer job1",),
    ("answered browse offer gone",),
    (f"question answer job {SETTIME}",),
    (f"question answer job {SETTIME}", f"unsure answer job {SETTIME}"),
    (f"question answer job {MONALE}", f"nothing_fits answer job {MONALE}"),
    ("question answer trail_event .", "asked answer offers ."),
    ("question answer job .", "question answer job .", "unsure answer job ."),
    ("started person . .",),
    (f"refused job pay {MONALE}",),
    (f"gap . childcare {MONALE}",),
    (f"ride ride asked {SETTIME}",),
    (f"ride ride confirmed {SETTIME}",),
    ("stopped . . provider",),
    ("outcome job interested .",),
    ("outcome job contacted .", "outcome job interview .", "outcome job started ."),
    ("outcome training contacted .", "outcome training no ."),
    ("outcome training still_30 .", "outcome training still_90 ."),
    (f"wanted childcare evening {SETTIME}", f"gap . childcare {MONALE}"),
    (f"question answer job {SETTIME}", f"wanted job evening {SETTIME}", "sought job care ."),
    ("wanted job night .", f"sought job green {MONALE}", "sought training care ."),
)


@dataclass(frozen=True)
class Turn:
    """Events of one moment: ``minutes`` after midnight at the edge, in UTC."""

    who: int
    what: tuple[str, ...]
    edge: date
    minutes: int
    channel: str


@dataclass(frozen=True)
class Fold:
    """Events are taken up, page by page."""

    size: int


@dataclass(frozen=True)
class Erase:
    """Somebody is forgotten."""

    who: int


@dataclass(frozen=True)
class Move:
    """Somebody lives elsewhere from now on."""

    who: int
    comune: str


@dataclass(frozen=True)
class Publish:
    """An offer is there."""

    what: Offer
    hours: str


@dataclass(frozen=True)
class Like:
    """Somebody is interested in one of the offers that there are."""

    who: int
    place: int
    at: datetime


@dataclass(frozen=True)
class After:
    """What somebody did with a broadcast: ``stops`` so many minutes after it was closed."""

    who: int
    status: str
    taps: int
    stops: int | None


@dataclass(frozen=True)
class Send:
    """A broadcast begins."""

    at: datetime
    after: tuple[After, ...]


@dataclass(frozen=True)
class Tidy:
    """Closed messages are deleted, those of the first so many people."""

    most: int


_WHO = st.integers(1, PEOPLE)
_EDGE = st.sampled_from(EDGES)
_MINUTES = st.one_of(
    st.integers(-3, 3), st.integers(-1500, 1500), st.sampled_from((-720, -345, 150))
)
_CHANNEL = st.sampled_from(("telegram", "whatsapp", "simulator", ""))
_TURN = st.builds(Turn, _WHO, st.sampled_from(TURNS), _EDGE, _MINUTES, _CHANNEL)
_FOLD = st.builds(Fold, st.integers(1, 7))
_PLACE = st.sampled_from((SETTIME, MONALE))
_MOVE = st.builds(Move, _WHO, _PLACE)
_AT = st.builds(lambda edge, minutes: _midnight(edge) + timedelta(minutes=minutes), _EDGE, _MINUTES)
_PUBLISH = st.builds(
    Publish,
    st.builds(
        Offer,
        st.just(""),
        st.sampled_from(("job", "job", "training", "childcare", "service")),
        _PLACE,
        st.sampled_from(("care", "green", "")),
        places=st.sampled_from((None, 0, 2, 5)),
        status=st.sampled_from(("published", "published", "published", "paused")),
        first=st.sampled_from((FIRST, FIRST, TODAY, TODAY + timedelta(days=1))),
        last=st.sampled_from((date(2028, 1, 1), TODAY, TODAY - timedelta(days=1))),
        since=st.one_of(_AT, st.none()),
    ),
    st.sampled_from(tuple(HOURS)),
)


def _meeting(who: int, status: str, made: datetime, starts: datetime) -> Meeting:
    return Meeting(who, "cv", status, min(made, starts), starts)


def _request(who: int, reason: str, opened: datetime, replied: int, closed: int) -> Request:
    """The times are minutes after it was opened, or 0 for never."""
    ends = [opened + timedelta(minutes=after) if after else None for after in (replied, closed)]
    return Request(who, reason, opened, *ends)


_STATUS = st.sampled_from(("attended", "attended", "no_show", "cancelled"))
_REASON = st.sampled_from(("asked", "asked", "emergency", "desk"))
_WAIT = st.sampled_from((0, 30, 1439, 1440, 1441, 4000))
_REQUEST = st.builds(_request, _WHO, _REASON, _AT, _WAIT, _WAIT)
_MEETING = st.builds(_meeting, _WHO, _STATUS, _AT, _AT)
_WISH = st.builds(
    Wish, _WHO, _PLACE, st.sampled_from(("from", "hours")), _AT, st.sampled_from(("", "early"))
)
_AFTER = st.builds(
    After,
    _WHO,
    st.sampled_from(("read", "delivered", "sent", "unknown", "failed", "cancelled", "queued")),
    st.integers(0, 2),
    st.sampled_from((None, None, -6, -5, 0, 1440, 1441)),
)
_SEND = st.builds(Send, _AT, st.lists(_AFTER, max_size=4, unique_by=lambda one: one.who).map(tuple))
_LIKE = st.builds(Like, _WHO, st.integers(0, 9), _AT)
_THINGS = (_PUBLISH, _REQUEST, _MEETING, _WISH, _SEND, _LIKE, _LIKE, st.builds(Tidy, _WHO))
_STEP = st.sampled_from(
    [*[_TURN] * 16, *_THINGS, _FOLD, _FOLD, st.builds(Erase, _WHO), _MOVE]
).flatmap(lambda step: step)
STORY = st.tuples(st.lists(_STEP, min_size=16, max_size=40), st.booleans())
SCOPE = st.builds(
    lambda days, zone, **whom: Scope(days[0], days[1], zone, **whom),
    st.sampled_from(((FIRST, LAST), (FIRST, LAST), (EDGES[2], LAST))),
    st.sampled_from(ZONES).map(ZoneInfo),
    comune=st.sampled_from(("", "", SETTIME)),
    language=st.sampled_from(("", "", "fr")),
    channel=st.sampled_from(("", "", "telegram")),
)


def in_order(story: list[object]) -> list[object]:
    """The same, each turn later than the one before it."""
    turns = iter(
        sorted(
            (step for step in story if isinstance(step, Turn)),
            key=lambda turn: _midnight(turn.edge) + timedelta(minutes=turn.minutes),
        )
    )
    return [next(turns) if isinstance(step, Turn) else step for step in story]


def live(connection: Connection, world: World, story: list[object], zone: ZoneInfo) -> None:
    """What happens, in the database and in the plain lists; sometimes events are taken up."""
    for number, step in enumerate(story):
        if getattr(step, "who", None) not in {*world.people, None}:
            continue
        match step:
            case Fold(size):
                while rollups.fold(connection, zone, LATER, size):
                    pass
            case Turn():
                for fact in _facts(step, number):
                    stats_town.fact(connection, world, fact)
            case Erase(who):
                erase(connection, who, LATER)
                world.forget(who)
            case Move(who, comune):
                stats_town.move(connection, world.people[who], comune)
            case Tidy(most):
                stats_town.tidy(connection, world, most)
            case _:
                _written(connection, world, step, f"offer{number}")


def _written(connection: Connection, world: World, step: object, name: str) -> None:
    match step:
        case Publish(what, hours):
            stats_town.offer(connection, world, replace(what, id=name), hours)
        case Like(who, place, at):
            id = list(world.offers)[place % len(world.offers)]
            stats_town.like(connection, world, who, id, at)
        case Meeting():
            stats_town.meet(connection, world, step)
        case Request():
            stats_town.request(connection, world, step)
        case Wish():
            stats_town.wish(connection, world, step)
        case Send(at, after):
            here = [one for one in after if one.who in world.people]
            _sent(connection, world, at, here)


def _sent(connection: Connection, world: World, at: datetime, after: list[After]) -> None:
    closed = at + timedelta(minutes=5)
    letters = [
        Letter(one.who, one.status, at, None if one.status == "queued" else closed) for one in after
    ]
    id = len(world.sendings) + 1
    stats_town.send(connection, world, Sending(id, "news", at, letters))
    for one in after:
        did = [("news", "tapped", str(id), 1)] * one.taps
        did += [] if one.stops is None else [("stop", "silence", "", one.stops)]
        for flow, step, key, minutes in did:
            when = closed + timedelta(minutes=minutes)
            fact = Fact(one.who, when, "simulator", "did", flow, step, key)
            stats_town.fact(connection, world, fact)


def _facts(turn: Turn, number: int) -> Iterator[Fact]:
    at = _midnight(turn.edge) + timedelta(minutes=turn.minutes, milliseconds=number)
    for event in turn.what:
        kind, flow, step, key = ("" if word == "." else word for word in event.split())
        yield Fact(turn.who, at, turn.channel, kind, flow, step, key)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
