"""When a message is a question in the person's own words, and how it enters the conversation."""

from collections.abc import Iterator

from flows.answers import wanted
from flows.conversation import Asked
from flows.draft import Draft
from flows.messages import Event
from flows.reading import Maybe, Misread, Question, Reading
from flows.talk import Answers, Value
from flows.understanding.fitting import TOPIC_OF, asked_parts, asked_place
from flows.understanding.understand import Understood

_OPEN = (
    "menu",
    "browse",
    "answer",
    "take",
    "language",
    "person",
)  # flows that wait for no particular answer
_INSTEAD, _INSTEAD_OF_WORDS = 0.6, 0.8  # how sure we are before a form's question has to wait
_A_GUESS = 0.2  # below it there is nothing to suggest
_TWO_WORDS = 2  # one word in a form is an answer, if a strange one
_WITH_A_NAME = ("greeting", "human_help")  # "hi, I am …", "call me …"
_SILENCE = 0.9  # below it we ask: silence takes reminders, too, and ends a ticket
_SENTENCE = 4  # so many words are no name
_CLEARLY, _FEW_WORDS = 0.85, 3  # when the answer comes in the question's own language


def is_question(question: Question, reading: Reading, asked: Asked | None, text: str) -> bool:
    """Whether ``text`` asks something, rather than answer the pending question as ``reading``."""
    said = question.said
    named = asked is not None and asked.kind == "text"  # Marta is a name, and "beats" in Urdu
    if said.intent == "emergency" and not said.abstained:
        return not named or said.confidence >= _INSTEAD
    if isinstance(reading, Misread | Maybe):
        if asked is None or asked.flow in _OPEN:
            return said.confidence >= _A_GUESS
        if question.words < _TWO_WORDS:
            return False
        unsure = _INSTEAD if isinstance(reading, Misread) else _INSTEAD_OF_WORDS
        return not said.abstained and said.confidence >= unsure
    words = _FEW_WORDS if "?" in text or "؟" in text else _SENTENCE
    asks = named or words == _FEW_WORDS
    sure = said.intent not in _WITH_A_NAME and said.confidence >= _INSTEAD_OF_WORDS
    return asks and question.words >= words and sure


def take_question(draft: Draft, question: Question) -> None:
    """Answer it as a digression, in its own language where that is clearly another one."""
    said = question.said
    speak_its_language(draft, question)
    draft.begin(f"answer-{said.intent}")
    draft.answers |= facts(said)
    if said.rare and said.intent in TOPIC_OF:
        named = draft.desk.mentioning(TOPIC_OF[said.intent], said.rare)
        draft.answers |= Answers(named=list(named))
    place = asked_place(draft.answers, draft.desk.places)
    where = place.istat if place else ""
    draft.events.append(Event("question", "answer", said.intent, where))
    draft.events += _sought(said, where)
    if said.abstained:
        draft.events.append(Event("unsure", "answer", said.intent, where))
    elif said.intent in TOPIC_OF and not wanted(draft.talk()):
        draft.events.append(Event("nothing_fits", "answer", said.intent, where))
    draft.advance()


def _sought(said: Understood, where: str) -> Iterator[Event]:
    """At which part of the week something is needed, and which kind of work: keys, no words."""
    topic, slots = TOPIC_OF.get(said.intent), said.slots
    if said.abstained or topic is None:
        return
    for part in asked_parts(slots):
        yield Event("wanted", topic, part, where)
    if topic in ("job", "training") and isinstance(sector := slots.get("sector"), str):
        yield Event("sought", topic, sector, where)


def facts(said: Understood) -> Answers:
    """What the flow of the answer has to know; no words of the person."""
    slots: dict[str, Value] = {
        name: [str(one) for one in value] if isinstance(value, list) else value
        for name, value in said.slots.items()
    }
    doubtful = said.confidence < _SILENCE or said.rare  # "I want to stop smoking"
    silence = said.intent == "stop" and doubtful
    sure = "no" if said.abstained or silence else "yes"
    alarm = "possible" if said.alarming else ""
    return Answers(
        {**slots, "intent": said.intent, "sure": sure, "also": list(said.also), "alarm": alarm}
    )


def speak_its_language(draft: Draft, question: Question) -> None:
    """For this turn only; one tap makes it the conversation's."""
    said = question.said
    if said.language not in draft.languages or said.language == draft.language:
        return
    clear = said.language_confidence >= _CLEARLY and question.words >= _FEW_WORDS
    if not draft.language or clear:
        draft.speech = draft.languages[said.language]
        draft.offered_language = said.language if draft.language else ""
