"""Messages that were lost while we were down, found again at Twilio."""

from datetime import UTC, datetime
from typing import Any

from bot.channel import Received
from bot.whatsapp.channel import WhatsAppChannel
from bot.whatsapp.receive import parse

_MOST = 1000  # one page (Twilio, Messages resource: PageSize at most 1000)


async def recent(
    channel: WhatsAppChannel, since: datetime, until: datetime | None = None
) -> list[Received]:
    """What people sent to us between two aware moments, oldest first; at most the last 1,000.

    Known ones are among them: they have the same external id. A tap comes back as the words of
    its button, a position not at all: Twilio keeps no more. So ``until`` should leave the webhook
    a minute to be first. Raises what `bot.whatsapp.channel.FORESEEN` lists.
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
    }
