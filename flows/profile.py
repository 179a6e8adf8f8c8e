"""The profile a person gave in the intake, in words."""

from collections.abc import Iterable

from flows import labels
from flows.talk import Talk


def describe(talk: Talk) -> list[str]:
    """One line for each answer that is kept, in the person's language."""
    return [talk.fill("{name}: {value}", name=name, value=value) for _, name, value in rows(talk)]


def rows(talk: Talk) -> list[tuple[str, str, str]]:
    """Step, its short name, and the answer in words, for each answer that is kept."""
    return [row for row in _all_rows(talk) if row[2]]


def skipped(talk: Talk) -> list[tuple[str, str]]:
    """Step and its short name, for each question that was put and skipped."""
    return [
        (step, name) for step, name, value in _all_rows(talk) if step in talk.profile and not value
    ]


def _all_rows(talk: Talk) -> list[tuple[str, str, str]]:
    _, profile = talk.gettext, talk.profile
    # Translators: short names of answers; they are buttons too, 24 characters at most.
    return [
        ("age", _("Age"), labels.ages(_).get(profile.pick("age"), "")),
        ("name", _("Name"), profile.pick("name")),
        ("comune", _("Town"), _town(talk)),
        ("situation", _("Now"), labels.situations(_).get(profile.pick("situation"), "")),
        ("needs", _("Looking for"), _labelled(talk, "needs", labels.topics(_))),
        ("sectors", _("Kinds of work"), _labelled(talk, "sectors", labels.sectors(_))),
        ("experience", _("Experience"), labels.experience(_).get(profile.pick("experience"), "")),
        ("italian", _("Italian"), labels.italian(_).get(profile.pick("italian"), "")),
        (
            "languages",
            _("Other languages"),
            _labelled(talk, "languages", labels.spoken(talk.speech)),
        ),
        ("licence", _("Driving licence"), labels.licences(_).get(profile.pick("licence"), "")),
        ("vehicle", _("Getting around"), _labelled(talk, "vehicle", labels.vehicles(_))),
        ("children", _("Children"), _labelled(talk, "children", labels.children(_))),
        ("times", _("Times"), _labelled(talk, "times", labels.times(_))),
    ]


def _town(talk: Talk) -> str:
    istat = talk.profile.pick("comune")
    if istat == "elsewhere":
        return talk.gettext("Elsewhere")
    place = talk.desk.places.get(istat)
    return place.name if place else ""


def _labelled(talk: Talk, step: str, table: dict[str, str]) -> str:
    names: Iterable[str] = (table[key] for key in talk.profile.many(step) if key in table)
    return talk.speech.list(names)
