"""New offers to whoever wants to be told of them: at once, or once a week the best ones."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from flows.outreach.audience import Recipient, Way
from flows.outreach.verdict import WEEK, Means, Reason, Rules, Verdict, judge
from flows.searches.hits import hits, searching, topics_of
from flows.searches.letters import MOST_OFFERS, Hit, news
from flows.speech import Languages
from flows.talk import Answers, Contact, Talk
from storage import listings, searches
from storage.desk import DatabaseDesk
from storage.letters import post
from storage.models import Outbox
from storage.outbox import UNASKED
from storage.outreach.recipients import these
from storage.searches import DueSearch
from storage.templates import languages_of
from storage.verdicts import NEWS_WAITING

PEOPLE_AT_ONCE = 20
"""Served in one transaction (about 4 ms each with 50 offers); the rest has its turn in the next."""

_ONE_DAY = timedelta(days=1)
_LASTS = timedelta(days=2)  # what was not sent by then is news no more


@dataclass(frozen=True, slots=True)
class Alerts:
    """Answers the saved searches of whoever agreed to it, within ``rules``."""

    languages: Languages
    rules: Rules

    def run(self, connection: Connection, now: datetime) -> int:
        """Write to at most `PEOPLE_AT_ONCE`; how many were looked at. Nobody in quiet hours."""
        searches.lock(connection)
        searches.note_shown(connection, now.astimezone(self.rules.zone).date(), now)
        if not self.rules.awake(now):
            return 0
        due = searches.due(connection, now, PEOPLE_AT_ONCE)
        own = {id: list(some) for id, some in groupby(due, key=lambda one: one.contact_id)}
        opened = languages_of(connection, NEWS_WAITING, self.languages) if own else frozenset()
        means = Means(frozenset(self.languages), opened)
        for person in these(connection, own, now):
            verdict = judge(person, means, self.rules, now)
            self._answer(connection, person, verdict, own[person.id], now)
        return len(own)

    def _answer(
        self,
        connection: Connection,
        person: Recipient,
        verdict: Verdict,
        due: Sequence[DueSearch],
        now: datetime,
    ) -> None:
        asked = [one.search for one in due]
        if verdict.way is None:
            wait = WEEK if verdict.reason is Reason.UNREACHABLE else _ONE_DAY
            searches.put_off(connection, asked, now + wait)
            return
        talk = self._talk(connection, person, verdict.way, now)
        found = list(self._news(connection, person.id, due, talk))[:MOST_OFFERS]
        if found:
            self._post(connection, person.id, verdict.way, found, talk, now)
        searches.answered(connection, asked, now)

    def _talk(self, connection: Connection, person: Recipient, way: Way, now: datetime) -> Talk:
        desk = DatabaseDesk(connection, person.id, "alerts", way.channel, now, self.rules.zone)
        return Talk(
            Answers(),
            person.profile,
            Contact(way.channel, {"alerts": True}, person.alerts),
            self.languages[self.languages.best(person.language)],
            self.languages[self.languages.default],
            now.astimezone(self.rules.zone).date(),
            desk,
        )

    def _news(
        self, connection: Connection, contact_id: int, due: Sequence[DueSearch], talk: Talk
    ) -> Iterator[Hit]:
        """What is new to each search, best first, in turn; no offer twice, and none told before."""
        found = [list(_hits(connection, one, talk)) for one in due]
        ids = {listing.id for some in found for listing, _ in some}
        told = searches.told_of(connection, contact_id, ids)
        for place in range(max(map(len, found), default=0)):
            for some in found:
                if place < len(some) and some[place][0].id not in told:
                    told.add(some[place][0].id)
                    yield some[place]

    def _post(
        self,
        connection: Connection,
        contact_id: int,
        way: Way,
        found: Sequence[Hit],
        talk: Talk,
        now: datetime,
    ) -> None:
        body = json.dumps(news(found, talk).to_json(), ensure_ascii=False)
        letter = Outbox(
            contact_id=contact_id,
            channel=way.channel,
            address=way.address,
            body=body,
            language=talk.speech.code,
            origin="alert",
            priority=UNASKED,
            due_at=now,
            expires_at=now + _LASTS,
            created_at=now,
        )
        post(connection, letter)
        searches.note_told(connection, contact_id, [one.id for one, _ in found], now)


def _hits(connection: Connection, due: DueSearch, talk: Talk) -> Iterator[Hit]:
    seen = searching(due.search, talk)
    near = talk.desk.places.around(seen.profile.pick("comune"))
    sector = str(due.search.facts.get("sector", ""))
    for topic in topics_of(due.search, talk.profile):
        offers = listings.shown(
            connection, topic, talk.speech.code, talk.today, near, sector, due.seen_at
        )
        for listing in hits(due.search, offers, seen):
            yield listing, seen
