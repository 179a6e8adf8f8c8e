"""What a flow may ask of the saved searches, and have done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROFILE = "profile"
"""In the place of a topic: whatever fits the person's own answers."""

HOW_OFTEN = ("now", "week")
MOST_SEARCHES = 5
"""What one person may have at a time."""


@dataclass(frozen=True, slots=True)
class Search:
    """ "Tell me when something like this comes": a topic, or `PROFILE`.

    ``facts`` are what a question said (`flows.understanding`): keys and numbers, no words of the
    person; ``every``: one of `HOW_OFTEN`. ``id`` is 0 until it is saved.
    """

    topic: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    every: str = "week"
    id: int = 0


@dataclass(frozen=True, slots=True)
class SaveSearch:
    """Tell the person from now on; the same topic and facts once more change how often.

    The result is ``done``, or ``enough`` when they have `MOST_SEARCHES` others.
    """

    search: Search


@dataclass(frozen=True, slots=True)
class ChangeSearch:
    """How often one of their searches is answered. ``gone`` when it is not theirs."""

    id: int
    every: str


@dataclass(frozen=True, slots=True)
class DropSearch:
    """No more about this. ``gone`` when it is not theirs."""

    id: int


SearchCommand = SaveSearch | ChangeSearch | DropSearch
