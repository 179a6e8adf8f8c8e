"""The one template that needs Meta's approval: an answer of the desk waits, in every language.

After a day of a person's silence WhatsApp takes only approved templates (Twilio, error 63016).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flows.speech import Speech
from flows.tickets.letters import WAITS, waits_button, waits_text

if TYPE_CHECKING:
    from twilio.rest import Client  # type: ignore[import-untyped]

_NOT_METAS = {"pcm": "en"}  # languages that WhatsApp does not know: the nearest it knows


def name_of(language: str) -> str:
    """Our name for the template of a language."""
    return f"{WAITS}_{language}"


def definition(speech: Speech) -> dict[str, Any]:
    """The payload for Twilio's Content API."""
    action = {"type": "QUICK_REPLY", "title": waits_button(speech), "id": "go:person"}
    return {
        "friendly_name": f"sportello_{name_of(speech.code)}",
        "language": _NOT_METAS.get(speech.code, speech.code),
        "variables": {},
        "types": {"twilio/quick-reply": {"body": waits_text(speech), "actions": [action]}},
    }


async def provision_waiting(
    client: "Client", speeches: Iterable[Speech], known: Mapping[str, str]
) -> dict[str, str]:
    """Our name → ContentSid; what is new is created and handed in for approval, as a utility.

    ``known`` is friendly name → ContentSid of the account.
    """
    contents = client.content.v1.contents
    sids = {}
    for speech in speeches:
        payload = definition(speech)
        sid = known.get(payload["friendly_name"])
        if sid is None:
            made = await contents.create_async(contents.ContentCreateRequest(payload))
            sid = str(made.sid)
            asking = client.content.v1.contents(sid).approval_create
            request = {"name": payload["friendly_name"], "category": "UTILITY"}
            await asking.create_async(asking.ContentApprovalRequest(request))
        sids[name_of(speech.code)] = str(sid)
    return sids
