"""One story with something on each side of each limit of what the statistics count."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from storage.stats.scope import Scope
from tests.memory_rides import MONALE, SETTIME
from tests.slow_world import Meeting, Offer, Request, Wish
from tests.stats_stories import (
    EDGES,
    FIRST,
    LAST,
    TODAY,
    TURNS,
    After,
    Fold,
    Like,
    Publish,
    Send,
    Tidy,
    Turn,
)

_NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
_HOUR = timedelta(hours=1)
MUCH: list[object] = [
    *(Turn(who, TURNS[-who % 4], EDGES[2], 60 * who, "telegram") for who in range(1, 7)),
    Fold(2),
    Turn(1, TURNS[-2], LAST, 5, "simulator"),
    *(
        Publish(Offer("", topic, where, sector, (), 2, "published", FIRST, TODAY, _NOON), hours)
        for topic, where, sector, hours in (
            ("job", SETTIME, "care", "sat 18:00-22:00"),
            ("job", MONALE, "", "mon-fri 08:00-14:00"),
            ("childcare", MONALE, "green", "mon 22:30-06:30; wed 18:15-19:15"),
            ("service", SETTIME, "", "tue 11:30-13:00"),
        )
    ),
    Publish(Offer("", "job", SETTIME, "care", since=_NOON - 2400 * _HOUR), ""),
    Publish(Offer("", "job", SETTIME, "care", since=_NOON + 4800 * _HOUR), ""),
    *(Like(who, 0, _NOON) for who in range(2, 7)),
    Request(2, "asked", _NOON - 5 * _HOUR, _NOON, _NOON),  # answered at the same moment
    Request(3, "asked", _NOON - 5 * _HOUR, _NOON - _HOUR, _NOON),  # before, and again later
    Request(3, "emergency", _NOON - _HOUR, _NOON + _HOUR, _NOON + _HOUR),
    Request(4, "asked", _NOON - 5 * _HOUR, _NOON - _HOUR, _NOON + _HOUR),  # only before
    Request(6, "asked", _NOON, _NOON + 4800 * _HOUR, None),  # not in the period any more
    Request(1, "misread", _NOON, _NOON + 24 * _HOUR, None),
    Request(1, "desk", _NOON, _NOON + 3 * _HOUR, _NOON + 4 * _HOUR),
    Request(5, "asked", _NOON + 4800 * _HOUR),
    Meeting(4, "cv", "no_show", _NOON, _NOON + 24 * _HOUR),
    Meeting(5, "cv", "attended", _NOON - 48 * _HOUR, _NOON - 24 * _HOUR),
    Meeting(5, "cv", "attended", _NOON - 48 * _HOUR, _NOON + 24 * _HOUR),
    Wish(3, MONALE, "hours", _NOON, "early"),
    Wish(2, MONALE, "hours", _NOON + 4800 * _HOUR, "early"),
    Send(
        _NOON,
        (
            After(1, "read", 2, -5),
            After(2, "read", 1, 1441),
            After(3, "sent", 0, 1440),
            After(4, "unknown", 0, -6),
            After(5, "failed", 1, 0),
            After(6, "queued", 0, 0),
        ),
    ),
    Tidy(1),
    Tidy(6),
    Send(_NOON + 4800 * _HOUR, (After(1, "delivered", 1, None),)),
]
SCOPES = (
    Scope(FIRST, LAST, ZoneInfo("Europe/Rome")),
    Scope(FIRST, LAST, ZoneInfo("Asia/Kathmandu"), comune=SETTIME),
    Scope(EDGES[2], LAST, ZoneInfo("Europe/Rome"), language="fr"),
)
