"""The engine: what holds for every sequence of messages, and conversations older than the code."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.conversation import Conversation
from flows.engine import Engine, Turn
from flows.flow import Flow, Step
from flows.messages import Inbound, Position
from flows.moves import End, Forget, Move, Tell, choices, number, pick, pick_many
from flows.talk import Answers, Contact, Talk
from flows.words import STARTS, listed
from storage.database import open_database
from tests.test_walk import LANGUAGES, TODAY, MemoryDesk, MemoryOffers, mistakes


@pytest.fixture(scope="module")
def offers(filled_database: Path) -> Iterator[MemoryOffers]:
    engine = open_database(f"sqlite:///{filled_database}")
    yield MemoryOffers(engine, TODAY)
    engine.dispose()


class Chat:
    """A person, turn by turn; every turn is checked for what must always hold."""

    def __init__(
        self, engine: Engine, offers: MemoryOffers, was: Conversation | None = None
    ) -> None:
        self.engine, self.offers = engine, offers
        self.conversation = was or Conversation()
        self.contact = Contact("telegram", hint="it")

    def say(self, inbound: Inbound | str) -> Turn:
        """One turn, kept and checked."""
        if isinstance(inbound, str):
            inbound = Inbound(inbound)
        was = self.conversation
        turn, self.contact = self._turn(was, inbound)
        self.conversation = turn.conversation
        self._check(was, inbound, turn)
        return turn

    def try_out(self, inbound: Inbound) -> Turn:
        """What a message would do, without keeping it."""
        return self._turn(self.conversation, inbound)[0]

    def tap(self, key: str) -> Turn:
        """Tap the option or control with this key of the pending question."""
        assert self.conversation.asked
        return self.say(Inbound(tap=f"{self.conversation.asked.id}:{key}"))

    def _turn(self, was: Conversation, inbound: Inbound) -> tuple[Turn, Contact]:
        desk = MemoryDesk(self.offers, self.contact)
        return self.engine.take_turn(was, inbound, self.contact, desk, TODAY), desk.contact

    def _check(self, was: Conversation, inbound: Inbound, turn: Turn) -> None:
        json.dumps(turn.conversation.to_json(), ensure_ascii=False).encode()
        assert Conversation.from_json(turn.conversation.to_json()) == turn.conversation
        answered = [event for event in turn.events if event.kind == "answered"]
        assert len(answered) <= 1
        if not answered:
            return
        asked = was.asked
        assert asked is not None
        flow = self.engine.flows.get(asked.flow)
        step = flow.find(asked.step) if flow else None
        assert (answered[0].flow, answered[0].step) == (
            asked.flow,
            step.name if step else asked.step,
        )
        if inbound.tap and not inbound.tap.startswith("go:"):
            assert inbound.tap.partition(":")[0] == str(asked.id)
        if asked.kind == "pick" and answered[0].key:
            assert answered[0].key in {option.key for option in asked.options}


def always_ready(chat: Chat) -> None:
    """Whatever happened, ``menu`` leads to the menu, or first to the language."""
    turn = chat.try_out(Inbound(tap="go:menu"))
    asked = turn.conversation.asked
    wanted = ("menu", "choose") if chat.conversation.language else ("welcome", "language")
    assert asked and (asked.flow, asked.step) == wanted
    assert turn.says and turn.says.buttons


_WORDS = sorted(
    {
        "menu", "indietro", "back", "retour", "رجوع", "skip", "salta", "altro", "fatto", "stop",
        "START", "aiuto", "persona", "i miei dati", "italiano", "English", "العربية", "lavoro",
        "1", "2", "3", "12", "0", "٢", "۳", "২", "१", "1, 2", "١، ٢", "99999999999", "-1", "²",
        "sì", "yes", "no", "Settime", "castelnuovo", "monale", "W" * 41, "W" * 4097, "{name}",
        "%s", "\u200f", "👍🏽", "/start", "1:yes", "_back", "go:menu",
    }
)  # fmt: skip
_STARTS = [
    *STARTS.values(),
    *(f"language-{code}" for code in LANGUAGES),
    "welcome",
    "browse-job_harvest_cortandone",
    "browse-no_such_offer",
    "browse-one",
    "intake-forget",
    "nonsense",
    "nonsense-1",
    "-",
    "menu-",
]
_JUNK = st.text(st.characters(exclude_categories=()), max_size=60)
_TEXTS = st.sampled_from(_WORDS) | _JUNK
_TAPS = (
    st.builds("{}:{}".format, st.integers(-1, 40), st.sampled_from(["yes", "no", "_back", "_done"]))
    | st.sampled_from(["", ":", "::", "1:", "_", "go:", "go", "0:", "١:yes", "go:go:menu"])
    | st.text(max_size=20)
)
_POSITIONS = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))
# A number presses one of the buttons in view; the rest is sent as it is.
_DEEDS = st.lists(
    st.integers(0, 30)
    | st.integers(0, 30)
    | st.builds(Inbound, text=_TEXTS)
    | st.builds(Inbound, tap=_TAPS.filter(lambda tap: not tap.startswith("go:language-")))
    | st.builds(Inbound, start=st.sampled_from(_STARTS))
    | st.builds(Inbound, tap=st.sampled_from(_STARTS).map("go:{}".format))
    | st.builds(Inbound, media=st.sampled_from(["voice", "photo", "document"]))
    | st.builds(Inbound, location=_POSITIONS)
    | st.just(Inbound()),
    max_size=25,
)
_STEADY = settings(
    derandomize=True,
    deadline=None,
    max_examples=250,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def press(chat: Chat, place: int) -> Inbound:
    """The tap on one of the buttons a person sees now."""
    asked = chat.conversation.asked
    if asked is None:
        return Inbound(tap="go:menu")
    taps = [f"go:{o.start}" if o.start else f"{asked.id}:{o.key}" for o in asked.options]
    taps += [f"{asked.id}:_{name}" for name in ("back", "skip", "done", "more")] + ["go:menu"]
    return Inbound(tap=taps[place % len(taps)])


def begun(flows: Engine, offers: MemoryOffers, language: str) -> Chat:
    """A person who chose a language, or none yet."""
    chat = Chat(flows, offers)
    chat.say("ciao")
    if language:
        chat.tap(language)
    return chat


@given(deeds=_DEEDS, language=st.sampled_from(LANGUAGES))
@_STEADY
def test_no_sequence_does_harm(
    flows: Engine, offers: MemoryOffers, deeds: list[int | Inbound], language: str
) -> None:
    chat = begun(flows, offers, language)
    for deed in deeds:
        inbound = press(chat, deed) if isinstance(deed, int) else deed
        turn = chat.say(inbound)
        rtl = flows.languages[language].direction == "rtl"
        assert list(mistakes(turn, turn.conversation.asked, flows)) == [] or rtl
        always_ready(chat)


@given(deeds=_DEEDS)
@_STEADY
def test_no_sequence_before_the_language_does_harm(
    flows: Engine, offers: MemoryOffers, deeds: list[int | Inbound]
) -> None:
    chat = Chat(flows, offers)
    for deed in deeds:
        chat.say(press(chat, deed) if isinstance(deed, int) else deed)
        always_ready(chat)


@given(deeds=_DEEDS, last=st.integers(0, 30))
@_STEADY
def test_a_double_tap_changes_nothing(
    flows: Engine, offers: MemoryOffers, deeds: list[int | Inbound], last: int
) -> None:
    chat = begun(flows, offers, "en")
    for deed in deeds:
        chat.say(press(chat, deed) if isinstance(deed, int) else deed)
    tap = press(chat, last)
    asked = chat.conversation.asked
    first = chat.say(tap)
    again = chat.try_out(tap)
    if not any(event.kind == "answered" for event in first.events):
        return
    if not first.conversation.flow:  # everything was deleted: see the known faults
        return
    assert asked is not None
    assert meaningful(again.conversation) == meaningful(first.conversation)
    if asked.kind == "pick" and "_" not in tap.tap:
        assert again == Turn(first.conversation, None, ())


def meaningful(conversation: Conversation) -> Conversation:
    """The conversation without the count of misreads."""
    asked = conversation.asked
    return replace(conversation, asked=asked and replace(asked, misreads=0))


def test_the_words_of_every_language_always_work(flows: Engine, offers: MemoryOffers) -> None:
    for code in LANGUAGES:
        for meaning, words in listed(flows.languages[code]).items():
            if meaning not in STARTS or meaning == "start":
                continue
            for word in words.replace("،", ",").split(","):
                chat = begun(flows, offers, code)
                turn = chat.say(word.strip().upper())
                started = [event.flow for event in turn.events if event.kind == "started"]
                assert started[:1] == [STARTS[meaning].partition("-")[0]], (code, meaning, word)


# ── what the engine owns ────────────────────────────────────────────────────────────────────────


def in_intake(flows: Engine, offers: MemoryOffers) -> Chat:
    """At the first question of the intake, in English."""
    chat = begun(flows, offers, "en")
    chat.tap("yes")
    chat.tap("18_24")
    chat.tap("no")
    chat.say("back")
    assert (chat.conversation.flow, step_of(chat)) == ("intake", "age")
    return chat


def step_of(chat: Chat) -> str:
    """The step whose question is pending."""
    return chat.conversation.asked.step if chat.conversation.asked else ""


def test_a_language_asked_for_in_own_words(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    turn = chat.say("can you speak french with me please?")
    assert chat.conversation.language == "fr" and step_of(chat) == "age"
    assert turn.says and "Quel âge avez-vous" in turn.says.text


@pytest.mark.parametrize("name", ["Nina", "Sari", "Om", "Ama", "Job"])
def test_a_name_is_no_wish(flows: Engine, offers: MemoryOffers, name: str) -> None:
    chat = in_intake(flows, offers)
    chat.say("3")
    assert step_of(chat) == "name"
    for words, there in [("back", ("intake", "age")), ("STOP", ("stop", "confirmed"))]:
        said = chat.try_out(Inbound(words)).conversation.asked
        assert said and (said.flow, said.step) == there
    for language in ("français", "italiano"):
        assert chat.try_out(Inbound(language)).conversation.language == language[:2]
    chat.say(name)
    assert step_of(chat) == "comune" and chat.conversation.profile["name"] == name


def test_an_old_tap_never_answers_the_pending_question(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    old = chat.conversation.asked
    assert old is not None
    chat.tap("25_34")
    chat.say("Sara")
    before = chat.conversation
    for key in ("under_14", "elsewhere"):
        turn = chat.say(Inbound(tap=f"{old.id}:{key}"))
        assert meaningful(turn.conversation) == meaningful(before)
        assert turn.says and "earlier question" in turn.says.text


def test_a_double_tap_does_nothing_twice(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    chat.tap("25_34")
    for control in ("_skip", "_skip", "_back"):
        asked = chat.conversation.asked
        assert asked is not None
        tap = Inbound(tap=f"{asked.id}:{control}")
        chat.say(tap)
        before = chat.conversation
        turn = chat.say(tap)
        assert turn.says is None and meaningful(turn.conversation) == meaningful(before)
    long_ago = chat.say(Inbound(tap="3:_skip"))
    assert long_ago.says and "earlier question" in long_ago.says.text


def test_a_double_tap_ticks_once(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    for answer in ("3", "skip", "skip", "skip"):
        chat.say(answer)
    asked = chat.conversation.asked
    assert asked is not None and asked.kind == "pick_many"
    for tap, chosen in [("job", ("job",)), ("job", ("job",)), ("-job", ()), ("-job", ())]:
        chat.say(Inbound(tap=f"{asked.id}:{tap}"))
        assert chat.conversation.asked and chat.conversation.asked.chosen == chosen


def test_nobody_under_14_is_promised_messages(flows: Engine, offers: MemoryOffers) -> None:
    for keeps in ("yes", "no"):
        chat = begun(flows, offers, "en")
        chat.tap(keeps)
        turn = chat.tap("under_14")
        assert turn.says and "under 14" in turn.says.text and chat.conversation.language == ""
    chat = begun(flows, offers, "en")
    for tap in ("no", "18_24", "no"):
        chat.tap(tap)
    chat.say(Inbound(tap="go:alerts"))
    chat.tap("on")
    assert step_of(chat) == "age"
    turn = chat.tap("under_14")
    assert turn.says and "under 14" in turn.says.text and chat.contact.alerts != "on"


def test_what_fits_is_never_nothing(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    for topics, promised in [(["job"], True), (["nothing"], False)]:
        chat.conversation = Conversation(
            language="en", profile=Answers(age="18_24", needs=topics, name="Ana")
        )
        turn = chat.say(Inbound(start="intake"))
        for _ in range(12):
            turn = chat.tap("right" if step_of(chat) == "summary" else "_skip")
            if chat.conversation.flow == "browse":
                break
        assert turn.says and ("what fits you" in turn.says.text) is promised


def test_back_skip_and_needed(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    turn = chat.tap("_skip")
    assert turn.says and "I need this answer" in turn.says.text and step_of(chat) == "age"
    chat.tap("18_24")
    chat.say("skip")
    assert step_of(chat) == "comune" and chat.conversation.profile["name"] is None
    chat.say("back")
    assert step_of(chat) == "name" and "name" not in chat.conversation.profile
    chat.say("back")
    assert step_of(chat) == "age"
    chat.say("back")
    assert chat.conversation.flow == "menu"


@pytest.mark.parametrize("start", ["help", "person", "language-fr", "erase"])
def test_a_digression_comes_back_to_the_question(
    flows: Engine, offers: MemoryOffers, start: str
) -> None:
    chat = in_intake(flows, offers)
    chat.tap("18_24")
    chat.say(Inbound(tap=f"go:{start}"))
    if start == "erase":
        assert step_of(chat) == "sure"
        chat.tap("no")
    if start == "person":
        assert step_of(chat) == "with_desk"
        chat.tap("close")
    assert (chat.conversation.flow, step_of(chat)) == ("intake", "name")
    assert chat.conversation.profile["age"] == "18_24"
    assert chat.conversation.language == ("fr" if start == "language-fr" else "en")
    assert chat.conversation.parked == ()


def test_ticks_come_and_go_and_typed_numbers_join_them(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    for answer in ("3", "skip", "skip", "skip"):
        chat.say(answer)
    assert step_of(chat) == "needs"
    turn = chat.tap("housing")
    assert turn.says and turn.says.edits and [b.chosen for b in turn.says.buttons][2]
    chat.tap("job")
    chat.tap("-housing")
    assert chat.conversation.asked and chat.conversation.asked.chosen == ("job",)
    chat.say("2")
    assert chat.conversation.profile["needs"] == ["job", "training"]


def test_needed_choices_are_asked_for(flows: Engine, offers: MemoryOffers) -> None:
    needed = Flow("needed")
    needed.add(Step("colours", lambda talk: pick_many("Which?", choices({"red": "Red"}))))
    engine = Engine({**flows.flows, "needed": needed}, flows.languages)
    chat = Chat(engine, offers, Conversation(language="en"))
    chat.say(Inbound(start="needed"))
    for control in ("_done", "_skip"):
        turn = chat.tap(control)
        assert step_of(chat) == "colours" and turn.says and "I need this answer" in turn.says.text


def test_what_was_skipped_can_be_given_from_the_summary(
    flows: Engine, offers: MemoryOffers
) -> None:
    chat = in_intake(flows, offers)
    chat.say("3")
    while step_of(chat) != "summary":
        turn = chat.tap("_skip")
    assert turn.says and "Driving licence: —" in turn.says.text
    assert "Times" not in turn.says.text  # who looks for nothing yet was not asked
    assert chat.tap("licence") and step_of(chat) == "licence"
    turn = chat.tap("B")
    assert step_of(chat) == "summary" and turn.says and "Licence B (car)" in turn.says.text


def test_pages_go_round(flows: Engine, offers: MemoryOffers) -> None:
    chat = begun(flows, offers, "en")
    chat.say(Inbound(tap="go:browse-job"))
    seen = []
    for _ in range(4):
        asked = chat.conversation.asked
        assert asked is not None
        seen.append([option.key for option in asked.shown])
        chat.say("more")
    assert asked
    assert len(seen[0]) == 5 and seen[0] == seen[asked.pages]
    assert sorted({key for page in seen for key in page}) == sorted(o.key for o in asked.options)


def test_a_number_means_the_place_on_the_page_in_view(flows: Engine, offers: MemoryOffers) -> None:
    chat = begun(flows, offers, "en")
    chat.say(Inbound(tap="go:browse-job"))
    chat.say("more")
    assert chat.conversation.asked
    second = chat.conversation.asked.shown[1].key
    chat.say("2")
    assert chat.conversation.answers["offer"] == second


def test_after_the_second_misread_there_is_a_way_out(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    first, second = chat.say("asdfgh"), chat.say("qwerty")
    assert first.says and "person (to talk" not in first.says.text
    assert second.says and "person (to talk" in second.says.text


def test_an_apology_keeps_the_profile(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    chat.tap("18_24")
    was = chat.conversation
    desk = MemoryDesk(offers, chat.contact)
    turn = flows.apologise(was, chat.contact, desk, TODAY, "ab12")
    assert turn.conversation.profile == {"age": "18_24"} | dict(was.profile)
    assert turn.says and "ab12" in turn.says.text and turn.conversation.flow == "menu"
    resumed = flows.take_turn(
        turn.conversation, Inbound(tap="go:intake"), chat.contact, desk, TODAY
    )
    assert resumed.conversation.asked and resumed.conversation.asked.step == "name"


def test_circles_are_seen(flows: Engine, offers: MemoryOffers) -> None:
    circle = Flow("circle")

    @circle.step()
    def again(talk: Talk) -> Move:
        return Forget(("again",))

    engine = Engine({**flows.flows, "circle": circle}, flows.languages)
    with pytest.raises(RuntimeError, match="circle"):
        Chat(engine, offers, Conversation(language="en")).say(Inbound(start="circle"))


# ── conversations older than the code ───────────────────────────────────────────────────────────


def form(*steps: Step) -> Flow:
    """A flow of these steps."""
    flow = Flow("form")
    for step in steps:
        flow.add(step)
    return flow


def asks(name: str, *keys: str, formerly: tuple[str, ...] = ()) -> Step:
    """A step that asks for one of ``keys``, or for a number."""

    def run(talk: Talk) -> Move:
        if keys:
            return pick(f"{name}?", choices({key: key.title() for key in keys}))
        return number(f"{name}?", 1, 12)

    return Step(name, run, formerly=formerly)


OLD = form(asks("colour", "red", "blue"), asks("size", "small", "large"), asks("count"))


def halfway(flows: Engine, offers: MemoryOffers, flow: Flow) -> Chat:
    """With the old form until the size is asked; then with ``flow`` in its place."""
    old = Chat(
        Engine({**flows.flows, "form": OLD}, flows.languages), offers, Conversation(language="en")
    )
    old.say(Inbound(start="form"))
    old.tap("red")
    assert step_of(old) == "size"
    stored = json.loads(json.dumps(old.conversation.to_json()))
    new = {**flows.flows, "form": flow}
    return Chat(Engine(new, flows.languages), offers, Conversation.from_json(stored))


def test_a_renamed_step_keeps_its_answers(flows: Engine, offers: MemoryOffers) -> None:
    renamed = form(
        asks("shade", "red", "blue", formerly=("colour",)),
        asks("format", "small", "large", formerly=("size",)),
        asks("count"),
    )
    chat = halfway(flows, offers, renamed)
    turn = chat.say("nonsense")
    assert turn.says and "format?" in turn.says.text
    chat.tap("large")
    assert chat.conversation.answers == {"shade": "red", "format": "large"}
    assert step_of(chat) == "count"
    chat.say("back")
    assert step_of(chat) == "format" and chat.conversation.answers == {"shade": "red"}


def test_back_knows_a_renamed_step(flows: Engine, offers: MemoryOffers) -> None:
    renamed = form(asks("shade", "red", "blue", formerly=("colour",)), OLD.steps[1], OLD.steps[2])
    chat = halfway(flows, offers, renamed)
    chat.say("back")
    assert step_of(chat) == "shade"


@pytest.mark.parametrize("answer", ["[large]", "large", "nonsense", "back", "2"])
def test_a_removed_step_stops_nobody(flows: Engine, offers: MemoryOffers, answer: str) -> None:
    chat = halfway(flows, offers, form(OLD.steps[0], OLD.steps[2]))
    if answer == "[large]":
        chat.tap("large")
    else:
        chat.say(answer)
    assert step_of(chat) == ("colour" if answer == "back" else "count")
    assert chat.conversation.answers.get("colour") == (None if answer == "back" else "red")
    always_ready(chat)


@pytest.mark.parametrize("answer", ["[large]", "2", "nonsense", "back", ""])
def test_a_removed_flow_leads_to_the_menu(flows: Engine, offers: MemoryOffers, answer: str) -> None:
    chat = halfway(flows, offers, OLD)
    chat.engine = flows
    asked = chat.conversation.asked
    assert asked
    tap = f"{asked.id}:large" if answer == "[large]" else ""
    chat.say(Inbound(tap=tap) if tap else answer)
    assert (chat.conversation.flow, step_of(chat)) == ("menu", "choose")


def test_a_removed_flow_that_waits_leads_to_the_menu(flows: Engine, offers: MemoryOffers) -> None:
    chat = halfway(flows, offers, OLD)
    chat.say("delete my data")
    assert [parked.flow for parked in chat.conversation.parked] == ["form"]
    chat.engine = flows
    chat.tap("no")
    assert (chat.conversation.flow, step_of(chat)) == ("menu", "choose")


def test_an_inserted_step_is_asked_after_the_pending_one(
    flows: Engine, offers: MemoryOffers
) -> None:
    inserted = form(asks("shape", "round", "square"), *OLD.steps)
    chat = halfway(flows, offers, inserted)
    chat.say("2")
    assert chat.conversation.answers == {"colour": "red", "size": "large"}
    assert step_of(chat) == "shape"
    chat.say("2")
    assert step_of(chat) == "count"
    assert chat.conversation.answers["shape"] == "square"


def test_reordered_options_mean_what_was_seen(flows: Engine, offers: MemoryOffers) -> None:
    reordered = form(OLD.steps[0], asks("size", "huge", "large", "small"), OLD.steps[2])
    chat = halfway(flows, offers, reordered)
    chat.say("1")
    assert chat.conversation.answers["size"] == "small"


def test_a_removed_option_that_was_seen_still_counts(flows: Engine, offers: MemoryOffers) -> None:
    chat = halfway(flows, offers, form(OLD.steps[0], asks("size", "small", "medium"), OLD.steps[2]))
    chat.tap("large")
    assert chat.conversation.answers["size"] == "large" and step_of(chat) == "count"


def test_limits_are_those_that_were_asked(flows: Engine, offers: MemoryOffers) -> None:
    chat = halfway(flows, offers, OLD)
    chat.tap("small")
    for text, said in (("0", "from 1 up"), ("13", "up to 12"), ("x", "one number")):
        turn = chat.say(text)
        assert turn.says and said in turn.says.text and step_of(chat) == "count"
    chat.say("١٢")
    assert chat.conversation.flow == "menu"


def test_a_question_of_another_kind_today_is_read_as_it_was(
    flows: Engine, offers: MemoryOffers
) -> None:
    chat = halfway(flows, offers, form(OLD.steps[0], asks("size"), OLD.steps[2]))
    chat.tap("large")
    assert chat.conversation.answers["size"] == "large" and step_of(chat) == "count"


def test_a_step_that_says_something_twice_says_it_once(flows: Engine, offers: MemoryOffers) -> None:
    tells = Step("hello", lambda talk: Tell("Hello!"))
    ends = Step("bye", lambda talk: End("Bye!"))
    chat = Chat(
        Engine({**flows.flows, "form": form(tells, asks("count"), ends)}, flows.languages),
        offers,
        Conversation(language="en"),
    )
    said = [chat.say(Inbound(start="form")), chat.say("x"), chat.say("help"), chat.say("3")]
    texts = [turn.says.text for turn in said if turn.says]
    assert [text.count("Hello!") for text in texts] == [1, 0, 0, 0]
    assert [text.count("Bye!") for text in texts] == [0, 0, 0, 1]
    assert chat.conversation.flow == "menu"


# ── accidents ───────────────────────────────────────────────────────────────────────────────────


def test_a_wish_before_the_language_comes_true_after_it(
    flows: Engine, offers: MemoryOffers
) -> None:
    chat = Chat(flows, offers)
    chat.say(Inbound(start="browse-tra_social_taxi"))
    chat.tap("en")
    chat.tap("no")
    chat.tap("18_24")
    chat.tap("no")
    assert (chat.conversation.flow, step_of(chat)) == ("browse", "wish")
    assert chat.conversation.answers["offer"] == "tra_social_taxi"


@pytest.mark.parametrize("inbound", [Inbound(start="language-xx"), Inbound(tap="go:language-xx")])
def test_a_language_we_do_not_speak(flows: Engine, offers: MemoryOffers, inbound: Inbound) -> None:
    chat = Chat(flows, offers)
    chat.say("ciao")
    chat.say(inbound)
    assert step_of(chat) == "language" and chat.conversation.language == ""


def test_a_language_after_stop_is_no_answer_to_stop(flows: Engine, offers: MemoryOffers) -> None:
    chat = Chat(flows, offers)
    chat.say("stop")
    chat.say("italiano")
    assert chat.conversation.language == "it" or step_of(chat) == "language"


def test_a_question_repeated_with_fewer_pages_has_buttons(
    flows: Engine, offers: MemoryOffers
) -> None:
    keys = [f"k{place}" for place in range(20)]
    long = form(Step("which", lambda talk: pick("Which?", choices(dict.fromkeys(keys, "x")))))
    short = form(Step("which", lambda talk: pick("Which?", choices({"k1": "x"}))))
    chat = Chat(
        Engine({**flows.flows, "form": long}, flows.languages), offers, Conversation(language="en")
    )
    chat.say(Inbound(start="form"))
    chat.say("more")
    chat.engine = Engine({**flows.flows, "form": short}, flows.languages)
    turn = chat.say("nonsense")
    assert turn.says and turn.says.buttons


def test_a_language_that_was_taken_out_stops_nobody(flows: Engine, offers: MemoryOffers) -> None:
    chat = Chat(flows, offers, Conversation(language="bn", flow="menu"))
    turn = chat.say("menu")
    assert turn.says and turn.says.buttons


def test_a_start_with_half_a_character_can_be_stored(flows: Engine, offers: MemoryOffers) -> None:
    chat = begun(flows, offers, "it")
    chat.say(Inbound(start="browse-\ud83d"))
    always_ready(chat)


def test_consent_taken_back_in_the_welcome_forgets_the_answers(
    flows: Engine, offers: MemoryOffers
) -> None:
    chat = in_intake(flows, offers)
    chat.tap("18_24")
    chat.say("Blessing")
    chat.say(Inbound(start="welcome"))
    chat.tap("en")
    chat.tap("no")
    chat.tap("18_24")
    chat.tap("no")
    assert "Blessing" not in json.dumps(chat.conversation.to_json())


def test_a_double_tap_on_delete_does_not_begin_again(flows: Engine, offers: MemoryOffers) -> None:
    chat = in_intake(flows, offers)
    chat.say("delete my data")
    assert chat.conversation.asked
    tap = Inbound(tap=f"{chat.conversation.asked.id}:yes")
    chat.say(tap)
    assert chat.conversation == Conversation(questions=chat.conversation.questions)
    chat.conversation = Conversation()  # the row is gone from the database
    assert chat.say(tap).says is None
    chat.say(Inbound(tap="3:_back"))  # weeks later, on an old button
    assert step_of(chat) == "language"
