"""WhatsApp's buttons: 13 Content templates for all languages, every word of them a variable.

Twilio has buttons only as templates made beforehand. Ours are sent inside the 24 hours only and
need no approval by Meta (Twilio, `twilio/quick-reply` and `twilio/list-picker`).
"""

from typing import TYPE_CHECKING, Any

from flows.messages import Button

if TYPE_CHECKING:
    from twilio.rest import Client  # type: ignore[import-untyped]

MOST_QUICK_REPLIES = 3  # in session, without approval
MOST_ITEMS = 10

FRIENDLY = "sportello_"
_MENU_LABEL = "☰"  # what opens the list; the same in every language
# A description may be left out of a template but not of one that has it as a variable, and no
# variable may be empty (Twilio, error 21656).
_NO_HINT = "·"


def quick_reply(count: int) -> str:
    """The name of the template with ``count`` buttons."""
    return f"quick_reply_{count}"


def list_picker(count: int) -> str:
    """The name of the template with ``count`` list items."""
    return f"list_picker_{count}"


NAMES = (
    *(quick_reply(count) for count in range(1, MOST_QUICK_REPLIES + 1)),
    *(list_picker(count) for count in range(1, MOST_ITEMS + 1)),
)


def quick_reply_values(body: str, buttons: tuple[Button, ...]) -> dict[str, str]:
    """What fills a quick reply: the body, then label and id of each button."""
    return _numbered([body, *(value for b in buttons for value in (b.label, b.tap))])


def list_picker_values(body: str, buttons: tuple[Button, ...]) -> dict[str, str]:
    """What fills a list: the body, what opens it, then label, id and hint of each item."""
    items = (value for b in buttons for value in (b.label, b.tap, b.hint or _NO_HINT))
    return _numbered([body, _MENU_LABEL, *items])


def _numbered(values: list[str]) -> dict[str, str]:
    return {str(place): value for place, value in enumerate(values, start=1)}


def definitions() -> dict[str, dict[str, Any]]:
    """Our name → the payload for Twilio's Content API (POST /v1/Content)."""
    found = {}
    for count in range(1, MOST_QUICK_REPLIES + 1):
        found[quick_reply(count)] = _quick_reply(count)
    for count in range(1, MOST_ITEMS + 1):
        found[list_picker(count)] = _list_picker(count)
    return {name: {"friendly_name": f"{FRIENDLY}{name}", **found[name]} for name in found}


def _samples(count: int) -> tuple[Button, ...]:
    return tuple(Button(f"Answer {n}", f"answer_{n}", f"About {n}") for n in range(1, count + 1))


def _quick_reply(count: int) -> dict[str, Any]:
    slots = [(2 * n, 2 * n + 1) for n in range(1, count + 1)]
    actions = [
        {"type": "QUICK_REPLY", "title": f"{{{{{title}}}}}", "id": f"{{{{{id}}}}}"}
        for title, id in slots
    ]
    return {
        "language": "en",
        "variables": quick_reply_values("Question", _samples(count)),
        "types": {"twilio/quick-reply": {"body": "{{1}}", "actions": actions}},
    }


def _list_picker(count: int) -> dict[str, Any]:
    names = [range(3 * n, 3 * n + 3) for n in range(1, count + 1)]
    items = [
        {"item": f"{{{{{item}}}}}", "id": f"{{{{{id}}}}}", "description": f"{{{{{hint}}}}}"}
        for item, id, hint in names
    ]
    return {
        "language": "en",
        "variables": list_picker_values("Question", _samples(count)),
        "types": {"twilio/list-picker": {"body": "{{1}}", "button": "{{2}}", "items": items}},
    }


async def on_account(client: "Client") -> dict[str, str]:
    """Friendly name → ContentSid of every template that Twilio has of us."""
    found = await client.content.v1.contents.list_async()
    return {content.friendly_name: content.sid for content in found}


async def provision(client: "Client") -> dict[str, str]:
    """Our name → ContentSid of all 13; creates what the account does not have yet.

    Told apart by friendly name, so again is harmless. Raises what `bot.whatsapp.channel.FORESEEN`
    lists.
    """
    contents = client.content.v1.contents
    known = await on_account(client)
    sids = {}
    for name, payload in definitions().items():
        sid = known.get(payload["friendly_name"])
        if sid is None:
            made = await contents.create_async(contents.ContentCreateRequest(payload))
            sid = made.sid
        sids[name] = str(sid)
    return sids
