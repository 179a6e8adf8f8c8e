"""What a trial found, beside what is allowed."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; ``right`` when what was found is allowed."""

    what: str
    found: float
    allowed: str
    right: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a trial takes place: an empty database, an empty folder, and whether it is in haste."""

    database: str
    folder: Path
    short: bool = True

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.database.partition(":")[0]


def none(what: str, found: int) -> Figure:
    """There must be none of it."""
    return Figure(what, found, "0", found == 0)


def at_most(what: str, found: float, bound: float) -> Figure:
    """It may be so much."""
    return Figure(what, round(found, 3), f"≤ {bound:g}", found <= bound)


def at_least(what: str, found: float, bound: float) -> Figure:
    """It must be so much, else the trial tried nothing."""
    return Figure(what, round(found, 3), f"≥ {bound:g}", found >= bound)


def exactly(what: str, found: int, wanted: int) -> Figure:
    """It must be this."""
    return Figure(what, found, str(wanted), found == wanted)
