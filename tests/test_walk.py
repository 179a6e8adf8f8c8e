"""Every flow, walked: each option, each side of each limit, in every language that has a catalog.

Breadth first from a new conversation. At every question everything a person can do is tried in each
branch (the set of conditional steps that matter) and in each state of the person (consents,
alerts); what does not depend on them (starts, nonsense) less often: see `Walk._is_new`.
"""

import json
import multiprocessing
import os
import re
import warnings
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update
from sqlmodel import col

from bot.catalogs import load_languages
from bot.drawing import plain, utf16_length
from flows.agenda.port import (
    AnswerOffer,
    Appointment,
    BookAppointment,
    CancelAppointment,
    ConfirmAppointment,
    WaitForSlot,
)
from flows.all_flows import all_flows
from flows.conversation import Asked, Conversation
from flows.desk import (
    TOPICS,
    AnswerForOffer,
    Command,
    Desk,
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
from flows.draft import Draft
from flows.engine import Engine as FlowEngine
from flows.engine import Turn
from flows.flow import always
from flows.folding import fold
from flows.messages import Button, Inbound, Outbound, Position
from flows.outcomes.ladder import FOLLOWED, Standing, answered
from flows.outcomes.port import Outcome, SayOutcome
from flows.places import Gazetteer
from flows.rides.port import AnswerProposal, AskRide, CancelRide, NoteWish, Ride
from flows.searches.port import (
    MOST_SEARCHES,
    PROFILE,
    ChangeSearch,
    DropSearch,
    SaveSearch,
    Search,
)
from flows.speech import ISOLATE, POP
from flows.talk import Answers, Contact
from flows.tickets.port import CloseTicket, OpenTicket, TellDesk, Ticket
from flows.words import STARTS, listed, separate
from storage import listings
from storage.database import open_database, reading
from storage.desk import DatabaseDesk
from storage.gazetteer import load_gazetteer
from storage.models import Consent, Interest
from storage.models import Contact as ContactRow
from storage.models import Listing as ListingRow
from storage.understanding import load_understanding
from tests.conftest import ROOT, START
from tests.memory_agenda import FEW, ROME, MemoryAgenda
from tests.memory_rides import CONFIRMED, PROPOSED, MemoryRides
from tests.memory_tickets import MemoryTickets

SETTIME = Position(44.9628, 8.1153)
PALERMO = Position(38.1157, 13.3615)
LANGUAGES = tuple(sorted(path.parts[-3] for path in ROOT.glob("locales/*/LC_MESSAGES/*.po")))
TODAY = START.date()

MOST_TEXT, MOST_PLAIN = 4096, 1600
MOST_TAP = 64
MOST_LABEL, MOST_SHORT_LABEL, SHORT_LIST = 24, 20, 3
# Labels that no translator of ours writes: they are checked where they are written.
_FREE_LABELS = {
    ("browse", "offer"),
    ("outcome", "which"),
    ("answer", "offers"),
    ("welcome", "language"),
    ("language", "language"),
}

_RLM = "\N{RIGHT-TO-LEFT MARK}"
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_ISOLATED = re.compile(f"{ISOLATE}[^{POP}]*{POP}")


class MemoryOffers:
    """The offers of a database, read once: what `storage.listings` answers, from memory."""

    def __init__(self, engine: Engine, today: date) -> None:
        self._engine, self._today = engine, today
        self.of_topic = cache(self._of_topic)
        self.one = cache(self._one)

    def _of_topic(self, topic: str, language: str) -> tuple[Listing, ...]:
        with reading(self._engine).begin() as connection:
            return tuple(listings.shown(connection, topic, language, self._today))

    def _one(self, id: str, language: str) -> Listing | None:
        with reading(self._engine).begin() as connection:
            return listings.one(connection, id, language, self._today)


PROVIDED = "job_harvest_cortandone"  # the offer everybody answers for
STILL = (f"still-{PROVIDED}", "still-tra_social_taxi", "take-nothing")
TAKES = ("take-job_kitchen_albugnano", f"take-{PROVIDED}")
NEWS = f"news-1-{PROVIDED}"
OFFERED = Appointment(
    7,
    "cv",
    FEW.places[0],
    datetime(2026, 11, 25, 14, tzinfo=ROME),
    30,
    "ar",
    "Anna",
    "Amal",
    "offered",
)
KNOWN_RIDES = ("ride-back_2", "ride-again_2", "ride-said_005067_005005_thu_99:99")
AT_HOME = Answers(age="25_34", comune="005067", children=["0_2"])  # in Monale


class MemoryDesk:
    """`flows.desk.Desk` in memory, for one turn: as strict as `storage.desk.DatabaseDesk`."""

    def __init__(
        self,
        offers: MemoryOffers,
        contact: Contact,
        booked: Sequence[Appointment] = (),
        rides: Sequence[Ride] = (),
        ticket: Ticket | None = None,
        searches: Sequence[Search] = (),
        outcomes: Sequence[Outcome] = (),
    ) -> None:
        self._offers, self.contact = offers, contact
        self.agenda = MemoryAgenda(booked=booked)
        self._searches = list(searches)
        self._outcomes = list(outcomes)
        self.rides = MemoryRides(rides=rides)
        self.tickets = MemoryTickets(ticket)
        self.interests: set[str] = set()
        self.provides = {PROVIDED}
        self.consents: list[RecordConsent] = []
        self.erased = False
        self.notice = "https://sportello.example.org/privacy"

    @property
    def places(self) -> Gazetteer:
        return load_gazetteer()

    def listings(
        self, topic: str, language: str, home: str = "", sector: str = ""
    ) -> Sequence[Listing]:
        return self._offers.of_topic(topic, language)

    def mentioning(self, topic: str, words: Sequence[str]) -> Sequence[str]:
        return ()

    def listing(self, id: str, language: str) -> Listing | None:
        return self._offers.one(id, language)

    def answers_for(self, id: str) -> bool:
        return id in self.provides

    def searches(self) -> Sequence[Search]:
        return self._searches

    def outcomes(self, language: str) -> Sequence[Outcome]:
        return self._outcomes

    def perform(self, command: Command) -> str:
        match command:
            case SayOutcome(id, said):
                return self._say(id, said)
            case SaveSearch(search):
                return self._save(search)
            case ChangeSearch(id, every):
                known = [one.id for one in self._searches]
                self._searches = [
                    replace(one, every=every) if one.id == id else one for one in self._searches
                ]
                return "done" if id in known else "gone"
            case DropSearch(id):
                left = [one for one in self._searches if one.id != id]
                gone, self._searches = len(left) == len(self._searches), left
                return "gone" if gone else "done"
            case (
                BookAppointment()
                | CancelAppointment()
                | ConfirmAppointment()
                | WaitForSlot()
                | AnswerOffer()
            ):
                return self.agenda.perform(command)
            case AskRide() | CancelRide() | AnswerProposal() | NoteWish():
                return self.rides.perform(command)
            case OpenTicket() | TellDesk() | CloseTicket():
                return self.tickets.perform(command)
            case FlagEmergency():
                self.tickets.flag()
            case RecordConsent(purpose, given):
                self.consents.append(command)
                consents: Mapping[str, bool] = {**self.contact.consents, purpose: given}
                self.contact = replace(self.contact, consents=consents)
            case SetAlerts(state):
                if state == "on" and self.contact.agreed("profile") and not self._searches:
                    self._save(Search(PROFILE))
                self.contact = replace(self.contact, alerts=state)
            case NoteInterest(listing):
                offer = self._offers.one(listing, "it")
                if offer is None:
                    return "gone"
                if offer.topic in FOLLOWED:
                    self._follow(offer)
                self.interests.add(listing)
            case NoteRefusal() | NoteGaps():
                pass
            case NoteTap(broadcast):
                return broadcast
            case AnswerForOffer(listing):
                self.provides.discard(listing)
            case KnowAgain():
                self.contact = replace(self.contact, doubted=False)
            case EraseContact() | LetGo():
                self.erased = True
                self.contact = Contact(self.contact.channel, hint=self.contact.hint)
        return "done"

    def _follow(self, offer: Listing) -> None:
        about = offer.id, offer.topic, offer.title, offer.organisation
        if offer.id not in [one.listing for one in self._outcomes]:
            number = len(self._outcomes) + 1
            self._outcomes = [Outcome(number, *about, "interested"), *self._outcomes]

    def _say(self, id: int, said: str) -> str:
        for n, one in enumerate(self._outcomes):
            if one.id == id:
                long_ago = START - timedelta(days=31)
                after = answered(Standing(one.rung, one.ended, started_at=long_ago), said, START)
                self._outcomes[n] = replace(one, rung=after.rung, ended=after.ended)
                return "done"
        return "gone"

    def _save(self, search: Search) -> str:
        for n, one in enumerate(self._searches):
            if replace(one, id=0, every="") == replace(search, every=""):
                self._searches[n] = replace(one, every=search.every)
                return "done"
        if len(self._searches) >= MOST_SEARCHES:
            return "enough"
        number = max((one.id for one in self._searches), default=0) + 1
        self._searches.append(replace(search, id=number))
        return "done"


@pytest.fixture(scope="session")
def offers(filled_database: Path) -> Iterator[MemoryOffers]:
    engine = open_database(f"sqlite:///{filled_database}")
    yield MemoryOffers(engine, TODAY)
    engine.dispose()


@dataclass(frozen=True)
class Place:
    """A moment of the walk: what is kept between two turns."""

    conversation: Conversation
    contact: Contact
    booked: tuple[Appointment, ...] = ()
    rides: tuple[Ride, ...] = ()
    ticket: Ticket | None = None
    searches: tuple[Search, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


def desk_at(offers: MemoryOffers, place: Place) -> MemoryDesk:
    """The desk as it is there."""
    kept = place.booked, place.rides, place.ticket, place.searches, place.outcomes
    return MemoryDesk(offers, place.contact, *kept)


# The flow; the steps of this branch, and whether another flow waits; the state of the person.
Context = tuple[str, tuple[object, bool], object]


class Walk:
    """A walk through every flow in one language."""

    def __init__(self, flows: FlowEngine, offers: MemoryOffers, language: str) -> None:
        self.flows, self.offers, self.language = flows, offers, language
        self.turns = 0
        self.asked: set[tuple[str, str]] = set()
        self.told: set[tuple[str, str]] = set()
        self.questions: dict[tuple[str, ...], Place] = {}
        self.mistakes: Counter[str] = Counter()
        self._tried: set[tuple[object, str, str]] = set()
        self._seen: set[tuple[object, ...]] = set()
        self._ahead: deque[Place] = deque()

    def __getstate__(self) -> dict[str, object]:
        """As it leaves the process that walked: without the world."""
        return self.__dict__ | {"flows": None, "offers": None}

    def go(self) -> None:
        """From a person who never wrote, until nothing is left to try."""
        new = Place(Conversation(), Contact("whatsapp", hint=self.language))
        for start in (*STARTS.values(), "", "browse-no_such_offer", "nonsense"):
            inbound = Inbound(start=start) if start else Inbound("?!")
            self._ahead.append(self._step(new, inbound))
        waits = Place(Conversation(language=self.language), new.contact, (OFFERED,))
        for start in ("earlier-yes_7", "earlier-no_7", "earlier-yes_8", "earlier-7"):
            self._ahead.append(self._step(waits, Inbound(start=start)))
        drives = Place(Conversation(language=self.language), new.contact, (), (CONFIRMED, PROPOSED))
        for start in ("ride", "rides", "rides-yes_3", "rides-no_3", "rides-cancel_2", *KNOWN_RIDES):
            self._ahead.append(self._step(drives, Inbound(start=start)))
        for start in (*TAKES, NEWS):
            lives = Conversation(language=self.language, profile=AT_HOME)
            self._ahead.append(self._step(Place(lives, new.contact), Inbound(start=start)))
        while self._ahead:
            self._explore(self._ahead.popleft())

    def _explore(self, place: Place) -> None:
        asked = place.conversation.asked
        if asked is None:
            return
        context = self._context(place)
        keys = tuple(option.key for option in asked.options)
        seen = (context, asked.step, asked.kind, asked.low, asked.high, keys, asked.chosen)
        if seen in self._seen:  # then every attempt has the name of one that was made
            return
        self._seen.add(seen)
        for name, inbound in attempts(asked, self.flows, self.language):
            if not self._is_new(context, asked.step, name):
                continue
            after = self._step(place, inbound)
            if after.conversation.language in ("", self.language) and after != place:
                self._ahead.append(after)

    def _is_new(self, context: Context, step: str, name: str) -> bool:
        """At every step: in each branch, and in each state of the person.

        Not in each state of each branch: what is known of a person is no answer, and changes words
        and conditions, which make another branch. A start leads to the same place from every step
        of a flow: at each step once, and from each flow in each state.
        """
        flow, branch, person = context
        match name.split(maxsplit=1)[0]:
            case "tap" | "all":
                pairs: list[tuple[object, str]] = [((flow, branch), step), ((flow, person), step)]
            case "start" | "language":
                pairs = [(flow, step), ((flow, branch[1], person), "")]
            case _:
                pairs = [((flow, person), step)]
        new = {(*pair, name) for pair in pairs} - self._tried
        self._tried |= new
        return bool(new)

    def _context(self, place: Place) -> Context:
        """The flow, which branch of it, and what is known of the person."""
        talk = _draft(self.flows, self.offers, place).talk()
        flow = self.flows.flows[place.conversation.flow]
        branch = tuple(s.name for s in flow.steps if s.when is not always and s.when(talk))
        known, contact = bool(place.conversation.language), place.contact
        agreed = contact.agreed("profile"), contact.agreed("alerts")
        heard = place.ticket is not None and place.ticket.listens
        person = (known, contact.alerts, *agreed, heard)
        return flow.name, (branch, bool(place.conversation.parked)), person

    def _step(self, place: Place, inbound: Inbound) -> Place:
        self.turns += 1
        desk = desk_at(self.offers, place)
        turn = self.flows.take_turn(place.conversation, inbound, place.contact, desk, TODAY)
        asked = turn.conversation.asked
        if asked:
            self.asked.add((asked.flow, asked.step))
        self.told |= {(e.flow, e.step) for e in turn.events if e.kind in ("told", "did", "left")}
        for mistake in mistakes(turn, asked, self.flows):
            where = f"{asked.flow}.{asked.step}" if asked else place.conversation.flow
            self.mistakes[f"{where}: {mistake}"] += 1
        after = Place(
            turn.conversation,
            desk.contact,
            tuple(desk.agenda.mine()),
            tuple(desk.rides.all()),
            desk.tickets.mine(),
            tuple(desk.searches()),
            tuple(desk.outcomes("")),
        )
        if asked and turn.conversation.language == self.language:
            keys = (option.key for option in asked.options)
            self.questions.setdefault((asked.flow, asked.step, *keys), after)
        return after


def _draft(flows: FlowEngine, offers: MemoryOffers, place: Place) -> Draft:
    desk = desk_at(offers, place)
    return Draft(flows.flows, flows.languages, place.conversation, place.contact, desk, TODAY)


def _next_to(language: str, codes: list[str]) -> str:
    """Another language: each is gone over to from the walk of the one before it."""
    return codes[(codes.index(language) + 1) % len(codes)]


def attempts(asked: Asked, flows: FlowEngine, language: str) -> Iterator[tuple[str, Inbound]]:
    """Everything a person can do at a question, each under a name."""
    for option in asked.options:
        untick = "-" if option.key in asked.chosen else ""
        tap = f"go:{option.start}" if option.start else f"{asked.id}:{untick}{option.key}"
        yield f"tap {option.key}{'-' if option.key in asked.chosen else ''}", Inbound(tap=tap)
    yield "first number", Inbound("1")
    yield "number after the last", Inbound(str(len(asked.shown) + 1))
    numbers = ", ".join(str(place) for place in range(1, len(asked.shown) + 1))
    if asked.kind == "pick_many":
        yield "all numbers", Inbound(numbers)
    for control in ("back", "skip", "more", f"done{asked.chosen}"):
        yield f"tap {control}", Inbound(tap=f"{asked.id}:_{control.partition('(')[0]}")
    for meaning in STARTS:
        yield f"start {meaning}", Inbound(tap=f"go:{STARTS[meaning]}")
    for start in STILL:
        yield f"start {start}", Inbound(start=start)
    for intent in ("job", "emergency", "desk_info", "out_of_scope", "stop", "language_change"):
        yield f"question {intent}", Inbound(start=f"answer-{intent}")
    for code in (language, _next_to(language, [*flows.languages])):
        yield f"language {code}", Inbound(tap=f"go:language-{code}")
    for edge in {asked.low - 1, asked.low, asked.high, asked.high + 1}:
        if asked.kind == "number":
            yield f"number {edge}", Inbound(str(edge))
        elif asked.kind == "text" and edge > 0:
            letter = "ق" if flows.languages[language].direction == "rtl" else "W"
            yield f"{edge} letters", Inbound(letter * edge)
    yield "nonsense", Inbound("zzzz qqqq xxxx")
    yield "town", Inbound("Settime")
    yield "no town", Inbound("castel")
    yield "voice", Inbound(media="voice")
    yield "near", Inbound(location=SETTIME)
    yield "far", Inbound(location=PALERMO)
    yield "old button", Inbound(tap="0:yes")
    yield "no button", Inbound(tap="what is this")


def mistakes(turn: Turn, asked: Asked | None, flows: FlowEngine) -> Iterator[str]:
    """What is wrong with a turn, as short names without anything that varies."""
    if Conversation.from_json(json.loads(json.dumps(turn.conversation.to_json()))) != (
        turn.conversation
    ):
        yield "the conversation is another after a round trip through JSON"
    says = turn.says
    if says is None:
        return
    if Outbound.from_json(json.loads(json.dumps(says.to_json()))) != says:
        yield "the message is another after a round trip through JSON"
    yield from _wrong_text(says)
    yield from _wrong_buttons(says, asked)
    leaves = any(event.kind == "left" for event in turn.events)
    if not (says.buttons or says.controls or leaves):
        yield "a dead end: nothing to tap"
    speech = flows.languages[says.language]
    if says.direction != speech.direction:
        yield f"direction {says.direction} in {says.language}"


def _wrong_text(says: Outbound) -> Iterator[str]:
    if not says.text.strip():
        yield "no text"
    if utf16_length(says.text) > MOST_TEXT:
        yield f"over {MOST_TEXT} UTF-16 units"
    if (length := len(plain(says))) > MOST_PLAIN:
        yield f"as plain text {length // 100 * 100} letters and more, over {MOST_PLAIN}"
    words = [says.text, says.howto, *(f"{b.label} {b.hint}" for b in says.buttons)]
    if any("{" in word or "}" in word for word in words):
        yield "an unfilled placeholder"
    if says.direction == "rtl":
        if any(line and line[0] != _RLM for line in plain(says).split("\n")):
            yield "a line without a direction"
        for line in "\n".join(words).split("\n"):
            if found := stray_latin(line):
                yield f"Latin outside isolates: {found}"


def stray_latin(line: str) -> str:
    """The first Latin word that may turn a line in Arabic script around, or an empty string.

    A line without any letter of that script cannot be turned around: an offer that has only Italian
    words, a person's own name, the question for the language in Italian.
    """
    if not _ARABIC.search(line):
        return ""
    found = _LATIN.search(_ISOLATED.sub("", line))
    return found[0] if found else ""


def _wrong_buttons(says: Outbound, asked: Asked | None) -> Iterator[str]:
    for button in says.buttons + says.controls:
        if not (button.tap.isascii() and 0 < len(button.tap) <= MOST_TAP):
            yield f"tap {button.tap!r}"
        if not button.label.strip():
            yield f"no label on {button.tap.partition(':')[2]}"
    if len({button.tap for button in says.buttons}) != len(says.buttons):
        yield "two buttons alike"
    labels = [button.label for button in says.controls]
    limits = [(label, MOST_SHORT_LABEL) for label in labels]
    if asked is None or (asked.flow, asked.step) not in _FREE_LABELS:
        most = MOST_SHORT_LABEL if len(says.buttons) <= SHORT_LIST else MOST_LABEL
        limits += [(button.label, most) for button in says.buttons]
    for label, most in limits:
        if len(label) > most:
            yield f"{says.language}: label {label!r} has {len(label)} of {most} letters"


_MOST_AT_ONCE = 8  # processes with catalogs and a model each


@cache
def _world(database: Path) -> tuple[FlowEngine, MemoryOffers]:
    """Of a process that walks, made once in it."""
    warnings.simplefilter("error")  # as pytest has it (pyproject.toml)
    languages = load_languages("it")
    flows = FlowEngine(all_flows(languages), languages, load_understanding().understand)
    return flows, MemoryOffers(open_database(f"sqlite:///{database}"), TODAY)


def _walked(database: Path, language: str) -> Walk:
    walk = Walk(*_world(database), language)
    walk.go()
    return walk


@pytest.fixture(scope="session")
def walks(
    request: pytest.FixtureRequest, filled_database: Path
) -> Iterator[dict[str, "Future[Walk]"]]:
    """A walk in each of the languages that are tested, as many at once as there are cores."""
    chosen = [getattr(item, "callspec", None) for item in request.session.items]
    wanted = dict.fromkeys(one.params["walk"] for one in chosen if one and "walk" in one.params)
    at_once = min(len(os.sched_getaffinity(0)), _MOST_AT_ONCE)
    pool = ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn"))
    yield {language: pool.submit(_walked, filled_database, language) for language in wanted}
    pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session", params=LANGUAGES)
def walk(
    request: pytest.FixtureRequest,
    walks: dict[str, "Future[Walk]"],
    flows: FlowEngine,
    offers: MemoryOffers,
) -> Walk:
    walk = walks[request.param].result()
    walk.flows, walk.offers = flows, offers
    return walk


def test_nothing_said_is_wrong(walk: Walk) -> None:
    assert [f"{count} × {name}" for name, count in walk.mistakes.most_common()] == []


# What help promises: these words always work.
PROMISED = ("stop", "menu", "help", "person", "back", "my data", "delete my data", "language")


def test_the_promised_words_work_at_every_question(walk: Walk) -> None:
    assert sorted(set(deaf(walk, PROMISED))) == []


def deaf(walk: Walk, meanings: Sequence[str]) -> Iterator[str]:
    """Where a word is taken for an answer; a whole label may be one, but never for STOP."""
    flows, language = walk.flows, walk.language
    for place in walk.questions.values():
        asked = place.conversation.asked
        assert asked is not None
        whole = {fold(o.label) for o in asked.options} | {fold(o.key) for o in asked.options}
        for meaning in meanings:
            for word in separate(listed(flows.languages[language])[meaning]):
                if word in whole and meaning != "stop":
                    continue
                desk = desk_at(walk.offers, place)
                turn = flows.take_turn(
                    place.conversation, Inbound(word), place.contact, desk, TODAY
                )
                if not heard(turn, place.conversation, meaning):
                    yield f"{asked.flow}.{asked.step}: {word} is not {meaning}"


def heard(turn: Turn, was: Conversation, meaning: str) -> bool:
    """Whether the turn did what the word means."""
    started = [event.flow for event in turn.events if event.kind == "started"]
    if meaning in STARTS:
        return started[:1] == [STARTS[meaning].partition("-")[0]]
    ticked = was.asked and turn.conversation.asked and (was.asked.id == turn.conversation.asked.id)
    return not ticked and not any(event.kind == "answered" for event in turn.events)


# Questions that only an accident of the world leads to; tested one by one below.
_RARE = {
    ("browse", "nothing_found"),
    ("answer", "careful"),
    ("person", "puzzled"),  # test_transcripts
    ("answer", "did_you_mean"),
    ("answer", "nothing_fits"),
    ("tell_me", "too_many"),  # test_alerts
    *(("appointment", step) for step in ("speaks", "nothing", "waits")),  # test_appointment_flows
    ("rides", "none"),  # test_ride_flows
    ("same_person", "same"),  # test_recycled, with what follows
}
# Steps that ask nothing and leave no trace.
_SILENT = {
    ("welcome", "speak"),
    ("welcome", "go_on"),
    ("answer", "appointments"),
    ("answer", "tell_me"),
    *(("tell_me", step) for step in ("as_you_like", "will_hear")),
    *(("searches", step) for step in ("gone", "told")),
    *(("outcome", step) for step in ("none", "gone", "thanks")),
    *(
        ("appointment", step)
        for step in (
            "gone",
            "ask_for_less",
            "will_hear",
            "another_day",
            "lost",
            "busy",
            "not_booked",
        )
    ),
    *(("appointments", step) for step in ("gone", "thanks", "move", "kept", "goodbye")),
    *(
        ("ride", step)
        for step in (
            "no_service",
            "known",
            "other_ends",
            "another_day",
            "fewer",
            "not_asked",
            "lost",
            "not_possible",
        )
    ),
    *(("rides", step) for step in ("gone", "too_late", "kept", "only_by_phone", "goodbye")),
    *(
        ("earlier", step)
        for step in ("another", "too_late", "too_many", "nothing_there", "will_hear")
    ),
    ("intake", "no_hard_feelings"),
    ("intake", "change"),
    ("intake", "to_offers"),
    ("news", "to_offer"),
    ("browse", "gone"),
    ("browse", "back_to_list"),
    ("help", "explained"),
    ("keep", "kept"),
    *(("person", step) for step in ("on", "read")),
    ("language", "speak"),
    ("alerts", "switched"),
    ("welcome_back", "to_menu"),
    *(("same_person", step) for step in ("known_again", "let_go", "start_anew")),
    ("still", "not_mine"),
    ("still", "thanks"),
    ("answer", "after_numbers"),
    ("answer", "desk"),
    ("answer", "outside"),
    ("answer", "hello"),
    ("answer", "leave"),
    ("answer", "other_language"),
    ("answer", "elsewhere"),
    ("take", "gone"),
    ("teach", "taught"),
}


def test_every_step_is_reached(walk: Walk, flows: FlowEngine) -> None:
    steps = {(flow.name, step.name) for flow in flows.flows.values() for step in flow.steps}
    assert steps - walk.asked - walk.told - _SILENT - _RARE == set()


def test_every_offer_is_shown_somewhere(walk: Walk, offers: MemoryOffers) -> None:
    ids = {offer.id for topic in TOPICS for offer in offers.of_topic(topic, walk.language)}
    tapped = {name.removeprefix("tap ") for _context, _step, name in walk._tried}
    assert ids and ids <= tapped


def test_a_topic_without_offers_leads_on(flows: FlowEngine, offers: MemoryOffers) -> None:
    class Empty(MemoryDesk):
        def listings(
            self, topic: str, language: str, home: str = "", sector: str = ""
        ) -> Sequence[Listing]:
            return ()

    contact = Contact("telegram")
    for language in LANGUAGES:
        was = Conversation(language=language, flow="menu")
        desk = Empty(offers, contact)
        turn = flows.take_turn(was, Inbound(tap="go:browse-job"), contact, desk, TODAY)
        asked = turn.conversation.asked
        assert asked and asked.step == "nothing_found"
        assert list(mistakes(turn, asked, flows)) == []
        person = flows.take_turn(was, Inbound(tap="go:person"), contact, desk, TODAY)
        assert person.says and person.says.buttons


def _desks(engine: Engine, offers: MemoryOffers) -> Iterator[tuple[str, Desk]]:
    yield "memory", MemoryDesk(offers, Contact("telegram"))
    with engine.begin() as connection:
        row = ContactRow.__table__.insert().values(  # type: ignore[attr-defined]
            id=1, alerts="off", agreed="", created_at=START
        )
        connection.execute(row)
        yield "database", DatabaseDesk(connection, 1, "", "telegram", START, ROME)


def test_the_desk_in_memory_answers_as_the_real_one(engine: Engine, offers: MemoryOffers) -> None:
    commands: list[Command] = [
        RecordConsent("profile", True, "words", "it"),
        RecordConsent("alerts", True, "words", "it"),
        RecordConsent("profile", False, "words", "it"),
        SetAlerts("paused"),
        NoteInterest("job_harvest_cortandone"),
        NoteInterest("job_harvest_cortandone"),
        NoteInterest("no_such_offer"),
    ]
    found = {}
    for name, desk in _desks(engine, offers):
        results = [desk.perform(command) for command in commands]
        shown = [desk.listings(topic, code) for topic in TOPICS for code in LANGUAGES]
        one = desk.listing("job_harvest_cortandone", "fr")
        found[name] = (results, [sorted(o.id for o in some) for some in shown], one)
        if isinstance(desk, MemoryDesk):
            kept = (desk.contact.alerts, desk.contact.agreed("profile"), len(desk.consents))
            memory = (*kept, desk.contact.agreed("alerts"), len(desk.interests))
        else:
            assert isinstance(desk, DatabaseDesk)
            run = desk._connection.execute
            person = run(select(col(ContactRow.alerts), col(ContactRow.agreed))).one()
            consents = run(select(func.count()).select_from(Consent)).scalar_one()
            interests = run(select(func.count()).select_from(Interest)).scalar_one()
            assert person.agreed == "alerts"
            assert (person.alerts, False, consents, True, interests) == memory
    assert found["memory"] == found["database"]
    assert found["memory"][0] == ["done"] * 6 + ["gone"]


def test_a_closed_offer_is_gone_in_every_language(engine: Engine, flows: FlowEngine) -> None:
    with engine.begin() as connection:
        connection.execute(update(ListingRow).values(status="closed"))
    contact = Contact("telegram")
    for language in LANGUAGES:
        was = Conversation(language=language, flow="menu")
        with engine.begin() as connection:
            desk = DatabaseDesk(connection, 1, "", "telegram", START, ROME)
            start = Inbound(start="browse-job_harvest_cortandone")
            turn = flows.take_turn(was, start, contact, desk, TODAY)
        assert turn.conversation.asked and turn.conversation.asked.step == "topic"
        gone = flows.languages[language].gettext("This offer is not there any more.")
        assert turn.says and gone in turn.says.text


_MOST_ANSWERED = {"place": "Settime", "text": "W", "number": "1"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_profile_fits(flows: FlowEngine, offers: MemoryOffers, language: str) -> None:
    """Everything chosen, the longest name: the summary is the longest thing we ever say."""
    place = Place(Conversation(language=language), Contact("whatsapp", {"profile": True}))
    inbounds, lengths = deque([Inbound(tap="go:intake")]), []
    asked: Asked | None = None
    while inbounds:
        desk = MemoryDesk(offers, place.contact)
        turn = flows.take_turn(place.conversation, inbounds.popleft(), place.contact, desk, TODAY)
        place = Place(turn.conversation, desk.contact)
        asked = turn.conversation.asked
        assert asked and turn.says
        assert list(mistakes(turn, asked, flows)) == []
        lengths.append(len(plain(turn.says)))
        if not inbounds and asked.step != "summary":
            inbounds += _longest_answers(asked)
    assert asked and asked.step == "summary" and len(asked.options) == 14
    assert max(lengths) == lengths[-1]
    privacy = flows.take_turn(
        place.conversation, Inbound(tap="go:privacy"), place.contact, desk, TODAY
    )
    assert privacy.says and "W" * 40 in privacy.says.text
    assert list(mistakes(privacy, privacy.conversation.asked, flows)) == []


def _longest_answers(asked: Asked) -> list[Inbound]:
    if asked.kind == "pick_many":
        ticks = [Inbound(tap=f"{asked.id}:{option.key}") for option in asked.options]
        return [*ticks, Inbound(tap=f"{asked.id}:_done")]
    if asked.kind == "pick":
        long = max(asked.options, key=lambda o: len(o.label) * (o.key != "under_14"))
        return [Inbound(tap=f"{asked.id}:{long.key}")]
    return [Inbound(_MOST_ANSWERED[asked.kind] * (asked.high or 1))]


@pytest.mark.parametrize(
    ("line", "stray"),
    [
        ("اكتب STOP للتوقف", "STOP"),
        (f"اكتب {ISOLATE}STOP{POP} للتوقف", ""),
        (f"اكتب {ISOLATE}STOP{POP} أو START", "START"),
        ("1. Azienda agricola", ""),
        ("من A إلى ب", ""),
    ],
)
def test_stray_latin_is_seen(line: str, stray: str) -> None:
    assert stray_latin(line) == stray


@pytest.mark.parametrize(
    ("outbound", "mistake"),
    [
        (Outbound("", "it", controls=(Button("Menu", "go:menu"),)), "no text"),
        (Outbound("ciao", "it"), "a dead end: nothing to tap"),
        (
            Outbound("ciao {name}", "it", buttons=(Button("Sì", "1:yes"),)),
            "an unfilled placeholder",
        ),
        (Outbound("ciao", "ar", buttons=(Button("Sì", "1:yes"),)), "direction ltr in ar"),
        (Outbound("ciao", "it", buttons=(Button("Sì", "1:" + "y" * 63),)), f"tap '1:{'y' * 63}'"),
        (Outbound("ciao", "it", buttons=(Button("Sì", "1:sì"),)), "tap '1:sì'"),
        (
            Outbound("ciao", "it", buttons=(Button("S" * 21, "1:s"),)),
            f"it: label '{'S' * 21}' has 21 of 20 letters",
        ),
        (
            Outbound("ciao", "it", buttons=(Button("a", "1:s"), Button("b", "1:s"))),
            "two buttons alike",
        ),
        (
            Outbound("c" * 1595, "it", buttons=(Button("Sì", "1:yes"),)),
            "as plain text 1600 letters and more, over 1600",
        ),
        (Outbound("😀" * 2049, "it"), "over 4096 UTF-16 units"),
    ],
)
def test_the_walk_would_see(flows: FlowEngine, outbound: Outbound, mistake: str) -> None:
    turn = Turn(Conversation(), outbound, ())
    assert mistake in list(mistakes(turn, None, flows))
