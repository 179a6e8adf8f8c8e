"""What Telegram delivers, as plain JSON, to `Received`. The one place that reads an update."""

import re
from typing import Any

from bot.channel import Received
from flows.folding import clean
from flows.messages import Inbound, Position

CHANNEL = "telegram"
OPERATORS = "operators"
# Must name my_chat_member: that is how we learn that somebody blocked us (Bot API, getUpdates).
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")

_MOST_TEXT = 4096
_MOST_TAP_BYTES = 64
_LARGEST_ID = 2**63 - 1
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w{1,64})?(?:\s+(.*))?", re.DOTALL)
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")  # Bot API, deep linking
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")  # IETF tag, User.language_code
# In this order: an animation also comes as a document.
_MEDIA = (
    "voice",
    "audio",
    "photo",
    "video",
    "video_note",
    "animation",
    "document",
    "sticker",
    "contact",
    "poll",
    "dice",
    "story",
    "game",
    "checklist",
    "paid_media",
)
_CHANGES = {"kicked": "blocked", "member": "unblocked"}


def parse(update: object, operators: str = "") -> Received | None:
    """What happened, or None when it is nothing for us (a group, a channel, something unknown).

    ``update`` is any JSON value; nothing is raised. ``operators`` is the id of the one group whose
    messages count: what is written there in a topic is an operator's word, never a person's.
    """
    update_id = whole_number(update.get("update_id")) if isinstance(update, dict) else None
    if update_id is None or not isinstance(update, dict):
        return None
    match update:
        case {"message": dict(message)}:
            if operators and _is_chat(message.get("chat"), operators):
                return _of_operator(message, str(update_id))
            return _message(message, str(update_id))
        case {"callback_query": dict(tap)}:
            return _tap(tap, str(update_id))
        case {"my_chat_member": dict(change)}:
            return _change(change, str(update_id))
    return None


def whole_number(value: object) -> int | None:
    """``value`` when it is an id as Telegram numbers things (fits 64 bits), else None."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_ID:
        return value
    return None


def _private(chat: object) -> str:
    """The address of a private chat, or empty."""
    match chat:
        case {"type": "private", "id": id} if whole_number(id):
            return str(id)
    return ""


def _hint(person: object) -> str:
    match person:
        case {"language_code": str(code)} if _LANGUAGE.fullmatch(code):
            return code
    return ""


def _message(message: dict[str, Any], external_id: str) -> Received | None:
    if "migrate_to_chat_id" in message:
        return _moved(message, external_id)
    address = _private(message.get("chat"))
    inbound = _inbound(message, _hint(message.get("from"))) if address else None
    return Received(CHANNEL, external_id, address, inbound) if inbound else None


def _is_chat(chat: object, id: str) -> bool:
    return isinstance(chat, dict) and str(whole_number(chat.get("id"))) == id


def _of_operator(message: dict[str, Any], external_id: str) -> Received | None:
    """Somebody's word in a topic; of a bot only when it stands for an anonymous administrator.

    Telegram's own lines (topic made, member joined) and the general topic are nothing for us.
    """
    match message:
        case {"is_topic_message": True, "message_thread_id": int(thread), "chat": {"id": chat}}:
            name = _operator(message)
            text = message.get("text")
            said = Inbound(clean(text, _MOST_TEXT)) if isinstance(text, str) else None
            kind = next((kind for kind in _MEDIA if message.get(kind) is not None), "")
            inbound = said or (Inbound(media=kind) if kind else None)
            if name and inbound and whole_number(thread):
                number = str(chat)
                return Received(
                    OPERATORS, external_id, number, inbound, thread=thread, operator=name
                )
    return None


def _operator(message: dict[str, Any]) -> str:
    """The name the audit gets, or empty when it is no person of the group."""
    match message:
        case {"sender_chat": {"id": sender}, "chat": {"id": chat}} if sender == chat:
            return "telegram:admin"
        case {"sender_chat": _}:
            return ""
        case {"from": {"is_bot": False, "id": id, "first_name": str(name)}} if whole_number(id):
            return f"telegram:{clean(name, 40)} ({id})"
    return ""


def _moved(message: dict[str, Any], external_id: str) -> Received | None:
    """A group became a supergroup with another id (Bot API, Message.migrate_to_chat_id)."""
    match message:
        case {"chat": {"id": old}, "migrate_to_chat_id": new} if whole_number(old):
            if whole_number(new):
                return Received(CHANNEL, external_id, str(old), change="moved", moved_to=str(new))
    return None


def _inbound(message: dict[str, Any], hint: str) -> Inbound | None:
    text = message.get("text")
    if isinstance(text, str):
        return _text(clean(text, _MOST_TEXT), hint)
    if position := _position(message.get("location")):
        return Inbound(location=position, hint=hint)
    kind = next((kind for kind in _MEDIA if message.get(kind) is not None), "")
    return Inbound(media=kind, hint=hint) if kind else None


def _text(text: str, hint: str) -> Inbound | None:
    if command := _COMMAND.fullmatch(text):
        name, rest = command[1], (command[2] or "").strip()
        if name.lower() == "start":
            known = _PAYLOAD.fullmatch(rest)
            return Inbound(start=rest, hint=hint) if known else Inbound("/start", hint=hint)
        text = f"/{name} {rest}".strip()
    return Inbound(text, hint=hint) if text else None


def _position(location: object) -> Position | None:
    match location:
        case {"latitude": int() | float() as lat, "longitude": int() | float() as lon}:
            # compared before float(): a whole number of 400 digits would not fit; NaN is not <=
            if abs(lat) <= 90 and abs(lon) <= 180:
                return Position(float(lat), float(lon))
    return None


def _tap(tap: dict[str, Any], external_id: str) -> Received | None:
    match tap:
        case {"id": str(tap_id), "data": str(data), "message": {"chat": chat} as message}:
            address, value = _private(chat), clean(data, _MOST_TAP_BYTES)
            if not address or not value or len(value.encode()) > _MOST_TAP_BYTES:
                return None
            inbound = Inbound(tap=value, hint=_hint(tap.get("from")))
            return Received(
                CHANNEL,
                external_id,
                address,
                inbound,
                message=_tapped_message(message),
                tap_id=clean(tap_id, _MOST_TAP_BYTES),
            )
    return None


def _tapped_message(message: dict[str, Any]) -> str:
    """Its id; empty when it can no longer be edited (date 0: Bot API, InaccessibleMessage)."""
    id = whole_number(message.get("message_id"))
    return str(id) if id and message.get("date") != 0 else ""


def _change(change: dict[str, Any], external_id: str) -> Received | None:
    """Somebody blocked or unblocked the bot (Bot API, ChatMemberUpdated of a private chat)."""
    match change:
        case {"chat": chat, "new_chat_member": {"status": str(status)}} if status in _CHANGES:
            if address := _private(chat):
                return Received(CHANNEL, external_id, address, change=_CHANGES[status])
    return None
