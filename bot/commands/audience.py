"""Whom a broadcast is for, as options of a command."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.output import stop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.outreach.audience import Audience

Languages = Annotated[str | None, typer.Option("--language", help="Who reads: it,fr,ar.")]
Near = Annotated[str | None, typer.Option("--near", help="Who lives there: Castellero,Asti.")]
Km = Annotated[int | None, typer.Option("--km", min=0, max=500, help="… or so far from there.")]
Needs = Annotated[str | None, typer.Option("--need", help="Who looks for: job,housing.")]
Sectors = Annotated[str | None, typer.Option("--sector", help="Who wants work in: care,retail.")]
Ages = Annotated[str | None, typer.Option("--age", help="Age bands: 18_24,25_34.")]
Situations = Annotated[str | None, typer.Option("--situation", help="looking,studying,neither.")]
Tags = Annotated[str | None, typer.Option("--tag", help="Who has one of these tags.")]
Seen = Annotated[int | None, typer.Option("--seen-days", min=0, help="Who wrote lately: days.")]


def asked_for(
    language: str | None,
    near: str | None,
    km: int | None,
    need: str | None,
    sector: str | None,
    age: str | None,
    situation: str | None,
    tag: str | None,
    seen_days: int | None,
) -> dict[str, Any]:
    """The parts that were named, checked; a mistake stops the command. Empty takes a part back."""
    from flows import labels
    from flows.desk import TOPICS
    from storage.outreach.tags import wrong_tag

    def same(text: str) -> str:
        return text

    parts: dict[str, Any] = {
        "languages": None if language is None else languages("--language", language),
        "comuni": None if near is None else [_comune(name) for name in split(near)],
        "needs": _keys("--need", need, TOPICS),
        "sectors": _keys("--sector", sector, labels.sectors(same)),
        "ages": _keys("--age", age, labels.ages(same)),
        "situations": _keys("--situation", situation, labels.situations(same)),
        "tags": None if tag is None else split(tag),
        "km": km,
        "seen_days": seen_days,
    }
    for name in parts["tags"] or ():
        if wrong := wrong_tag(name):
            stop(wrong)
    return {name: value for name, value in parts.items() if value is not None}


def described(audience: "Audience") -> str:
    """In one line, for operators."""
    from storage.gazetteer import load_gazetteer

    row = audience.to_json()
    places = load_gazetteer()
    if comuni := row.pop("comuni", None):
        names = [place.name if (place := places.get(code)) else code for code in comuni]
        km = row.pop("km", 0)
        row = {"near": [*names, f"within {km} km"] if km else names, **row}
    words = (
        f"{name} {', '.join(map(str, v)) if isinstance(v, list) else v}" for name, v in row.items()
    )
    return "; ".join(words) or "everybody"


def languages(option: str, text: str) -> list[str]:
    """The codes between commas; one we do not speak stops the command."""
    from bot.catalogs import load_languages
    from bot.commands import opening

    known = load_languages(opening.settings().default_language)
    return _keys(option, text, known) or []


def split(text: str) -> list[str]:
    """The words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _keys(option: str, text: str | None, known: "Iterable[str]") -> list[str] | None:
    if text is None:
        return None
    words, known = split(text), list(known)
    if wrong := [word for word in words if word not in known]:
        stop(f"{option}: {', '.join(wrong)}: known are {', '.join(known)}.")
    return words


def _comune(name: str) -> str:
    from flows.places import Place
    from storage.gazetteer import load_gazetteer

    found = load_gazetteer().find(name)
    if isinstance(found, Place):
        return found.istat
    meant = f": {', '.join(place.name for place in found)}?" if found else "."
    return stop(f"--near: we know no comune {name!r}{meant}")
