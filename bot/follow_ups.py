"""How did it go? Asked of whoever was interested, once, by day, within what they agreed to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from flows.outcomes.ladder import stage
from flows.outcomes.letters import question
from flows.outreach.audience import Recipient, Way
from flows.outreach.verdict import WEEK, Means, Reason, Rules, judge
from flows.speech import Languages
from storage import outcomes
from storage.letters import post
from storage.models import Outbox
from storage.outbox import UNASKED
from storage.outcomes import Due
from storage.outreach.recipients import these
from storage.templates import languages_of
from storage.verdicts import NEWS_WAITING

QUESTIONS_AT_ONCE = 20
_ONE_DAY = timedelta(days=1)
_LASTS = timedelta(days=2)  # the same as an alert: what was not sent by then is not sent
_NEVER = (Reason.STOPPED, Reason.NO_CONSENT)


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Puts the questions that are due, within ``rules``; judged like an alert, before and again."""

    languages: Languages
    rules: Rules

    def run(self, connection: Connection, now: datetime) -> int:
        """Look at `QUESTIONS_AT_ONCE` at most; how many it were. None in quiet hours."""
        if not self.rules.awake(now):
            return 0
        waiting = outcomes.due(connection, now, QUESTIONS_AT_ONCE)
        if not waiting:
            return 0
        opened = languages_of(connection, NEWS_WAITING, self.languages)
        means = Means(frozenset(self.languages), opened)
        own: dict[int, list[Due]] = {}
        for one in waiting:
            own.setdefault(one.contact_id, []).append(one)
        for person in these(connection, own, now):
            self._ask(connection, person, own[person.id], means, now)
        return len(waiting)

    def _ask(
        self,
        connection: Connection,
        person: Recipient,
        waiting: Sequence[Due],
        means: Means,
        now: datetime,
    ) -> None:
        """One question at a time; the others come on another day."""
        verdict = judge(person, means, self.rules, now)
        if verdict.way is None:
            for one in waiting:
                self._not_now(connection, one, verdict.reason, now)
            return
        first, *others = waiting
        if outcomes.claim(connection, first, now):
            self._post(connection, person, verdict.way, first, now)
        for one in others:
            outcomes.put_off(connection, one, _ONE_DAY, now)

    def _not_now(
        self, connection: Connection, one: Due, reason: Reason | None, now: datetime
    ) -> None:
        if reason in _NEVER:
            outcomes.end(connection, one)
            return
        wait = WEEK if reason in (Reason.UNREACHABLE, Reason.PAUSED) else _ONE_DAY
        outcomes.put_off(connection, one, wait, now)

    def _post(
        self, connection: Connection, person: Recipient, way: Way, one: Due, now: datetime
    ) -> None:
        speech = self.languages[self.languages.best(person.language)]
        about = outcomes.to_ask(connection, one, speech.code)
        if about is None:
            return
        said = question(about, stage(one.standing, now), speech)
        letter = Outbox(
            contact_id=person.id,
            channel=way.channel,
            address=way.address,
            body=json.dumps(said.to_json(), ensure_ascii=False),
            language=speech.code,
            origin="alert",
            priority=UNASKED,
            about=f"outcome:{one.id}",
            due_at=now,
            expires_at=now + _LASTS,
            created_at=now,
        )
        post(connection, letter)
