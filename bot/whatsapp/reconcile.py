"""Messages that were lost while we were down, found again at Twilio."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from bot.channel import Received
from bot.whatsapp.channel import WhatsAppChannel
from bot.whatsapp.receive import parse

_JOINED = re.compile("\N{ZERO WIDTH JOINER}.")  # a family, a profession, a heart in flames
_FLAG_LETTERS = {chr(code) for code in range(0x1F1E6, 0x1F200)}
_MOST = 1000  # one page (Twilio, Messages resource: PageSize at most 1000)


async def recent(
    channel: WhatsAppChannel, since: datetime, until: datetime | None = None
) -> list[Received]:
    """What people sent to us between two aware moments, oldest first; at most the last 1,000.

    Known ones are among them: they have the same external id. A tap comes back as the words of
    its button, a position not at all: Twilio keeps no more. So ``until`` should leave the webhook
    a minute to be first. No MessageType is kept either: one emoji alone is taken for a reaction;
    what the webhook took as words is known by its id. Raises what `bot.whatsapp.channel.FORESEEN`
    lists.
    """
    found = await channel.client.messages.list_async(
        to=channel.account.from_, date_sent_after=since.astimezone(UTC), limit=_MOST
    )
    forms = (_form(message) for message in reversed(found) if _counts(message, until))
    return [received for form in forms if (received := parse(form))]


def _counts(message: Any, until: datetime | None) -> bool:
    if message.direction != "inbound":
        return False
    return until is None or message.date_sent is None or message.date_sent <= until


def _form(message: Any) -> dict[str, str]:
    return {
        "MessageSid": message.sid,
        "From": message.from_,
        "Body": message.body,
        "NumMedia": message.num_media,
        "MessageType": "reaction" if _may_react(message) else "",
    }


def _may_react(message: Any) -> bool:
    """Whether a reaction looks so: one sign, with its colours and what is joined to it."""
    if (message.num_media or "0") != "0":
        return False
    signs = _JOINED.sub("", (message.body or "").strip())
    pictures = [c for c in signs if unicodedata.category(c) == "So"]
    rest = [c for c in signs if unicodedata.category(c) not in ("So", "Sk", "Mn")]
    flag = len(pictures) == 2 and all(c in _FLAG_LETTERS for c in pictures)
    return not rest and (len(pictures) == 1 or flag)
