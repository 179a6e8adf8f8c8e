"""A flow: an ordered list of named steps, read top to bottom like the paper form at the desk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flows.moves import Move
from flows.talk import Answers, Talk

Run = Callable[[Talk], Move]
When = Callable[[Talk], bool]
Begin = Callable[[str, Answers], Answers]


def always(_: Talk) -> bool:
    """A step that matters to everyone."""
    return True


def fresh(argument: str, profile: Answers) -> Answers:
    """A flow that starts without answers."""
    return Answers()


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a flow.

    ``counts``: a question of a form, part of its "3 of 9"; ``formerly``: names it had in earlier
    releases, kept for good.
    """

    name: str
    run: Run
    when: When = always
    counts: bool = False
    formerly: tuple[str, ...] = ()


class Flow:
    """A conversation we wrote.

    ``keeps``: its answers are the person's profile, stored for next time.
    ``digression``: when it ends, the flow it interrupted goes on where it was.
    ``begin`` turns the argument of a start (``browse-job``: ``job``) into first answers.
    """

    def __init__(
        self,
        name: str,
        *,
        keeps: bool = False,
        digression: bool = False,
        begin: Begin = fresh,
    ) -> None:
        self.name = name
        self.keeps = keeps
        self.digression = digression
        self.begin = begin
        self.steps: list[Step] = []
        self._by_name: dict[str, Step] = {}

    def step(self, when: When = always, formerly: Sequence[str] = ()) -> Callable[[Run], Run]:
        """Add the decorated function as the next step; its name is the answer's name."""
        return self._adder(when, formerly, counts=False)

    def question(self, when: When = always, formerly: Sequence[str] = ()) -> Callable[[Run], Run]:
        """The same for a numbered question of a form: it says "3 of 9"."""
        return self._adder(when, formerly, counts=True)

    def _adder(self, when: When, formerly: Sequence[str], *, counts: bool) -> Callable[[Run], Run]:
        def add(run: Run) -> Run:
            self.add(Step(run.__name__, run, when, counts, tuple(formerly)))
            return run

        return add

    def add(self, step: Step) -> None:
        """``step`` comes last. A name of today wins over the same name of an earlier release."""
        self.steps.append(step)
        self._by_name = dict.fromkeys(step.formerly, step) | self._by_name
        self._by_name[step.name] = step

    def find(self, name: str) -> Step | None:
        """The step with this name, or that once had it."""
        return self._by_name.get(name)

    def current_names(self, answers: Answers) -> Answers:
        """``answers`` with the names of renamed steps brought up to date."""
        return Answers({self.current_name(name): value for name, value in answers.items()})

    def current_name(self, name: str) -> str:
        """What the step that was ever called so is called today."""
        step = self.find(name)
        return step.name if step else name

    def after(self, name: str) -> frozenset[str]:
        """The names of the steps that come after this one."""
        names = [step.name for step in self.steps]
        return frozenset(names[names.index(name) + 1 :] if name in names else ())


Flows = Mapping[str, Flow]
