"""One question outside of any conversation: what is understood, what fits, what is said."""

from typing import Any

from bot import clock
from bot.drawing import plain
from bot.runtime import Parts
from flows.conversation import Conversation
from flows.messages import Inbound
from flows.talk import Contact
from flows.understanding.fitting import TOPIC_OF, asked_place, fitting
from flows.understanding.understand import Understood
from storage.desk import DatabaseDesk
from storage.understanding import load_understanding


def answer(parts: Parts, text: str, language: str = "") -> dict[str, Any]:
    """What `ask` prints; nothing of it stays in the database."""
    said = load_understanding().understand(text, language)
    now = parts.now()
    today = clock.local_day(now, parts.settings.zone)
    with parts.engine.connect() as connection:
        desk = DatabaseDesk(connection, 0, "", "terminal", now, parts.settings.zone)
        known = Conversation(language=parts.languages.best(language or said.language))
        turn = parts.flows.take_turn(known, Inbound(text=text), Contact("terminal"), desk, today)
        found = _fitting(desk, said)
        connection.rollback()
    return {
        "language": said.language,
        "intent": said.intent,
        "confidence": round(said.confidence, 3),
        "abstained": said.abstained,
        "slots": said.slots,
        "listings": found,
        "reply": plain(turn.says) if turn.says else "",
    }


def _fitting(desk: DatabaseDesk, said: Understood) -> list[str]:
    topic = TOPIC_OF.get(said.intent)
    if topic is None:
        return []
    near = asked_place(said.slots, desk.places)
    sector = said.slots.get("sector", "")
    offered = desk.listings(topic, said.language, near.istat if near else "", str(sector))
    ids = [*desk.mentioning(topic, said.rare)]
    return list(
        dict.fromkeys([*ids, *(one.id for one in fitting(offered, said.slots, desk.places))])
    )
