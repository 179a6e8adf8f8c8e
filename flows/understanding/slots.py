"""What a question is about: the facts in it that narrow the offers or the action."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flows.understanding.comuni import Named
from flows.understanding.lexicon import Hit
from flows.understanding.quantities import Number, clock_times, numbers

Slot = str | int | list[str] | list[int]
Slots = dict[str, Slot]

_DESK = ("hours", "address", "documents", "cost", "interpreter")
_ASKED_BY = {"where": "address", "paper": "documents", "open": "hours", "when": "hours"}
_OFFERED = ("job", "training", "housing", "transport", "childcare", "trail_event")
_DATE = re.compile(r"(?<!\d)([0-3]?\d)\s?[/.-]\s?(1[0-2]|0?[1-9])(?!\d)(?!\s?euro)")


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that was found in one text."""

    text: str
    tokens: Sequence[str]
    hits: Sequence[Hit]
    named: Sequence[Named]

    def best(self, slot: str, among: Sequence[str] = ()) -> str:
        """The value of the clearest word for ``slot``: exact before nearly, long before short."""
        found = [hit for hit in self.hits if hit.slot == slot and (not among or hit.value in among)]
        clearest = max(found, key=lambda hit: (hit.exact, hit.length, -hit.start), default=None)
        return clearest.value if clearest else ""

    def has(self, *roles: str) -> bool:
        """Whether a relation word of one of these roles is there."""
        return any(hit.slot == "relation" and hit.value in roles for hit in self.hits)

    def cued(self, cue: str) -> bool:
        """Whether one of the small words for ``cue`` is there."""
        return any(hit.slot == "cue" and hit.value == cue for hit in self.hits)

    def says(self, slot: str) -> bool:
        """Whether any word for ``slot`` is there."""
        return any(hit.slot == slot for hit in self.hits)


def find_slots(intent: str, seen: Seen) -> Slots:
    """The slots that matter to ``intent``, without the empty ones."""
    counted = numbers(seen.tokens, seen.hits)
    slots: Slots = dict(_places(intent, seen))
    slots |= _when(seen, counted)
    for rule in _RULES.get(intent, ()):
        slots |= rule(seen, counted)
    if seen.has("no_car"):
        slots["no_car"] = 1
    if seen.says("urgent"):
        slots["urgent"] = 1
    return {name: value for name, value in slots.items() if value not in ("", 0, [])}


def _places(intent: str, seen: Seen) -> Slots:
    names = [(name.role, name.place.name) for name in seen.named]
    if intent != "transport":
        distinct = list(dict.fromkeys(name for _, name in names))
        return {"comune": distinct[0] if len(distinct) == 1 else distinct} if distinct else {}
    origin = next((name for role, name in names if role == "from"), "")
    others = [name for role, name in names if name != origin]
    if not origin and len(others) > 1 and names[0][0] != "to":
        origin, *others = others
    return {"origin": origin, "destination": others[-1] if others else ""}


def _when(seen: Seen, counted: Sequence[Number]) -> Slots:
    part = seen.best("time")
    clock = clock_times(seen.tokens, counted, part)
    return {
        "day": seen.best("day"),
        "date": _date(seen, counted),
        "time": clock[0] if clock else part,
    }


def _date(seen: Seen, counted: Sequence[Number]) -> str:
    month = next((hit for hit in seen.hits if hit.slot == "month"), None)
    if month:
        day = next((n for n in counted if abs(n.at - month.start) <= 2 and n.value <= 31), None)
        return f"{month.value}-{day.value:02d}" if day else ""
    found = _DATE.search(seen.text)
    return f"{int(found[2]):02d}-{int(found[1]):02d}" if found and 0 < int(found[1]) < 32 else ""


def _work(seen: Seen, counted: Sequence[Number]) -> Slots:
    ages = [n.value for n in counted if n.unit == "years" and 14 <= n.value <= 80]
    return {
        "sector": seen.best("sector"),
        "contract": seen.best("contract"),
        "age": ages[0] if ages else 0,
        "licence": seen.best("licence"),
    }


def _course(seen: Seen, counted: Sequence[Number]) -> Slots:
    topics = [hit.value for hit in seen.hits if hit.slot == "topic" and hit.value not in _DESK]
    return {"topic": seen.best("topic", topics) if topics else ""}


def _home(seen: Seen, counted: Sequence[Number]) -> Slots:
    rooms = next((n.value for n in reversed(counted) if n.unit == "rooms"), 0)
    for number, role in ((3, "three_rooms"), (2, "two_rooms"), (1, "one_room"), (1, "rooms")):
        rooms = rooms or (number if seen.has(role) else 0)
    rents = [n.value for n in counted if n.value >= 80 and n.unit in ("euro", "")]
    return {"rooms": rooms, "max_rent": rents[0] if rents else 0, "persons": _people(seen, counted)}


def _people(seen: Seen, counted: Sequence[Number]) -> int:
    persons = next((n.value for n in counted if n.unit == "persons"), 0)
    if persons:
        return persons
    children = next((n.value for n in reversed(counted) if n.unit == "children"), 0)
    couple = seen.has("couple")
    if children:
        return children + (2 if couple else 1)
    return (3 if seen.has("child") else 2) if couple else 0


def _child(seen: Seen, counted: Sequence[Number]) -> Slots:
    bare = {n.value for n in counted if not n.unit and seen.tokens[n.at].isdecimal()}
    bare = bare if seen.has("child") else set()
    aged = {n.value for n in counted if n.unit == "years"}
    years = sorted(age for age in aged | bare if 0 < age < 18)
    return {
        "child_age": years[0] if len(years) == 1 else years,
        "child_age_months": next((n.value for n in counted if n.unit == "months"), 0),
        "children": next((n.value for n in counted if n.unit == "children"), 0),
        "care": seen.best("care"),
    }


def _desk_topic(seen: Seen, counted: Sequence[Number]) -> Slots:
    topic = seen.best("topic", _DESK)
    if not topic:
        asked = (name for cue, name in _ASKED_BY.items() if seen.cued(cue))
        topic = next(asked, "hours" if seen.says("day") else "")
    return {"topic": topic, **_interpreter(seen, counted)}


def _interpreter(seen: Seen, counted: Sequence[Number]) -> Slots:
    asked = any(hit.slot == "topic" and hit.value == "interpreter" for hit in seen.hits)
    language = seen.best("language")
    return {"language": language, "interpreter": language or 1} if asked else {}


def _alert_topic(seen: Seen, counted: Sequence[Number]) -> Slots:
    topic = seen.best("about", _OFFERED)
    if not topic:
        topic = "training" if _course(seen, counted)["topic"] else "job"
    return {"topic": topic}


def _languages(seen: Seen, counted: Sequence[Number]) -> Slots:
    return {"language": seen.best("language")}


def _actions(*among: str) -> "Rule":
    def rule(seen: Seen, counted: Sequence[Number]) -> Slots:
        return {"action": seen.best("action", among[::-1]) or among[0]}

    return rule


def _moved(seen: Seen, counted: Sequence[Number]) -> Slots:
    """Another day weighs more than "I cannot come": both together mean to move."""
    moved = any(hit.slot == "action" and hit.value == "reschedule" for hit in seen.hits)
    return {"action": "reschedule" if moved else "cancel"}


def _outside(seen: Seen, counted: Sequence[Number]) -> Slots:
    return {"oos": seen.best("oos") or "other"}


def _danger(seen: Seen, counted: Sequence[Number]) -> Slots:
    return {"danger": seen.best("danger")}


Rule = Callable[[Seen, Sequence[Number]], Slots]
_RULES: Mapping[str, tuple[Rule, ...]] = {
    "job": (_work,),
    "training": (_work, _course),
    "housing": (_home,),
    "childcare": (_work, _child),
    "desk_info": (_desk_topic,),
    "book_appointment": (_interpreter,),
    "alerts": (_work, _home, _alert_topic),
    "human_help": (_languages,),
    "language_change": (_languages,),
    "cancel_appointment": (_moved,),
    "stop": (_actions("unsubscribe", "delete_data"),),
    "out_of_scope": (_outside,),
    "emergency": (_danger,),
}
