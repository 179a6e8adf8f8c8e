"""One turn, from the stored conversation; an error of ours ends in an apology, not in silence."""

import json
import logging
import secrets
from datetime import date
from typing import Any

from bot.blame import where
from bot.channel import Received
from flows.conversation import Conversation
from flows.engine import Engine, Turn
from flows.talk import Contact
from flows.teach import PURPOSE as QUESTIONS
from storage.desk import DatabaseDesk
from storage.faults import is_database_error
from storage.turns import Person

log = logging.getLogger(__name__)


def compute(
    flows: Engine, person: Person, received: Received, desk: DatabaseDesk, today: date
) -> tuple[Turn, str]:
    """The turn, and the number of the error that made it an apology, or an empty string.

    After an error nothing that the turn had done stays. Raises what the database raises.
    """
    assert received.inbound is not None
    agreed = dict.fromkeys(filter(None, person.agreed.split(",")), True)
    hint, doubted = received.inbound.hint, person.doubted
    contact = Contact(received.drawn_as, agreed, person.alerts, hint, doubted)
    was = Conversation()
    try:
        if person.state:
            row = json.loads(person.state)
            was = Conversation.salvaged(row)
            was = Conversation.from_json(row)
        if received.haste:
            return flows.ask_to_slow_down(was, contact, desk, today), ""
        turn = flows.take_turn(was, received.inbound, contact, desk, today)
        if contact.agreed(QUESTIONS):
            _keep_question(desk, turn, received.inbound.text)
        return turn, ""
    except Exception as error:
        if is_database_error(error):
            raise
        desk.undo()
        number = secrets.token_hex(4)
        log.error("error %s in a turn: %s", number, where(error))
        return flows.apologise(was, contact, desk, today, number), number


def apologise(
    flows: Engine, person: Person, received: Received, desk: DatabaseDesk, today: date
) -> tuple[Turn, str]:
    """As `compute`, for a message of which nothing more can be made: the apology at once."""
    number = secrets.token_hex(4)
    log.error("error %s: a message was set aside", number)
    contact = Contact(received.drawn_as, {}, person.alerts, doubted=person.doubted)
    was = Conversation.salvaged(json.loads(person.state)) if person.state else Conversation()
    return flows.apologise(was, contact, desk, today, number), number


def event_rows(turn: Turn, contact_id: int | None, channel: str, at: int) -> list[dict[str, Any]]:
    """What happened in the turn, as rows."""
    language = turn.says.language if turn.says else turn.conversation.language
    return [
        {
            "contact_id": contact_id,
            "kind": event.kind,
            "flow": event.flow,
            "step": event.step,
            "key": event.key,
            "language": language,
            "channel": channel,
            "at": at,
        }
        for event in turn.events
    ]


def _keep_question(desk: DatabaseDesk, turn: Turn, text: str) -> None:
    """What was not understood, of somebody who agreed: people of the desk can teach it."""
    unsure = next((event for event in turn.events if event.kind == "unsure"), None)
    if unsure and not desk.erased:
        language = turn.says.language if turn.says else turn.conversation.language
        desk.keep_question(language, unsure.step, unsure.key, text)


def origin_of(received: Received, desk: DatabaseDesk) -> str:
    """What kind of message the turn's answer is."""
    if desk.erased:
        return "goodbye"
    return "reminder" if received.ours else "reply"


def answers_nothing(tap: str) -> bool:
    """A button of a question we know nothing of: the second tap on "delete everything"."""
    return bool(tap) and not tap.startswith("go:")
