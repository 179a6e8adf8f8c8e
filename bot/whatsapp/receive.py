"""What Twilio posts when somebody writes on WhatsApp, to `Received`. The one place that reads it.

Fields: Twilio, "Messaging webhooks" (WhatsApp-specific parameters). Unknown ones are ignored.
"""

import re
from collections.abc import Mapping

from bot.channel import Received
from flows.folding import clean
from flows.messages import Inbound, Position

CHANNEL = "whatsapp"
PREFIX = "whatsapp:"

_MOST_TEXT = 4096
_MOST_TAP_BYTES = 64
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
# A number, or a business-scoped id such as IT.1349 or US.ENT.118 (Meta, business-scoped user ids).
_ADDRESS = re.compile(r"\+?[A-Za-z0-9._-]{1,128}")
_TAP = re.compile(rf"[!-~]{{1,{_MOST_TAP_BYTES}}}")
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?")
_KIND = re.compile(r"[a-z_]{1,20}")
_WORDY = ("", "text", "button", "interactive", "location")
_REACTION = "reaction"  # an emoji on a message: no answer is expected
_BY_CONTENT_TYPE = (
    ("audio/ogg", "voice"),
    ("audio/", "audio"),
    ("image/webp", "sticker"),
    ("image/", "photo"),
    ("video/", "video"),
    ("text/vcard", "contact"),
    ("text/x-vcard", "contact"),
)


def parse(form: Mapping[str, str]) -> Received | None:
    """What a person sent, or None when it is nothing for us. Raises nothing, whatever ``form`` is.

    A reaction is a delivery without an inbound: no turn, but its id is known from then on. The
    address is the number or, where WhatsApp hides it, the business-scoped id; the profile
    name is not kept. WhatsApp tells no language.
    """
    external_id, address = _text(form, "MessageSid"), _address(form)
    if not _ID.fullmatch(external_id) or not address:
        return None
    if _kind(form) == _REACTION:
        return Received(CHANNEL, external_id, address, change=_REACTION)
    inbound = _inbound(form)
    return Received(CHANNEL, external_id, address, inbound) if inbound else None


def _kind(form: Mapping[str, str]) -> str:
    return _text(form, "MessageType").lower()


def _text(form: Mapping[str, str], name: str) -> str:
    value: object = form.get(name)
    return clean(value, _MOST_TEXT) if isinstance(value, str) else ""


def _address(form: Mapping[str, str]) -> str:
    """From without its prefix; WaId where From is missing. SMS and other channels: empty."""
    sender = _text(form, "From")
    if sender:
        address = sender.removeprefix(PREFIX) if sender.startswith(PREFIX) else ""
    else:
        wa_id = _text(form, "WaId")
        address = f"+{wa_id}" if wa_id.isdecimal() else wa_id
    return address if _ADDRESS.fullmatch(address) else ""


def _inbound(form: Mapping[str, str]) -> Inbound | None:
    kind = _kind(form)
    if tap := _tap(form):
        return Inbound(tap=tap)
    if position := _position(form):
        return Inbound(location=position)
    text = _text(form, "Body") or _text(form, "ButtonText") or _text(form, "ListTitle")
    media = _media(form)
    if not media and not text and kind not in _WORDY and _KIND.fullmatch(kind):
        media = kind
    return Inbound(text, media=media) if text or media else None


def _tap(form: Mapping[str, str]) -> str:
    """The id of a quick reply or list item, when it is one of ours (`Button.tap`)."""
    payload = _text(form, "ButtonPayload") or _text(form, "ListId")
    return payload if _TAP.fullmatch(payload) else ""


def _position(form: Mapping[str, str]) -> Position | None:
    lat, lon = _text(form, "Latitude"), _text(form, "Longitude")
    if not (_DEGREES.fullmatch(lat) and _DEGREES.fullmatch(lon)):
        return None
    position = Position(float(lat), float(lon))
    return position if abs(position.lat) <= 90 and abs(position.lon) <= 180 else None


def _media(form: Mapping[str, str]) -> str:
    """The kind of the first attachment, by its content type."""
    if _text(form, "NumMedia").strip("0") == "":
        return ""
    content_type = _text(form, "MediaContentType0").lower()
    found = (kind for start, kind in _BY_CONTENT_TYPE if content_type.startswith(start))
    return next(found, "document")
