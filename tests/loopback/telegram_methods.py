"""What the Bot API does with a call, and what it refuses; the state people would see."""

import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback.pace import Pace
from tests.loopback.telegram_groups import Group
from tests.loopback.telegram_refusal import Params, Refusal, refuse_when

_NESTED = ("reply_markup", "allowed_updates", "commands", "link_preview_options", "scope")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_TAP_SECONDS = 150.0
_PER_SECOND = 30
_BOT = {"id": 1, "is_bot": True, "first_name": "Loopback", "username": "loopback_bot"}


@dataclass
class Shown:
    """A message as the person sees it; ``via`` is ``api`` or ``answer`` (of a webhook)."""

    chat_id: int
    text: str
    message_id: int
    reply_markup: Any
    at: float
    via: str = "api"
    edits: int = 0
    document: tuple[str, str] | None = None
    thread: int = 0


@dataclass
class Fault:
    """What a call meets: a ``status``, silence (``hang``), a cut once done (``drop``), or an answer
    that nobody can read, once done (``garbage``).
    """

    status: int = 0
    description: str = "Internal Server Error"
    parameters: Params = field(default_factory=dict)
    method: str = ""
    hang: bool = False
    drop: bool = False
    garbage: bool = False


def units(text: str) -> int:
    """UTF-16 code units, as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class BotMethods:
    """The methods a bot calls, by name in lower case; and who is known, blocked or moved."""

    def __init__(self, *, limits: bool) -> None:
        self.pace = Pace(_PER_SECOND if limits else 0)
        self.messages: list[Shown] = []
        self.answered: list[str] = []
        self.commands: dict[str, Any] = {}
        self.texts: dict[tuple[str, str], str] = {}
        self.chats: set[int] = set()
        self.groups: dict[int, Group] = {}
        self.blocked: set[int] = set()
        self.moved: dict[int, int] = {}
        self.taps: dict[str, float] = {}
        self.message_ids = itertools.count(1)
        self.by_name: dict[str, Callable[[Params], Any]] = {
            "getme": lambda _: _BOT,
            "sendmessage": self._send_message,
            "senddocument": self._send_document,
            "editmessagetext": self._edit_message_text,
            "answercallbackquery": self._answer_callback_query,
            "sendchataction": lambda p: bool(self._chat(p)),
            "getchat": self._get_chat,
            "getchatmember": lambda p: self._group(p).member(_BOT),
            "createforumtopic": lambda p: self._group(p).create_topic(p, self.message_ids),
            "deleteforumtopic": self._delete_forum_topic,
            "setmycommands": self._set_my_commands,
            "setmydescription": lambda p: self._set_text("description", 512, p),
            "setmyshortdescription": lambda p: self._set_text("short_description", 120, p),
            "setmyname": lambda p: self._set_text("name", 64, p),
        }

    def expire_taps(self) -> None:
        """150 s pass for every tap."""
        self.taps = {tap: at - _TAP_SECONDS for tap, at in self.taps.items()}

    def _chat(self, params: Params) -> int:
        refuse_when(not re.fullmatch(r"-?\d+", str(params.get("chat_id", ""))), "chat not found")
        chat = int(params["chat_id"])
        if chat in self.moved:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refusal(400, words, migrate_to_chat_id=self.moved[chat])
        refuse_when(chat not in self.chats, "chat not found")
        if chat in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat

    def _pace(self, chat: int, *, new: bool = True) -> None:
        if not self.pace.takes(chat, new=new):
            raise Refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        if chat in self.groups:
            self.groups[chat].pace()

    def _group(self, params: Params) -> Group:
        return self.groups.get(self._chat(params), Group(forum=False))

    def _delete_forum_topic(self, params: Params) -> bool:
        thread, chat = self._group(params).delete_topic(params), int(params["chat_id"])
        self.messages = [m for m in self.messages if (m.chat_id, m.thread) != (chat, thread)]
        return True

    def _get_chat(self, params: Params) -> Params:
        chat = self._chat(params)
        group = self.groups.get(chat)
        return group.described(chat) if group else {"id": chat, "type": "private"}

    def _send_message(self, params: Params) -> Params:
        chat, text, markup = self._chat(params), _text(params), params.get("reply_markup")
        _check_markup(markup, private=chat > 0)
        thread = self.groups.get(chat, Group()).thread_of(params)
        self._pace(chat)
        shown = Shown(chat, text, next(self.message_ids), markup, time.time(), thread=thread)
        return self._shown(shown, params)

    def _send_document(self, params: Params) -> Params:
        chat, markup = self._chat(params), params.get("reply_markup")
        document, caption = params.get("document"), str(params.get("caption", ""))
        refuse_when(not isinstance(document, tuple), "there is no document in the request")
        refuse_when(units(caption) > 1024, "message caption is too long")
        _check_markup(markup, private=chat > 0)
        self._pace(chat)
        id, at = next(self.message_ids), time.time()
        return self._shown(Shown(chat, caption, id, markup, at, document=document), params)

    def _shown(self, shown: Shown, params: Params) -> Params:
        shown.via = params.get("_via", "api")
        self.messages.append(shown)
        chat = {"id": shown.chat_id, "type": "private", "first_name": "Amina"}
        if shown.chat_id in self.groups:
            chat = self.groups[shown.chat_id].described(shown.chat_id)
        date = int(shown.at)
        return {"message_id": shown.message_id, "date": date, "chat": chat, "text": shown.text}

    def _edit_message_text(self, params: Params) -> Params:
        chat, text, markup = self._chat(params), _text(params), params.get("reply_markup")
        id = int(params.get("message_id", 0))
        now = [m for m in self.messages if (m.chat_id, m.message_id) == (chat, id)]
        refuse_when(not now, "message to edit not found")
        refuse_when("keyboard" in (now[-1].reply_markup or {}), "message can't be edited")
        refuse_when("keyboard" in (markup or {}), "inline keyboard expected")
        _check_markup(markup, private=chat > 0)
        same = (text, markup or None) == (now[-1].text, now[-1].reply_markup or None)
        refuse_when(same, "message is not modified: specified new message content is the same")
        self._pace(chat, new=False)
        return self._shown(Shown(chat, text, id, markup, time.time(), edits=id), params)

    def _answer_callback_query(self, params: Params) -> bool:
        at = self.taps.get(str(params.get("callback_query_id")), float("-inf"))
        old = time.monotonic() - at >= _TAP_SECONDS
        refuse_when(old, "query is too old and response timeout expired or query ID is invalid")
        refuse_when(len(str(params.get("text", ""))) > 200, "MESSAGE_TOO_LONG")
        self.answered.append(str(params["callback_query_id"]))
        return True

    def _set_my_commands(self, params: Params) -> bool:
        commands = params.get("commands", [])
        refuse_when(len(commands) > 100, "BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            refuse_when(not _COMMAND.fullmatch(command["command"]), "BOT_COMMAND_INVALID")
            long = not 1 <= units(command["description"]) <= 256
            refuse_when(long, "BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[_language(params)] = commands
        return True

    def _set_text(self, name: str, limit: int, params: Params) -> bool:
        text = str(params.get(name, ""))
        refuse_when(units(text) > limit, f"bot {name} is too long")
        self.texts[name, _language(params)] = text
        return True


def _text(params: Params) -> str:
    text = str(params.get("text", "")).strip()
    refuse_when(not text, "message text is empty")
    refuse_when(units(text) > 4096, "message is too long")
    return text


def _language(params: Params) -> str:
    code = str(params.get("language_code", ""))
    refuse_when(code and not re.fullmatch("[a-z]{2}", code), "invalid language code specified")
    return code


def _check_markup(markup: Any, *, private: bool) -> None:
    if not markup:
        return
    refuse_when(not isinstance(markup, dict), "object expected as reply markup")
    inline = [button for row in markup.get("inline_keyboard", []) for button in row]
    plain = [button for row in markup.get("keyboard", []) for button in row]
    refuse_when(len(inline) + len(plain) > 100, "reply markup is too long")
    for button in inline + plain:
        refuse_when(not str(button.get("text", "")).strip(), "button text is empty")
    for button in inline:
        refuse_when("request_location" in button, "BUTTON_TYPE_INVALID")
        kinds = [key for key in button if key != "text"]
        refuse_when(not kinds, "text buttons are unallowed in the inline keyboard")
        data = button.get("callback_data")
        wrong = data is not None and not 1 <= len(str(data).encode()) <= 64
        refuse_when(wrong, "BUTTON_DATA_INVALID")
    asks = any(button.get("request_location") for button in plain)
    refuse_when(asks and not private, "location can be requested in private chats only")


def person(chat: int) -> Params:
    """Somebody, as Telegram describes them."""
    return {"id": chat, "is_bot": False, "first_name": "Amina", "language_code": "it"}


def _field(value: Any) -> Any:
    """A form's value; of a file its name and text."""
    if isinstance(value, web.FileField):
        return value.filename, value.file.read().decode()
    return value


async def params_of(request: web.Request) -> Params:
    """From a JSON body, a form, multipart or the query; nested values may be JSON in a string.

    An attached file is named by the field ``document`` (Bot API, Sending files).
    """
    params: Params = dict(request.query)
    if request.content_type == "application/json":
        params.update(await request.json())
    else:
        params.update({name: _field(value) for name, value in (await request.post()).items()})
    document = str(params.get("document", ""))
    if document.startswith("attach://"):
        params["document"] = params.get(document.removeprefix("attach://"))
    for name in _NESTED:
        if isinstance(params.get(name), str):
            params[name] = json.loads(params[name])
    return params
