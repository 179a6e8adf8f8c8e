"""The engine: one message in, one turn out. Pure.

It owns what every flow needs and none should write: reading answers, back, skip, menu, stop,
language, paging, "I did not understand", and going on after a digression.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flows import drawing, sentences
from flows.conversation import Conversation
from flows.desk import Desk
from flows.draft import Draft
from flows.flow import Flows
from flows.folding import clean
from flows.messages import Event, Inbound, Option, Outbound
from flows.questions import facts, is_question, take_question
from flows.reading import (
    Again,
    Answer,
    Begin,
    Control,
    Maybe,
    Misread,
    Question,
    Reading,
    Toggle,
    exactly,
    nearly,
    read_free,
    read_option,
    read_tap,
)
from flows.same_person import asked_first
from flows.speech import Languages
from flows.talk import Contact
from flows.tickets.hearing import FLOW, ForDesk, desk_has_floor, lost_on_us, still_ours
from flows.tickets.passing import help_for_puzzled, pass_on
from flows.understanding.understand import Understood
from flows.words import GlobalWords

Understand = Callable[[str, str], Understood]


@dataclass(frozen=True, slots=True)
class Turn:
    """All that follows from one inbound. ``says`` is at most one message."""

    conversation: Conversation
    says: Outbound | None
    events: tuple[Event, ...]


class Engine:
    """Every flow and every language. It holds nothing of any conversation."""

    def __init__(
        self, flows: Flows, languages: Languages, understand: Understand | None = None
    ) -> None:
        self.flows = flows
        self.languages = languages
        self.words = GlobalWords(languages)
        self._understand = understand

    def take_turn(
        self,
        conversation: Conversation,
        inbound: Inbound,
        contact: Contact,
        desk: Desk,
        today: date,
    ) -> Turn:
        """The turn that follows from ``inbound``; nothing a person sends makes it raise."""
        draft = Draft(self.flows, self.languages, conversation, contact, desk, today)
        reading = self._read(draft, inbound)
        if not draft.language and not isinstance(reading, ForDesk):
            reading = _language_first(draft, reading)
        reading = help_for_puzzled(draft, reading)
        _apply(draft, asked_first(draft, reading) if contact.doubted else reading)
        redrawn = isinstance(reading, Toggle | Control) and bool(inbound.tap)
        says = drawing.outbound(draft, edits=redrawn and draft.last == conversation.last)
        return Turn(draft.conversation(), says, tuple(draft.events))

    def apologise(
        self, conversation: Conversation, contact: Contact, desk: Desk, today: date, number: str
    ) -> Turn:
        """The turn after an error of ours, known as ``number``: to the menu, answers kept."""
        draft = Draft(self.flows, self.languages, conversation, contact, desk, today)
        draft.say(sentences.our_error(draft.speech, number))
        known = "same_person" if contact.doubted else "menu"
        draft.begin(known if draft.language else "welcome")
        draft.advance()
        return Turn(draft.conversation(), drawing.outbound(draft, edits=False), tuple(draft.events))

    def ask_to_slow_down(
        self, conversation: Conversation, contact: Contact, desk: Desk, today: date
    ) -> Turn:
        """The turn of somebody who writes too fast; what was asked stays asked."""
        draft = Draft(self.flows, self.languages, conversation, contact, desk, today)
        draft.say(sentences.slow_down(draft.speech))
        return Turn(conversation, drawing.outbound(draft, edits=False), ())

    def matters(self, inbound: Inbound) -> bool:
        """Whether this is read however much somebody writes: STOP, and a cry for help."""
        text = clean(inbound.text, _LONGEST_HASTE)
        tapped = inbound.tap.removeprefix("go:") if inbound.tap.startswith("go:") else ""
        if (inbound.start or tapped) in _MATTERS:
            return True
        if self.words.meaning(text, "").removeprefix("go:") in _MATTERS:
            return True
        said = self._understand(text, "") if self._understand and text else None
        return said is not None and (said.intent == "emergency" or said.alarming)

    def _read(self, draft: Draft, inbound: Inbound) -> Reading | ForDesk:
        """Options of the pending question first, global words second, then questions in their own
        words, what is nearly an option, and free answers. While a ticket listens, words that we
        could not make sense of go to the desk; while the desk has the floor, all but global words.
        """
        asked = draft.asked
        if inbound.start:
            return self._linked(clean(inbound.start, _LONGEST_TAP))
        if not draft.questions and inbound.tap.endswith(_ERASING):
            return Again()  # the second tap on "delete everything": there is nobody any more
        if inbound.tap:
            return read_tap(clean(inbound.tap, _LONGEST_TAP), asked, draft.last)
        text = clean(inbound.text)
        ticket = draft.desk.tickets.mine() if text else None
        if text and desk_has_floor(ticket, asked):
            return self._for_desk(draft, text)
        if asked and text and (option := read_option(text, asked, exactly)):
            return option
        if word := self._global(draft, text):
            return word
        reading = self._question(draft, text, self._answer(draft, inbound, text))
        passed_on = ticket is not None and ticket.listens and lost_on_us(reading)
        return ForDesk(text) if passed_on else reading

    def _global(self, draft: Draft, text: str) -> Begin | Control | None:
        """``text`` as a word that works everywhere."""
        named = draft.asked is not None and draft.asked.kind == "text"
        look_up = self.words.meaning_beside_names if named else self.words.meaning
        meaning = look_up(text, draft.speech.code)
        if meaning.startswith("go:"):
            return Begin(meaning.removeprefix("go:"))
        return Control(meaning) if meaning else None

    def _for_desk(self, draft: Draft, text: str) -> Reading | ForDesk:
        """While the desk has the floor. A number or a "yes" may answer its question, not ours."""
        asked, ticket = draft.asked, draft.desk.tickets.mine()
        ours = asked and asked.flow == FLOW and ticket and not ticket.desk_spoke
        if asked and ours and (option := read_option(text, asked, exactly)):
            return option
        word = self._global(draft, text)
        if word and still_ours(word, text):
            return word
        reading = self._question(draft, text, Misread.UNKNOWN)
        alarm = isinstance(reading, Question) and reading.said.intent == "emergency"
        sure = isinstance(reading, Question) and not reading.said.abstained
        return ForDesk(text, reading if alarm and sure else None)  # type: ignore[arg-type]

    def _answer(self, draft: Draft, inbound: Inbound, text: str) -> Reading:
        """``text`` as an answer that is neither an option nor a global word."""
        if draft.asked is None:
            return Misread.NOT_TEXT if inbound.media else Misread.UNKNOWN
        if text and (option := read_option(text, draft.asked, nearly)):
            return option
        return read_free(inbound, draft.asked, draft.desk.places)

    def _question(self, draft: Draft, text: str, reading: Reading) -> Reading:
        """``reading``, or the question in their own words that ``text`` is instead."""
        if self._understand is None or not text or _is_number(text):
            return reading
        question = Question(self._understand(text, draft.language), len(text.split()))
        return question if is_question(question, reading, draft.asked, text) else reading

    def _linked(self, start: str) -> Begin:
        """Where a deep link leads. Anybody can make one: none tells the profile's flow anything."""
        name, _, _ = start.partition("-")
        flow = self.flows.get(name)
        return Begin(name if flow and flow.keeps else start)


def _is_number(text: str) -> bool:
    """A number alone chooses something; 112 is another matter."""
    return text.strip().isdecimal() and len(text.strip()) < len("112")


_LONGEST_TAP = 64
_LONGEST_HASTE = 500
_MATTERS = ("stop", "erase", "person")
_ERASING = (":yes", ":under_14")
_BEFORE_LANGUAGE = ("stop", "welcome")
_GREETINGS = ("menu", "welcome_back")  # no wish to come back to
_NO_WISH = ("greeting", "menu", "language_change")


def _language_first(draft: Draft, reading: Reading) -> Reading:
    """Before the language is known only its question and STOP count; a wish is parked."""
    match reading:
        case Begin(start) if start.startswith("language-"):
            return Begin(start.replace("language-", "welcome-"))
        case Begin(start) if start.split("-")[0] in _BEFORE_LANGUAGE:
            return reading
        case Begin(start) if start in _GREETINGS:
            return Begin("welcome")
        case Begin(start):
            return Begin("welcome", then=start)
        case Question(said) if said.intent == "emergency":
            return reading
        case Question(said) if said.abstained or said.intent in _NO_WISH:
            return Begin("welcome")
        case Question(said):
            return Begin("welcome", f"answer-{said.intent}", facts(said))
        case Again():
            return reading
        case Misread() if draft.asked and draft.asked.flow != "welcome":
            return Begin("welcome")
        case _ if draft.asked is None:
            return Begin("welcome")
        case _:
            return reading


def _apply(draft: Draft, reading: Reading | ForDesk) -> None:
    match reading:
        case ForDesk(text, alarm):
            pass_on(draft, text, alarm)
        case Begin(start, then, answers):
            draft.begin(start)
            draft.park(then, answers)
            draft.advance()
        case Question():
            take_question(draft, reading)
        case Answer(value):
            _answer(draft, value)
        case Toggle(key, on):
            _toggle(draft, key, on=on)
        case Control(name):
            _control(draft, name)
        case Maybe(places):
            draft.say(sentences.near_places(draft.speech))
            near = tuple(Option(place.istat, place.name) for place in places)
            elsewhere = (
                tuple(o for o in draft.asked.options if o.key == "elsewhere") if draft.asked else ()
            )
            draft.repeat(options=near + elsewhere)
        case Again():
            pass
        case Misread():
            _misread(draft, reading)


def _answer(draft: Draft, value: object) -> None:
    asked = draft.asked
    if asked and isinstance(value, list):
        value = list(dict.fromkeys([*asked.chosen, *value]))
    draft.answer(value)  # type: ignore[arg-type]
    draft.advance()


def _toggle(draft: Draft, key: str, *, on: bool) -> None:
    assert draft.asked is not None
    kept = tuple(k for k in draft.asked.chosen if k != key)
    draft.repeat(chosen=(*kept, key) if on else kept)


def _control(draft: Draft, name: str) -> None:
    asked = draft.asked
    match name:
        case "back" if draft.back():
            draft.advance()
        case "back" if draft.language:
            draft.begin("menu")
            draft.advance()
        case "skip" if asked and asked.optional:
            _answer(draft, None)
        case "done" if asked and asked.kind == "pick_many" and (asked.chosen or asked.optional):
            _answer(draft, list(asked.chosen) or None)
        case "more" if asked and asked.pages > 1:
            draft.repeat(page=(asked.page + 1) % asked.pages)
        case _:
            _misread(draft, Misread.NEEDED if asked else Misread.UNKNOWN)


def _misread(draft: Draft, reason: Misread) -> None:
    asked = draft.asked
    flow, step = (asked.flow, asked.step) if asked else ("", "")
    draft.events.append(Event("misread", flow, step, reason.value))
    if asked is None or asked.flow == "menu":
        reason = Misread.UNKNOWN if reason is Misread.NOT_AN_OPTION else reason
    draft.say(sentences.misread(reason, asked, draft.speech))
    if asked is None:
        draft.begin("menu")
        draft.advance()
        return
    if asked.misreads and reason is not Misread.EARLIER:
        draft.say(sentences.way_out(draft.speech))
    draft.repeat(misreads=asked.misreads + 1)
