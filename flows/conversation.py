"""Where one contact is: the flow, its answers, and the question as it was asked."""

from dataclasses import dataclass, field
from typing import Any

from flows.messages import Kind, Option
from flows.talk import Answers


@dataclass(frozen=True, slots=True)
class Asked:
    """The question as the person saw it; an answer is read against this, never against code.

    ``id`` numbers the questions of one conversation, so that a tap on an old one is known;
    ``chosen`` are the options ticked so far; ``misreads`` counts answers we could not read.
    """

    id: int
    flow: str
    step: str
    kind: Kind
    options: tuple[Option, ...] = ()
    low: int = 0
    high: int = 0
    optional: bool = False
    page: int = 0
    page_size: int = 8
    chosen: tuple[str, ...] = ()
    misreads: int = 0

    @property
    def pages(self) -> int:
        """How many pages its options fill."""
        return max(1, -(-len(self.options) // self.page_size))

    @property
    def shown(self) -> tuple[Option, ...]:
        """The options on the page in view, in the order they are numbered."""
        first = self.page * self.page_size
        return self.options[first : first + self.page_size]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types, without what is at its default."""
        row: dict[str, Any] = {
            name: getattr(self, name) for name in ("id", "flow", "step", "kind", "page_size")
        }
        for name in ("low", "high", "optional", "page", "chosen", "misreads"):
            if value := getattr(self, name):
                row[name] = value
        if self.options:
            row["options"] = [[o.key, o.label, o.hint, o.start] for o in self.options]
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Asked":
        """What `to_json` wrote, by this release or an earlier one."""
        known = {name: row[name] for name in cls.__slots__ if name in row}
        options = tuple(Option(*option[:4]) for option in row.get("options", ()))
        return cls(**{**known, "options": options, "chosen": tuple(row.get("chosen", ()))})


@dataclass(frozen=True, slots=True)
class Parked:
    """A flow that a digression interrupted."""

    flow: str
    answers: Answers = field(default_factory=Answers)
    done: Answers = field(default_factory=Answers)
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything between two turns.

    ``answers`` are what the person said in this flow, ``done`` what its other steps resulted
    in; ``profile`` the answers a keeping flow stored; ``trail`` the questions in the order
    they were answered; ``questions`` how many were ever asked; ``last`` the answer just given
    (question id and key), which makes a double tap harmless; ``puzzled`` how many of their messages
    in a row we did not understand.
    """

    language: str = ""
    flow: str = ""
    answers: Answers = field(default_factory=Answers)
    done: Answers = field(default_factory=Answers)
    profile: Answers = field(default_factory=Answers)
    trail: tuple[str, ...] = ()
    asked: Asked | None = None
    parked: tuple[Parked, ...] = ()
    questions: int = 0
    last: tuple[int, str] = (0, "")
    puzzled: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "language": self.language,
            "flow": self.flow,
            "answers": self.answers,
            "done": self.done,
            "profile": self.profile,
            "trail": self.trail,
            "asked": self.asked and self.asked.to_json(),
            "parked": [[p.flow, p.answers, p.done, p.trail] for p in self.parked],
            "questions": self.questions,
            "last": self.last,
            **({"puzzled": self.puzzled} if self.puzzled else {}),
        }

    @classmethod
    def salvaged(cls, row: object) -> "Conversation":
        """Language and profile of a conversation that cannot be read as a whole."""
        match row:
            case {"language": str(language), "profile": dict(profile)}:
                return cls(language=language, profile=Answers(profile))
        return cls()

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Conversation":
        """What `to_json` wrote, by this release or an earlier one."""
        asked = row.get("asked")
        question, key = row.get("last", (0, ""))
        return cls(
            language=row.get("language", ""),
            flow=row.get("flow", ""),
            answers=Answers(row.get("answers", {})),
            done=Answers(row.get("done", {})),
            profile=Answers(row.get("profile", {})),
            trail=tuple(row.get("trail", ())),
            asked=Asked.from_json(asked) if asked else None,
            parked=tuple(
                Parked(flow, Answers(answers), Answers(done), tuple(trail))
                for flow, answers, done, trail in row.get("parked", ())
            ),
            questions=row.get("questions", 0),
            last=(question, key),
            puzzled=row.get("puzzled", 0),
        )
