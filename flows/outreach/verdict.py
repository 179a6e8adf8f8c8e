"""Whether one person may be written to unasked, where, and when; if not, why not.

One function judges for the dry run, for the queue, and again before each send.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from flows.outreach.audience import Recipient, Way
from flows.outreach.quiet import Quiet

WEEK = timedelta(days=7)
WINDOW = timedelta(hours=24) - timedelta(minutes=2)
"""How long after a person's last message WhatsApp takes free text; less two minutes for the way."""


class Reason(StrEnum):
    """Why somebody is left out: a closed list, the first that holds."""

    STOPPED = "stopped"
    PAUSED = "paused"
    NO_CONSENT = "no_consent"
    UNREACHABLE = "unreachable"
    LANGUAGE = "language"
    WEEKLY_CAP = "weekly_cap"
    WINDOW_CLOSED = "window_closed"
    NO_TEMPLATE = "no_template"


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all that is written unasked: when it is quiet on the desk's clock, and how
    many messages a person gets in seven days.
    """

    zone: ZoneInfo
    quiet: Quiet = field(default_factory=Quiet)
    weekly: int = 3

    def awake(self, now: datetime) -> bool:
        """Whether anybody is written to unasked now."""
        return not self.quiet.at(now.astimezone(self.zone))

    def from_(self, now: datetime) -> datetime:
        """The first moment from now on at which people may be written to."""
        return self.quiet.over(now.astimezone(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Means:
    """What it can be said with: languages whose words are ready, and languages with an approved
    WhatsApp template; ``templates`` is None when nobody is written to outside the window.
    """

    ready: frozenset[str]
    templates: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason``, or the way it goes; ``by_template``: WhatsApp's window is closed there."""

    reason: Reason | None = None
    way: Way | None = None
    by_template: bool = False


def judge(person: Recipient, means: Means, rules: Rules, at: datetime) -> Verdict:
    """What becomes of a message to ``person`` that would go out ``at`` that moment."""
    if reason := unwilling(person):
        return Verdict(reason)
    ways = [way for way in person.ways if way.open]
    if not ways:
        return Verdict(Reason.UNREACHABLE)
    if person.language not in means.ready:
        return Verdict(Reason.LANGUAGE)
    if person.lately >= rules.weekly:
        return Verdict(Reason.WEEKLY_CAP)
    if way := next((way for way in ways if takes_text(way, at)), None):
        return Verdict(way=way)
    if means.templates is None:
        return Verdict(Reason.WINDOW_CLOSED)
    if person.language not in means.templates:
        return Verdict(Reason.NO_TEMPLATE)
    return Verdict(way=ways[0], by_template=True)


def unwilling(person: Recipient) -> Reason | None:
    """What they themselves have said against it."""
    if person.alerts == "stopped":
        return Reason.STOPPED
    if person.alerts == "paused":
        return Reason.PAUSED
    return None if person.agreed and person.alerts == "on" else Reason.NO_CONSENT


def takes_text(way: Way, at: datetime) -> bool:
    """Whether free text may go there at that moment."""
    return way.channel != "whatsapp" or at < way.heard_at + WINDOW
