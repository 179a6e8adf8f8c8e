"""The schedule of `storage.retention`, run by the clock and by the command line."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine, select
from sqlmodel import col

from bot.settings import Settings
from flows.agenda.remind import waking_hour
from flows.farewell import farewell
from flows.speech import Languages
from storage.letters import REMINDER, post
from storage.models import Conversation, Outbox
from storage.retention import people
from storage.retention.rule import Rule
from storage.retention.schedule import INACTIVE, RULES
from storage.retention.sweeping import count, sweep

TOLD = "inactive_people_told"
_REST = timedelta(minutes=10)  # after a round that found nothing
_PEOPLE_REST = timedelta(hours=1)


class Forgetting:
    """Deletes what is due, in small transactions; tells and forgets who does not write any more."""

    def __init__(self, engine: Engine, languages: Languages, settings: Settings) -> None:
        self._engine, self._languages, self._zone = engine, languages, settings.zone
        self._keep = people.period(settings.inactive_months)

    def works(self) -> list[Callable[[datetime], bool]]:
        """For the clock: one batch each at a tick, so that other work waits no longer."""
        swept = [resting(_REST, partial(self._swept, rule)) for rule in RULES]
        return [
            *swept,
            resting(_PEOPLE_REST, self._told),
            resting(_PEOPLE_REST, self._forgotten),
        ]

    def dry_run(self, now: datetime) -> dict[str, int]:
        """What `run` would find, by the same queries; nothing is changed."""
        with self._engine.begin() as connection:
            found = {rule.key: count(connection, rule, now) for rule in RULES}
            found[TOLD] = people.count(connection, people.to_tell(now, self._keep))
            found[INACTIVE.key] = people.count(connection, people.to_erase(now, self._keep))
        return found

    def run(self, now: datetime) -> dict[str, int]:
        """All that is due, batch by batch; how much of what."""
        done = {rule.key: _until_nothing(partial(self._swept, rule), now) for rule in RULES}
        done[TOLD] = _until_nothing(self._told, now)
        done[INACTIVE.key] = _until_nothing(self._forgotten, now)
        return done

    def _swept(self, rule: Rule, now: datetime) -> int:
        with self._engine.begin() as connection:
            return sweep(connection, rule, now)

    def _forgotten(self, now: datetime) -> int:
        with self._engine.begin() as connection:
            return len(people.forget(connection, now, self._keep))

    def _told(self, now: datetime) -> int:
        with self._engine.begin() as connection:

            def write(contact: int, channel: str, address: str, until: datetime) -> None:
                self._write(connection, contact, channel, address, until, now)

            return people.tell(connection, now, self._keep, write)

    def _write(
        self,
        connection: Connection,
        contact: int,
        channel: str,
        address: str,
        until: datetime,
        now: datetime,
    ) -> None:
        query = select(col(Conversation.language)).where(col(Conversation.contact_id) == contact)
        language = connection.execute(query).scalar() or ""
        says = farewell(
            until.astimezone(self._zone).date(), self._languages[self._languages.best(language)]
        )
        letter = Outbox(
            contact_id=contact,
            channel=channel,
            address=address,
            body=json.dumps(says.to_json(), ensure_ascii=False),
            language=says.language,
            origin="reminder",
            priority=REMINDER,
            due_at=waking_hour(now.astimezone(self._zone)),
            expires_at=until,
            created_at=now,
        )
        post(connection, letter)


def resting(rest: timedelta, do: Callable[[datetime], int]) -> Callable[[datetime], bool]:
    """A work of the clock that pauses for ``rest`` whenever it has found nothing."""
    idle: list[datetime] = []

    def work(now: datetime) -> bool:
        if not (idle and idle[0] <= now < idle[0] + rest):
            idle[:] = [] if do(now) else [now]
        return False

    return work


def _until_nothing(do: Callable[[datetime], int], now: datetime) -> int:
    done = 0
    while found := do(now):
        done += found
    return done
