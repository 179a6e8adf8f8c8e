"""What Twilio refuses, and what it makes of a message; the numbers are those of its error pages.

21617, 21655, 21656, 21658, 21619, 21604, 21211, 21610: refused at once. 63007: our sender is not
known. 63016 (window) and 63005 (WhatsApp did not take the content) come later, by callback.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

Params = dict[str, str]
_ADDRESS = re.compile(r"whatsapp:(?:\+[1-9][0-9]{6,14}|[A-Z]{2}\.[A-Za-z0-9.]{1,128})")
_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_NAME = re.compile(r"\{\{(\w{1,16})\}\}")
_BAD_VALUE = re.compile(r"[\n\r\t]| {5,}")


@dataclass
class Shown:
    """A message as the person sees it: ``buttons`` are (label, id, description)."""

    sid: str
    to: str
    body: str
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    opens: str = ""
    content_sid: str = ""
    callback: str = ""
    at: float = 0.0


@dataclass
class Fault:
    """What a call meets: a ``status``, silence (``hang``), or a cut once done (``drop``)."""

    status: int = 0
    code: int = 20500
    headers: Params = field(default_factory=dict)
    hang: bool = False
    drop: bool = False


class Refusal(Exception):
    """An answer that is not 2xx, with Twilio's code."""

    def __init__(self, code: int, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.code, self.words, self.status = code, words, status


class UndeliverableError(Exception):
    """Taken, but WhatsApp will not have it: told later, by callback."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def refuse_when(wrong: object, code: int, words: str, status: int = 400) -> None:
    """Raises Refusal."""
    if wrong:
        raise Refusal(code, words, status)


def check_request(params: Params, sender: str, contents: dict[str, dict[str, Any]]) -> None:
    """What is refused at once."""
    to, body, sid = (params.get(name, "") for name in ("To", "Body", "ContentSid"))
    refuse_when(not to, 21604, "A 'To' phone number is required.")
    refuse_when(not _ADDRESS.fullmatch(to), 21211, f"The 'To' number {to} is not valid.")
    refuse_when(params.get("From") != sender, 63007, "Could not find a Channel with this address")
    refuse_when(not body and not sid, 21619, "A text message body or media urls must be specified.")
    refuse_when(len(body) > 1600, 21617, "The concatenated message body exceeds 1600 characters")
    variables = params.get("ContentVariables")
    refuse_when(variables is not None and not sid, 21654, "ContentSid Required")
    if sid:
        known = _SID.fullmatch(sid) and sid in contents
        refuse_when(not known, 21655, "The ContentSid is Invalid")
        read_variables(variables or "{}")


def read_variables(text: str) -> dict[str, str]:
    """The variables, or a refusal (Twilio, errors 21656 and 21658)."""
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    wrong = not isinstance(values, dict) or not all(
        isinstance(v, str) and v.strip() and not _BAD_VALUE.search(v) for v in values.values()
    )
    refuse_when(wrong or len(values) > 100, 21656, "The ContentVariables Parameter is invalid")
    refuse_when(any(len(v) > 1600 for v in values.values()), 21658, "Parameter exceeded limit")
    return dict(values)


def fill(content: dict[str, Any], values: dict[str, str], shown: Shown) -> None:
    """Fill the template; what WhatsApp does not take raises UndeliverableError(63005)."""
    values = {**content.get("variables", {}), **values}

    def put(text: str) -> str:
        return _NAME.sub(lambda name: values.get(name[1], ""), text)

    ((kind, parts),) = content["types"].items()
    shown.body = put(parts["body"])
    if kind == "twilio/quick-reply":
        shown.buttons = [(put(a["title"]), put(a["id"]), "") for a in parts["actions"]]
        fine = len(shown.buttons) <= 3 and _all(shown, 0, 20)
    else:
        shown.opens = put(parts["button"])
        shown.buttons = [
            (put(i["item"]), put(i["id"]), put(i["description"])) for i in parts["items"]
        ]
        fine = len(shown.buttons) <= 10 and _all(shown, 0, 24) and _all(shown, 2, 72)
        fine = fine and 1 <= len(shown.opens) <= 20
    distinct = all(len({b[n] for b in shown.buttons}) == len(shown.buttons) for n in (0, 1))
    if not (fine and distinct and _all(shown, 1, 200) and 1 <= len(shown.body) <= 1024):
        raise UndeliverableError(63005)


def _all(shown: Shown, place: int, limit: int) -> bool:
    return all(1 <= len(button[place].strip()) <= limit for button in shown.buttons)


def check_content(payload: Any) -> dict[str, Any]:
    """A payload for the Content API, or a refusal."""
    fine = isinstance(payload, dict) and isinstance(payload.get("types"), dict)
    refuse_when(not fine or not payload.get("language"), 20001, "Bad request")
    types = payload["types"]
    reply, picker = types.get("twilio/quick-reply"), types.get("twilio/list-picker")
    refuse_when(bool(reply) == bool(picker) or len(types) != 1, 20001, "Bad types")
    if reply:
        fine = reply["body"] and 1 <= len(reply["actions"]) <= 10
        fine = fine and all(a["title"] and a["id"] for a in reply["actions"])
    else:
        fine = picker["body"] and picker["button"] and 1 <= len(picker["items"]) <= 10
        fine = fine and all(i["item"] and i["id"] and i["description"] for i in picker["items"])
    refuse_when(not fine, 20001, "Bad parts")
    names = set(_NAME.findall(json.dumps(types)))
    refuse_when(names - set(payload.get("variables") or {}), 20001, "A variable has no sample")
    return dict(payload)


_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")
_CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
_AT_AN_END = re.compile(r"^\s*\{\{|\}\}\s*$|\}\}\s*\{\{")


def check_approval(payload: Any, content: dict[str, Any]) -> dict[str, Any]:
    """A request for Meta's approval as Twilio keeps it, or a refusal."""
    name, category = str(payload.get("name", "")), payload.get("category")
    refuse_when(not _TEMPLATE_NAME.fullmatch(name), 20001, "Template name is not valid")
    refuse_when(category not in _CATEGORIES, 20001, "Category is not valid")
    ((kind, parts),) = content["types"].items()
    refuse_when(_AT_AN_END.search(parts["body"]), 20001, "Variables can't be at the start or end")
    refuse_when(kind == "twilio/list-picker", 20001, "Only available in session")
    return {
        "name": name,
        "category": category,
        "content_type": kind,
        "status": "received",
        "rejection_reason": "",
        "allow_category_change": True,
    }
