"""People of the desk answer: from the command line or their group, to any channel."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from flows.messages import Outbound
from flows.speech import Languages, Speech
from flows.tickets import group as words
from flows.tickets import letters
from storage import notices
from storage.audit import By
from storage.desk import DatabaseDesk
from storage.templates import approved
from storage.tickets import group, operators, undelivered
from storage.tickets.operators import TicketError
from storage.tickets.person import News
from storage.verdicts import ANSWER_WAITING

MOST_TEXT = 3500
_TRIES = 2  # the answer itself, and the opener that asks the person to write


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an answer: ``queued``, ``held`` (WhatsApp's window) or ``unreachable``.

    ``told``: the person hears that an answer waits.
    """

    state: str
    told: bool = False


class Answering:
    """``chat`` is the operators' Telegram group, or empty."""

    def __init__(self, languages: Languages, chat: str = "") -> None:
        self._languages, self._chat = languages, chat
        self.desk = languages[languages.default]

    def reply(self, connection: Connection, id: int, text: str, canned: str, by: By) -> Reply:
        """Send ``text``, or the answer ``canned`` in the person's language. Raises TicketError."""
        row = operators.ticket(connection, id)
        outbound, text = self._words(row, text, canned)
        operators.allow_writing(connection, row, by)
        there = operators.route(connection, row.contact_id, by.now)
        if there is None:
            operators.replied(connection, row, text, canned, None, by)
            return Reply("unreachable")
        letter = operators.post(connection, row, there, _packed(outbound), by.now)
        operators.replied(connection, row, text, canned, letter, by)
        if there.open:
            return Reply("queued")
        return Reply("held", told=approved(connection, ANSWER_WAITING, outbound.language))

    def show_colleagues(self, connection: Connection, id: int, text: str, by: By) -> None:
        """What was answered elsewhere belongs into the topic, too."""
        self.answer_group(connection, id, words.written_by(by.operator, text), by.now)

    def close(self, connection: Connection, id: int, by: By) -> bool:
        """The ticket or notice is done, and the person is told; False when it was not open."""
        row = operators.close(connection, id, by)
        known = notices.close(connection, id, by)
        if row is None:
            return known
        there = operators.route(connection, row.contact_id, by.now)
        speech = self._speech(operators.ticket(connection, id))
        if there and there.open and row.replied_at is not None:
            operators.post(connection, row, there, _packed(letters.over(speech)), by.now)
        text = words.closed_by(id, by.operator, self.desk)
        self._tell(connection, row.contact_id, id, text, by.now)
        return True

    def relay(
        self, connection: Connection, desk: DatabaseDesk, language: str, now: datetime
    ) -> bool:
        """What a person's ticket got in this turn, to the group; whether there was anything."""
        for one in desk.tickets.news if self._chat else ():
            fallback = words.without_topics(one.ticket, self.desk) if one.kind == "opened" else ""
            text = self._told(one, language, desk.channel)
            self._tell(connection, desk.contact_id, one.ticket, text, now, fallback)
        return bool(desk.tickets.news)

    def _told(self, one: News, language: str, channel: str) -> str:
        danger = words.alarm(one.ticket, one.text, self.desk)
        match one.kind:
            case "said":
                return f"💬 {one.text}"
            case "raised":
                return danger
            case "closed":
                return words.ended(one.ticket, self.desk)
            case "opened":
                text = words.opened(one.ticket, language, channel, self.desk)
                return f"{danger}\n{text}" if one.text else text

    def report_failures(self, connection: Connection, now: datetime) -> None:
        """Answers that did not arrive: kept where the window has closed, else reported."""
        for one in undelivered.claim(connection):
            row = operators.ticket(connection, one.ticket)
            if one.problem == "window_closed":
                language = self._speech(row).code
                ask = one.attempts < _TRIES and approved(connection, ANSWER_WAITING, language)
                undelivered.keep(connection, one, ask=ask)
                text = words.held(self.desk, told=ask)
            else:
                undelivered.note(connection, one)
                text = words.not_arrived(one.ticket, one.text, one.problem, self.desk)
            self._tell(connection, row.contact_id, one.ticket, text, now)

    def answer_group(self, connection: Connection, ticket: int, text: str, now: datetime) -> None:
        """Say something in the ticket's topic."""
        row = operators.ticket(connection, ticket)
        self._tell(connection, row.contact_id, ticket, text, now)

    def _words(self, row: Row[Any], text: str, canned: str) -> tuple[Outbound, str]:
        """The letter, and what operators read of it."""
        speech = self._speech(row)
        if canned:
            known = letters.canned(self.desk.gettext)
            if canned not in known:
                raise TicketError(f"There is no ready answer {canned!r}: {', '.join(known)}.")
            return letters.canned_words(canned, speech), known[canned]
        if not text.strip() or len(text) > MOST_TEXT:
            raise TicketError(f"An answer has 1 to {MOST_TEXT} letters; nothing was sent.")
        return letters.own_words(text.strip(), speech, self.desk), text.strip()

    def _tell(
        self, connection: Connection, contact_id: int, ticket: int, text: str, now: datetime,
        fallback: str = "",
    ) -> None:  # fmt: skip
        if self._chat and text:
            body = _packed(Outbound(text, self.desk.code, howto=fallback))
            group.post(connection, self._chat, body, now, contact_id, f"ticket:{ticket}")

    def _speech(self, row: Row[Any]) -> Speech:
        return self._languages[self._languages.best(row.language or "")]


def _packed(outbound: Outbound) -> str:
    return json.dumps(outbound.to_json(), ensure_ascii=False)
