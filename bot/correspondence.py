"""Letters of the desk, in the language of whoever they are for."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlmodel import col

from flows.agenda import letters
from flows.agenda.port import Appointment
from flows.agenda.remind import waking_hour
from flows.messages import Outbound
from flows.rides.left_over import left_over
from flows.rides.port import Ride
from flows.speech import Languages, Speech
from storage.agenda import reminders, waiting
from storage.agenda.person import read, upcoming
from storage.agenda.rules import places
from storage.gazetteer import load_gazetteer
from storage.letters import call_back, queue
from storage.models import Appointment as Row
from storage.models import Conversation
from storage.rides.person import DatabaseRides
from storage.verdicts import will_reach

Write = Callable[[Speech], Outbound]


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Writes to people by itself; ``zone`` says when it is night."""

    languages: Languages
    zone: ZoneInfo

    def post(
        self,
        connection: Connection,
        contact_id: int,
        write: Write,
        now: datetime,
        *,
        about: str = "",
        until: datetime | None = None,
    ) -> bool:
        """Queue a letter, for the morning when it is night.

        False when they cannot be written to, or not before ``until``, or when WhatsApp's window is
        closed and no opener could say that something waits.
        """
        due = waking_hour(now.astimezone(self.zone))
        if until is not None and due >= until:
            return False
        query = select(col(Conversation.language)).where(col(Conversation.contact_id) == contact_id)
        speech = self.languages[self.languages.best(connection.execute(query).scalar() or "")]
        body = json.dumps(write(speech).to_json(), ensure_ascii=False)
        letter = queue(connection, contact_id, body, "reminder", now, due, until, about)
        return letter is not None and will_reach(connection, letter, due)

    def write_due(self, connection: Connection, now: datetime) -> None:
        """Freed hours to those who wait, reminders to those who come."""
        self.offer_freed(connection, now)
        self.remind(connection, now)

    def remind(self, connection: Connection, now: datetime) -> None:
        """Of appointments that are near."""
        for contact_id, one in reminders.claim_due(connection, now, self.zone):
            self._about(connection, contact_id, one, letters.reminder, now)

    def offer_freed(self, connection: Connection, now: datetime) -> None:
        """Hold freed hours for those who wait, and tell them; by day only."""
        local = now.astimezone(self.zone)
        if waking_hour(local) != local:
            return
        for offer in waiting.offer_freed(connection, now, self.zone):
            self._offer(connection, offer, now)

    def _offer(self, connection: Connection, offer: waiting.Offer, now: datetime) -> None:
        one = self.appointment(connection, offer.appointment)
        until, gazetteer = offer.until.astimezone(self.zone), load_gazetteer()
        desk = self.languages[self.languages.default]
        told = self.post(
            connection,
            offer.contact_id,
            lambda speech: letters.offered(one, until, speech, desk, gazetteer),
            now,
            about=f"appointment:{one.id}",
            until=offer.until,
        )
        if not told:
            call_back(connection, f"appointment:{one.id}", now)
            waiting.give_up(connection, offer, now)

    def changed(self, connection: Connection, contact_id: int, id: int, now: datetime) -> bool:
        """The desk has booked or moved it."""
        one = self.appointment(connection, id)
        rides = self._left_over(connection, contact_id, now)
        write = partial(letters.moved, rides=rides)
        return self._about(connection, contact_id, one, write, now)

    def cancelled(self, connection: Connection, contact_id: int, id: int, now: datetime) -> bool:
        """The desk cannot keep it; False also when they read it only after they have come."""
        one = self.appointment(connection, id)
        rides = self._left_over(connection, contact_id, now)
        write = partial(letters.cancelled, one, rides=rides)
        told = self.post(connection, contact_id, write, now)
        return told and waking_hour(now.astimezone(self.zone)) < one.starts

    def missed(self, connection: Connection, contact_id: int, id: int, now: datetime) -> bool:
        """They did not come."""
        one = self.appointment(connection, id)
        return self.post(connection, contact_id, lambda speech: letters.missed(one, speech), now)

    def appointment(self, connection: Connection, id: int) -> Appointment:
        """One appointment, whatever became of it."""
        return read(connection, col(Row.id) == id, self.zone)[0]

    def _left_over(self, connection: Connection, contact_id: int, now: datetime) -> list[Ride]:
        rides = DatabaseRides(connection, contact_id, now, self.zone, "").mine()
        mine = upcoming(connection, contact_id, now, self.zone)
        booked = [one for one in mine if one.state == "booked"]
        return left_over(rides, booked, {place.comune for place in places(connection).values()})

    def _about(
        self,
        connection: Connection,
        contact_id: int,
        one: Appointment,
        write: Callable[..., Outbound],
        now: datetime,
    ) -> bool:
        gazetteer, desk = load_gazetteer(), self.languages[self.languages.default]
        return self.post(
            connection,
            contact_id,
            lambda speech: write(one, speech, desk, gazetteer),
            now,
            about=f"appointment:{one.id}",
            until=one.starts,
        )
