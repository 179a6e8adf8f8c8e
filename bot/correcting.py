"""Answers of the intake as operators type them: `name=value`, checked against its own options."""

from flows import labels
from flows.places import Gazetteer, Place
from flows.speech import Speech
from storage.correcting import CorrectionError, Value

_MANY = ("needs", "sectors", "languages", "vehicle", "children", "times")
_LONGEST = 60


def options(speech: Speech) -> dict[str, list[str]]:
    """The keys that each answer may have; none: free words."""
    _ = speech.gettext
    found = {
        "age": labels.ages(_),
        "situation": labels.situations(_),
        "needs": labels.topics(_),
        "sectors": labels.sectors(_),
        "experience": labels.experience(_),
        "italian": labels.italian(_),
        "languages": labels.spoken(speech),
        "licence": labels.licences(_),
        "vehicle": labels.vehicles(_),
        "children": labels.children(_),
        "times": labels.times(_),
    }
    keys = {name: [key for key in table if key != "under_14"] for name, table in found.items()}
    return {"name": [], "comune": [], **keys}


def read(typed: str, speech: Speech, places: Gazetteer) -> tuple[str, Value | None]:
    """One correction; nothing after the ``=`` takes the answer away. Raises CorrectionError."""
    name, sign, value = typed.partition("=")
    known = options(speech)
    if not sign or name not in known:
        raise CorrectionError(
            f"{typed!r}: write one of {', '.join(known)}, then =, then the value."
        )
    value = value.strip()
    if not value:
        return name, None
    if name == "name":
        return name, value[:_LONGEST]
    if name == "comune":
        return name, _comune(value, places)
    keys = [key.strip() for key in value.split(",")] if name in _MANY else [value]
    if wrong := [key for key in keys if key not in known[name]]:
        raise CorrectionError(f"{wrong[0]!r} is none of: {', '.join(known[name])}.")
    return name, keys if name in _MANY else value


def _comune(value: str, places: Gazetteer) -> str:
    found = places.find(value)
    if isinstance(found, Place):
        return found.istat
    near = ", ".join(place.name for place in found)
    raise CorrectionError(f"{value!r} is no comune we know.{f' Near it: {near}.' if near else ''}")
