"""Openers: what may be said outside of WhatsApp's 24 hours, approved by Meta in each language.

An opener says that something waits and has one button; whoever taps it writes to us, the window is
open, and what was held goes out (`storage.verdicts`).
"""

from collections.abc import Iterable, Iterator
from gettext import NullTranslations
from typing import TYPE_CHECKING, Any

from bot import texts
from bot.whatsapp.templates import FRIENDLY, NAMES
from flows.speech import Speech
from flows.tickets.letters import waits_button, waits_text
from storage.models import Template
from storage.templates import has_own, template_name
from storage.verdicts import ANSWER_WAITING, NEWS_WAITING

if TYPE_CHECKING:
    from twilio.rest import Client  # type: ignore[import-untyped]

_CATEGORIES = {ANSWER_WAITING: "UTILITY", NEWS_WAITING: "MARKETING"}
_TAPS = {ANSWER_WAITING: "go:person-read", NEWS_WAITING: "go:menu"}
_META = {"pt": "pt_PT", "zh": "zh_CN"}
_NOT_ASKED = "unsubmitted"


def openers(languages: Iterable[Speech]) -> Iterator[Template]:
    """Those to be had: in each language whose words are translated and that Meta takes."""
    for speech in languages:
        for name, category in _CATEGORIES.items():
            if has_own(speech.code) and _words(name, speech):
                called = template_name(name, speech.code)
                yield Template(
                    name=called,
                    sid="",
                    language=speech.code,
                    category=category,
                    approval=_NOT_ASKED,
                )


def definition(template: Template, speech: Speech) -> dict[str, Any]:
    """The payload for Twilio's Content API (POST /v1/Content)."""
    name = template.name.removesuffix(f"_{template.language}")
    title = waits_button(speech) if name == ANSWER_WAITING else texts.read_it(speech)
    action = {"type": "QUICK_REPLY", "title": title, "id": _TAPS[name]}
    body = {"body": _words(name, speech), "actions": [action]}
    return {
        "friendly_name": f"{FRIENDLY}{template.name}",
        "language": _META.get(speech.code, speech.code),
        "variables": {},
        "types": {"twilio/quick-reply": body},
    }


def _words(name: str, speech: Speech) -> str:
    """Empty where they are not translated: nobody submits English as Punjabi."""
    say = waits_text if name == ANSWER_WAITING else texts.news_waiting
    words, english = say(speech), say(Speech("en", NullTranslations()))
    return "" if words == english and speech.code != "en" else words


async def read_back(client: "Client", known: Iterable[Template]) -> list[Template]:
    """The same with what Meta says of them now; who is not at Twilio any more is left out.

    Raises what `bot.whatsapp.channel.FORESEEN` lists.
    """
    listed = await client.content.v1.content_and_approvals.list_async()
    there = {content.friendly_name: content for content in listed}
    return [
        _judged(template, there[f"{FRIENDLY}{template.name}"])
        for template in known
        if f"{FRIENDLY}{template.name}" in there
    ]


def _judged(template: Template, content: Any) -> Template:
    asked = content.approval_requests or {}
    found = Template(**template.model_dump() | {"sid": str(content.sid)})
    if template.name not in NAMES:
        found.approval = str(asked.get("status") or _NOT_ASKED)
        found.category = str(asked.get("category") or template.category)
        found.reason = str(asked.get("rejection_reason") or "")
    return found


async def submit(
    client: "Client", templates: Iterable[Template], spoken: dict[str, Speech]
) -> list[Template]:
    """Make what is missing at Twilio and ask Meta for each approval that nobody asked for yet.

    Told apart by friendly name, so again is harmless. Raises what `FORESEEN` lists.
    """
    contents, wanted = client.content.v1.contents, list(templates)
    there = {template.name for template in await read_back(client, wanted)}
    for template in wanted:
        if template.name not in there:
            payload = definition(template, spoken[template.language])
            await contents.create_async(contents.ContentCreateRequest(payload))
    for template in await read_back(client, wanted):
        if template.approval == _NOT_ASKED:
            asking = contents(template.sid).approval_create
            request = {"name": template.name, "category": template.category}
            await asking.create_async(asking.ContentApprovalRequest(request))
    return await read_back(client, wanted)
