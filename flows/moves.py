"""What a step may answer: a closed list of moves, and short ways to ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from flows.desk import Command
from flows.messages import Document, Option
from flows.talk import Value

AskKind = Literal["pick", "pick_many", "number", "text", "place"]


@dataclass(frozen=True, slots=True)
class Ask:
    """Put one question. ``low``/``high``: limits of a number, or ``high`` letters of a text."""

    kind: AskKind
    text: str
    options: tuple[Option, ...] = ()
    low: int = 0
    high: int = 0
    optional: bool = False
    page_size: int = 8


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something and go on; a ``document`` goes with what this turn says."""

    text: str
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Do:
    """Have the desk do something inside this turn's transaction; its result is the answer."""

    command: Command


@dataclass(frozen=True, slots=True)
class Speak:
    """Go on in another language."""

    language: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Take answers back, so that their steps are asked again."""

    steps: tuple[str, ...]
    saying: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Leave this flow for another, ``flow`` or ``flow-argument``, that ``knows`` some answers."""

    flow: str
    knows: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """This flow is over: back to what was parked, or to the menu."""

    saying: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """The conversation is over and nothing of it is kept."""

    saying: str


Move = Ask | Tell | Do | Speak | Forget | Start | End | Leave


def pick(
    text: str, options: Iterable[Option], *, optional: bool = False, page_size: int = 8
) -> Ask:
    """One of these."""
    return Ask("pick", text, tuple(options), optional=optional, page_size=page_size)


def pick_many(
    text: str, options: Iterable[Option], *, optional: bool = False, page_size: int = 12
) -> Ask:
    """Any of these."""
    return Ask("pick_many", text, tuple(options), optional=optional, page_size=page_size)


def number(text: str, low: int, high: int, *, optional: bool = False) -> Ask:
    """A whole number from ``low`` to ``high``."""
    return Ask("number", text, low=low, high=high, optional=optional)


def text(text: str, high: int, *, optional: bool = False) -> Ask:
    """A few words, at most ``high`` letters."""
    return Ask("text", text, high=high, optional=optional)


def place(text: str, options: Iterable[Option], *, optional: bool = False) -> Ask:
    """A comune: typed, picked from near matches, or a shared location."""
    return Ask("place", text, tuple(options), optional=optional)


def choices(labels: dict[str, str]) -> tuple[Option, ...]:
    """Options from a table of key → label."""
    return tuple(Option(key, label) for key, label in labels.items())
