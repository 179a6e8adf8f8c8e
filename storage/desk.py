"""The desk as flows see it, on the database of the turn's own transaction."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Update, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from flows.agenda.port import AgendaCommand
from flows.desk import (
    AnswerForOffer,
    Command,
    DeskCommand,
    EraseContact,
    FlagEmergency,
    KnowAgain,
    LetGo,
    Listing,
    NoteGaps,
    NoteInterest,
    NoteRefusal,
    NoteTap,
    RecordConsent,
    SetAlerts,
)
from flows.hours import parts_of
from flows.outcomes.port import Outcome, SayOutcome
from flows.places import Gazetteer
from flows.privacy import NOTICE_VERSION
from flows.rides.port import RideCommand
from flows.searches.port import Search, SearchCommand
from flows.teach import PURPOSE as QUESTIONS
from flows.tickets.port import TicketCommand
from flows.understanding.scrub import scrub
from storage import listings, mentions, outcomes, searches, unanswered
from storage.agenda.person import DatabaseAgenda
from storage.audit import By
from storage.content import providers
from storage.erasure import erase
from storage.gazetteer import load_gazetteer
from storage.models import Consent, Contact, Event, Interest
from storage.outcomes import Told
from storage.outreach import broadcasts
from storage.recycled import let_go
from storage.rides.person import DatabaseRides
from storage.tickets.person import DatabaseTickets

# Built once: building a statement costs several times what running it does.
_CONTACT: Any = Contact.__table__  # type: ignore[attr-defined]
_MINE = update(_CONTACT).where(_CONTACT.c.id == bindparam("of"))
_SET_AGREED = _MINE.values(agreed=bindparam("to"))
_SET_ALERTS = _MINE.values(alerts=bindparam("to"))
_INSERT_CONSENT = insert(Consent.__table__)  # type: ignore[attr-defined]


class DatabaseDesk:
    """`flows.desk.Desk` for one contact, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        contact_id: int,
        agreed: str,
        channel: str,
        now: datetime,
        zone: ZoneInfo,
        *,
        has_ticket: bool = True,
        notice: str = "",
    ) -> None:
        self._connection = connection
        self.contact_id, self.notice = contact_id, notice
        self._agreed = set(filter(None, agreed.split(",")))
        self.channel, self._now, self._today = channel, now, now.astimezone(zone).date()
        self.agenda = DatabaseAgenda(connection, contact_id, now, zone)
        self.rides = DatabaseRides(connection, contact_id, now, zone, channel)
        self.tickets = DatabaseTickets(connection, contact_id, channel, now, has_one=has_ticket)
        self.erased = self.known_again = False
        self._acted = False
        self._listings: dict[tuple[str, str, str, str], Sequence[Listing]] = {}

    @property
    def places(self) -> Gazetteer:
        """The comuni we know."""
        return load_gazetteer()

    def listings(
        self, topic: str, language: str, home: str = "", sector: str = ""
    ) -> Sequence[Listing]:
        """Offers of a topic that may be shown today; read once a turn."""
        key = (topic, language, home, sector)
        if key not in self._listings:
            near = self.places.around(home)
            found = listings.shown(self._connection, topic, language, self._today, near, sector)
            self._listings[key] = found
        return self._listings[key]

    def mentioning(self, topic: str, words: Sequence[str]) -> Sequence[str]:
        """Ids of offers that have one of these words in any of their translations."""
        return mentions.mentioning(self._connection, topic, words, self._today)

    def listing(self, id: str, language: str) -> Listing | None:
        """One offer, or None when it may not be shown any more."""
        return listings.one(self._connection, id, language, self._today)

    def answers_for(self, id: str) -> bool:
        """Whether this person answers for this offer."""
        return providers.answers_for(self._connection, self.contact_id, id)

    def searches(self) -> Sequence[Search]:
        """What this person wants to be told about."""
        return searches.searches_of(self._connection, self.contact_id)

    def outcomes(self, language: str) -> Sequence[Outcome]:
        """How far this person came with the offers they can start."""
        return outcomes.of_person(self._connection, self.contact_id, language)

    def perform(self, command: Command) -> str:
        """Do it in this transaction."""
        if not self._acted:
            self._connection.exec_driver_sql("SAVEPOINT turn")
            self._acted = True
        if isinstance(command, AgendaCommand):
            return self.agenda.perform(command)
        if isinstance(command, RideCommand):
            return self.rides.perform(command)
        if isinstance(command, TicketCommand):
            return self.tickets.perform(command)
        if isinstance(command, SearchCommand):
            return searches.perform(self._connection, self.contact_id, command, self._now)
        if isinstance(command, SayOutcome):
            return outcomes.say(self._connection, self.contact_id, command, self._told())
        return self._perform_here(command)

    def _perform_here(self, command: DeskCommand) -> str:
        match command:
            case RecordConsent():
                return self._consent(command)
            case SetAlerts(state):
                return self._alerts(state)
            case NoteInterest(listing):
                return self._interest(listing)
            case NoteRefusal(listing, reason, comune):
                offer = self.listing(listing, listings.SOURCE_LANGUAGE)
                if offer and reason == "childcare":
                    self._wanted([("childcare", part) for part in _when(offer)], comune)
                return self._note("refused", offer.topic if offer else "", reason, comune)
            case NoteGaps(kinds, comune, wanted):
                self._wanted(wanted, comune)
                return [self._note("gap", "job", kind, comune) for kind in kinds][-1]
            case FlagEmergency(danger):
                self.tickets.flag(danger)
                return "done"
            case NoteTap(broadcast):
                return broadcasts.known(self._connection, broadcast)
            case AnswerForOffer(listing, said):
                return self._answer(listing, said)
            case KnowAgain():
                self.known_again = True
                return "done"
            case EraseContact() | LetGo():
                return self._forget(command)

    def _forget(self, command: EraseContact | LetGo) -> str:
        if isinstance(command, EraseContact):
            erase(self._connection, self.contact_id, self._now)
        else:
            let_go(self._connection, self.contact_id, self.channel, self._now)
        self.erased = True
        return "done"

    def keep_question(self, language: str, intent: str, comune: str, text: str) -> None:
        """Keep a question that was not understood, without what tells who asked it."""
        scrubbed = scrub(text, self.places.named)
        values = (self.contact_id, self._now, language, intent, comune, scrubbed)
        unanswered.keep(self._connection, *values)

    def undo(self) -> None:
        """Take back what was performed in this turn; the rest of the transaction stands."""
        if self._acted:
            self._connection.exec_driver_sql("ROLLBACK TO SAVEPOINT turn")
        self.erased = self.known_again = False
        self.tickets.news.clear()

    def _consent(self, command: RecordConsent) -> str:
        row = {
            "contact_id": self.contact_id,
            "purpose": command.purpose,
            "given": command.given,
            "version": NOTICE_VERSION,
            "text_hash": hashlib.sha256(command.notice.encode()).hexdigest(),
            "language": command.language,
            "channel": self.channel,
            "at": self._now,
        }
        self._connection.execute(_INSERT_CONSENT, row)
        if command.withdraws(QUESTIONS):
            unanswered.forget_of(self._connection, self.contact_id)
        change = self._agreed.add if command.given else self._agreed.discard
        change(command.purpose)
        return self._set(_SET_AGREED, ",".join(sorted(self._agreed)))

    def _alerts(self, state: str) -> str:
        if state == "on" and "profile" in self._agreed:
            searches.begin_with_profile(self._connection, self.contact_id, self._now)
        if state in ("off", "stopped"):
            outcomes.stop_asking(self._connection, self.contact_id)
        return self._set(_SET_ALERTS, state)

    def _set(self, statement: Update, value: str) -> str:
        self._connection.execute(statement, {"of": self.contact_id, "to": value})
        return "done"

    def _wanted(self, wanted: Sequence[tuple[str, str]], comune: str) -> None:
        """At which parts of the week something was missing."""
        for topic, part in wanted:
            self._note("wanted", topic, part, comune)

    def _note(self, kind: str, topic: str, step: str, comune: str) -> str:
        """A need that was not met: a fact without words, by topic and comune."""
        event = Event(
            contact_id=self.contact_id,
            kind=kind,
            flow=topic,
            step=step,
            key=comune,
            channel=self.channel,
            at=self._now,
        )
        self._connection.execute(insert(Event), [event.model_dump(exclude={"id"})])
        return "done"

    def _answer(self, listing: str, said: str) -> str:
        if not self.answers_for(listing):
            return "not_yours"
        by = By("provider", self._now)
        providers.answer(self._connection, listing, said, by, self._today)
        return "done"

    def _interest(self, listing: str) -> str:
        offer = listings.one(self._connection, listing, "it", self._today)
        if offer is None:
            return "gone"
        upsert = (
            postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        )
        self._connection.execute(
            upsert(Interest)
            .values(contact_id=self.contact_id, listing_id=listing, at=self._now)
            .on_conflict_do_nothing()
        )
        outcomes.begin(self._connection, self.contact_id, offer, self._told())
        return "done"

    def _told(self) -> Told:
        return Told("person", self.channel, self._now)


def _when(offer: Listing) -> Sequence[str]:
    """The parts of the week of an offer's first hours."""
    hours = next(iter(offer.details.get("hours", ())), None)
    return parts_of(hours) if hours else ()
