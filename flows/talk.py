"""What a step knows when it is run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flows.desk import Desk
from flows.speech import Speech

Value = str | int | list[str] | None


class Answers(dict[str, Value]):
    """Answers by step name, with readers that do no harm when the answer is missing or odd."""

    def pick(self, step: str) -> str:
        """The key that was picked, or an empty string."""
        value = self.get(step)
        return value if isinstance(value, str) else ""

    def many(self, step: str) -> tuple[str, ...]:
        """The keys that were picked, or none."""
        value = self.get(step)
        return tuple(value) if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class Contact:
    """What a flow may know of the person beside their answers.

    ``doubted``: the number may have passed to somebody else (`flows.same_person`).
    """

    channel: str = ""
    consents: Mapping[str, bool] = field(default_factory=dict)
    alerts: str = "off"
    hint: str = ""
    doubted: bool = False

    def agreed(self, purpose: str) -> bool:
        """Whether the person's last word on this purpose was yes."""
        return self.consents.get(purpose, False)


@dataclass(frozen=True, slots=True)
class Talk:
    """One step's view: the answers so far, the person, the day, the desk, and words.

    ``desk_speech`` are the words of the desk's own language, for what is shown there; ``waiting``
    names the flow that goes on when this one ends.
    """

    answers: Answers
    profile: Answers
    contact: Contact
    speech: Speech
    desk_speech: Speech
    today: date
    desk: Desk
    waiting: str = ""

    @property
    def gettext(self) -> Callable[[str], str]:
        """The words in the person's language."""
        return self.speech.gettext

    @property
    def ngettext(self) -> Callable[[str, str, int], str]:
        """The words for a count, in the right plural."""
        return self.speech.ngettext

    def fill(self, text: str, **values: Any) -> str:
        """``text`` with its named placeholders filled (`Speech.fill`)."""
        return self.speech.fill(text, **values)
