"""Who gets a broadcast and who does not: the one function that counts, previews and sends."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from flows.messages import Outbound
from flows.outreach.audience import Audience, Recipient, admitted
from flows.outreach.verdict import Means, Rules, Verdict, judge
from storage.gazetteer import load_gazetteer
from storage.outreach.recipients import page
from storage.outreach.segments import audiences
from storage.templates import languages_of
from storage.verdicts import NEWS_WAITING

Planned = tuple[Recipient, Verdict]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a broadcast is decided with: ``letters`` by language of the reader, ``at`` the moment it
    would go out.
    """

    broadcast_id: int
    narrowed: Audience
    segments: tuple[Audience, ...]
    letters: Mapping[str, Outbound]
    means: Means
    rules: Rules
    at: datetime

    def page(self, connection: Connection, after: int) -> tuple[list[Planned], int]:
        """The verdict on each of the next people whom it is for, and the last that was looked at.

        That is ``after`` itself when there are no more.
        """
        people = page(connection, after, self.at, self.broadcast_id)
        wanted = (p for p in people if admitted(p, self.narrowed, self.segments, self.at))
        planned = [(person, judge(person, self.means, self.rules, self.at)) for person in wanted]
        return planned, people[-1].id if people else after


@dataclass
class Tally:
    """A dry run: how many by language, channel and whether by template; and why not the others."""

    people: int = 0
    going: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, planned: Planned) -> None:
        """Count one person."""
        person, verdict = planned
        self.people += 1
        if verdict.way:
            self.going[person.language, verdict.way.channel, verdict.by_template] += 1
        elif verdict.reason:
            self.left_out[verdict.reason.value, person.language] += 1


def dry_run(connection: Connection, plan: Plan) -> Tally:
    """Everybody whom it is for, counted."""
    tally = Tally()
    for planned in everybody(connection, plan):
        tally.add(planned)
    return tally


def everybody(connection: Connection, plan: Plan) -> Iterator[Planned]:
    """The verdict on each person whom it is for."""
    after = -1
    while True:
        planned, last = plan.page(connection, after)
        yield from planned
        if last == after:
            return
        after = last


def make_plan(
    connection: Connection,
    broadcast: Mapping[str, Any],
    letters: Mapping[str, Outbound],
    rules: Rules,
    at: datetime,
) -> Plan:
    """The plan of a broadcast (`storage.outreach.broadcasts.Row`)."""
    places = load_gazetteer()
    segments = audiences(connection, broadcast["segments"])
    return Plan(
        broadcast["id"],
        Audience.from_json(broadcast["audience"]).around(places),
        tuple(segment.around(places) for segment in segments),
        letters,
        Means(
            frozenset(letters),
            languages_of(connection, NEWS_WAITING, letters) if broadcast["templates"] else None,
        ),
        rules,
        at,
    )
