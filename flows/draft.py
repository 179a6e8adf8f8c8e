"""A turn while it is being worked out."""

from dataclasses import replace
from datetime import date

from flows.conversation import Asked, Conversation, Parked
from flows.desk import TOPICS, Desk, RecordConsent
from flows.flow import Flow, Flows, Step
from flows.messages import Document, Event
from flows.moves import Ask, Do, End, Forget, Leave, Speak, Start, Tell
from flows.speech import Languages
from flows.talk import Answers, Contact, Talk, Value

_MOST_MOVES = 60


class Draft:
    """The conversation as it changes in this turn, what was said, and what happened.

    The answers of a flow that keeps them are the profile itself.
    """

    def __init__(
        self,
        flows: Flows,
        languages: Languages,
        was: Conversation,
        contact: Contact,
        desk: Desk,
        today: date,
    ) -> None:
        self.flows, self.languages = flows, languages
        self.contact, self.desk, self.today = contact, desk, today
        self.language = was.language if was.language in languages else ""
        self.speech = languages[self.language or languages.best(contact.hint)]
        self.flow: Flow | None = flows.get(was.flow)
        self.profile = Answers(was.profile)
        self.answers = self._answers_of(self.flow, was.answers)
        self.done = Answers(was.done)
        self.trail = [self.flow.current_name(n) if self.flow else n for n in was.trail]
        self.parked = list(was.parked)
        self.asked = was.asked if self.flow else None
        self.questions, self.last = was.questions, was.last
        self.puzzled = was.puzzled
        self.said: list[str] = []
        self.document: Document | None = None
        self.events: list[Event] = []
        self.question: Ask | None = None
        self.offered_language = ""

    def conversation(self) -> Conversation:
        """What is to be kept for the next turn."""
        keeps = self.flow is not None and self.flow.keeps
        return Conversation(
            self.language,
            self.flow.name if self.flow else "",
            Answers() if keeps else self.answers,
            self.done,
            self.profile,
            tuple(self.trail),
            self.asked,
            tuple(self.parked),
            self.questions,
            self.last,
            self.puzzled,
        )

    def say(self, text: str) -> None:
        """Add a paragraph to what is said in this turn."""
        if text:
            self.said.append(text)

    def begin(self, start: str) -> None:
        """Go over to another flow; a digression parks the one it interrupts."""
        name, _, argument = start.partition("-")
        flow = self.flows.get(name) or self.flows["menu"]
        if flow.digression and self.flow not in (None, flow):
            self.parked = [*self.parked, self._parked()] if not self._digressing() else self.parked
        elif not flow.digression:
            self.parked = []
        self._enter(flow, flow.begin(argument, self.profile), Answers(), ())
        if flow.keeps:
            self.trail = [step.name for step in flow.steps if step.name in self.answers]
        self._note("started", key=argument if argument in TOPICS else "")

    def park(self, start: str, answers: Answers) -> None:
        """Have ``start`` go on, knowing ``answers``, when the flow now beginning has ended."""
        name, _, argument = start.partition("-")
        if flow := self.flows.get(name):
            self.parked = [Parked(name, Answers({**flow.begin(argument, self.profile), **answers}))]

    def answer(self, value: Value) -> None:
        """The pending question is answered."""
        asked, self.asked = self.asked, None
        if asked is None or self.flow is None:
            return
        step = self.flow.find(asked.step)
        name = step.name if step else asked.step
        self.answers[name] = value
        self.trail = [*(n for n in self.trail if n != name), name]
        key = value if isinstance(value, str) and asked.kind == "pick" else ""
        self.last = (asked.id, key)
        self._note("answered", name, key)

    def forget(self, *names: str) -> None:
        """Take answers back, with all that followed from them by itself."""
        for name in names:
            self.answers.pop(name, None)
            self.done.pop(name, None)
            later = self.flow.after(name) if self.flow else frozenset()
            self.done = Answers({n: v for n, v in self.done.items() if n not in later})
            self.trail = [n for n in self.trail if n != name]

    def back(self) -> bool:
        """Ask the last answered question before this one again; False when there is none."""
        order = {
            step.name: place for place, step in enumerate(self.flow.steps if self.flow else ())
        }
        pending = order.get(self.asked.step, len(order)) if self.asked else len(order)
        earlier = [name for name in self.trail if order.get(name, pending) < pending]
        if not earlier:
            return False
        self.forget(earlier[-1])
        return True

    def repeat(self, **changes: object) -> None:
        """Put the pending question again, in today's words, with ``changes`` to what was asked."""
        step = self.flow.find(self.asked.step) if self.flow and self.asked else None
        move = step.run(self.talk()) if step and step is self._next() else None
        if self.asked is None or not isinstance(move, Ask):
            self.advance()
            return
        options = changes.pop("options", ()) or move.options
        asked = replace(self.asked, options=options, **changes)  # type: ignore[arg-type]
        self.asked = replace(asked, page=min(asked.page, asked.pages - 1))
        self.question = move

    def advance(self) -> None:
        """Run the steps that matter and have no answer yet, up to the next question."""
        for _ in range(_MOST_MOVES):
            step = self._next()
            if step is None:
                self.end()
            elif self._run(step):
                return
        raise RuntimeError(f"flow {self.flow and self.flow.name!r} goes round in circles")

    def end(self) -> None:
        """This flow is over: on with what was parked, or with the menu."""
        self._note("ended")
        parked = self.parked.pop() if self.parked else Parked("menu")
        flow = self.flows.get(parked.flow)
        if flow is None or flow.name == "menu":
            self.begin("menu")
            return
        trail = tuple(map(flow.current_name, parked.trail))
        self._enter(flow, self._answers_of(flow, parked.answers), parked.done, trail)

    def talk(self) -> Talk:
        """What a step sees."""
        known = Answers({**self.done, **self.answers})
        waiting = self.parked[-1].flow if self.parked else ""
        desk_speech = self.languages[self.languages.default]
        return Talk(
            known,
            self.profile,
            self.contact,
            self.speech,
            desk_speech,
            self.today,
            self.desk,
            waiting,
        )

    def position(self) -> tuple[int, int]:
        """Which numbered question of how many is pending; (0, 0) when it has no number."""
        if self.flow is None or self.asked is None:
            return 0, 0
        talk = self.talk()
        names = [s.name for s in self.flow.steps if s.counts and s.when(talk)]
        step = self.flow.find(self.asked.step)
        if step is None or step.name not in names:
            return 0, 0
        return names.index(step.name) + 1, len(names)

    def _next(self) -> Step | None:
        if self.flow is None:
            self.begin("menu")
        assert self.flow is not None
        talk = self.talk()
        return next(
            (s for s in self.flow.steps if s.name not in talk.answers and s.when(talk)), None
        )

    def _run(self, step: Step) -> bool:
        """Run one step; True when the turn is over."""
        match step.run(self.talk()):
            case Ask() as ask:
                self._put(step, ask)
                return True
            case Leave(saying):
                self._leave(step, saying)
                return True
            case Tell(text, document):
                self.say(text)
                self.document = document or self.document
                self._done("told", step, "told")
            case Do(command):
                self._done("did", step, self.desk.perform(command))
                if isinstance(command, RecordConsent) and command.withdraws("profile"):
                    self._forget_profile()
            case Speak(language):
                self.language = self.languages.best(language)
                self.speech = self.languages[self.language]
                self._done("spoke", step, self.language)
            case Forget(names, saying):
                self.say(saying)
                self.forget(*names)
            case Start(start, known):
                self._note("ended")
                self.begin(start)
                self.answers |= known
            case End(saying):
                self.say(saying)
                self.end()
        return False

    def _put(self, step: Step, ask: Ask) -> None:
        assert self.flow is not None
        self.questions += 1
        self.question = ask
        self.asked = Asked(
            id=self.questions,
            flow=self.flow.name,
            step=step.name,
            kind=ask.kind,
            options=ask.options,
            low=ask.low,
            high=ask.high,
            optional=ask.optional,
            page_size=ask.page_size,
        )
        self._note("asked", step.name)

    def _done(self, kind: str, step: Step, result: str) -> None:
        self.done[step.name] = result
        self._note(kind, step.name, result if kind != "told" else "")

    def _leave(self, step: Step, saying: str) -> None:
        self.say(saying)
        self._note("left", step.name)
        self.language, self.flow, self.asked = "", None, None
        self.profile, self.answers, self.done = Answers(), Answers(), Answers()
        self.trail, self.parked, self.last = [], [], (0, "")

    def _enter(self, flow: Flow, answers: Answers, done: Answers, trail: tuple[str, ...]) -> None:
        self.flow, self.done, self.trail = flow, Answers(done), list(trail)
        self.answers = Answers(answers)
        if flow.keeps:
            self.profile = self.answers
        self.asked = self.question = None

    def _answers_of(self, flow: Flow | None, answers: Answers) -> Answers:
        if flow is None:
            return Answers()
        if flow.keeps:
            self.profile = flow.current_names(self.profile)
            return self.profile
        return flow.current_names(answers)

    def _forget_profile(self) -> None:
        """Without consent nothing is kept; in the flow that asked, its own answer stays."""
        kept = {n: v for n, v in self.profile.items() if n == "keep_answers"}
        self.profile.clear()
        if self.flow and self.flow.keeps:
            self.profile.update(kept)

    def _parked(self) -> Parked:
        assert self.flow is not None
        answers = Answers() if self.flow.keeps else self.answers
        return Parked(self.flow.name, answers, self.done, tuple(self.trail))

    def _digressing(self) -> bool:
        return self.flow is not None and self.flow.digression

    def _note(self, kind: str, step: str = "", key: str = "") -> None:
        self.events.append(Event(kind, self.flow.name if self.flow else "", step, key))
