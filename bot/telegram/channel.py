"""Telegram as a channel: letters out, with every way it can go wrong named."""

import asyncio
import re
from collections import Counter
from typing import Any

import telegram
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)

from bot import network
from bot.channel import Failed, File, Letter, Problem, Received, Sent
from bot.telegram.receive import ALLOWED_UPDATES, CHANNEL
from bot.telegram.render import Call, draw
from bot.telegram.request import (
    AiohttpRequest,
    AnswerLostError,
    BusyError,
    NotSentError,
    keep_quiet,
)

API = "https://api.telegram.org"

# What a call raises; the last four when python-telegram-bot cannot read a strange answer.
FORESEEN = (TelegramError, KeyError, TypeError, ValueError, AttributeError)

_UNCHANGED = "message is not modified"
_CANNOT_EDIT = ("message can't be edited", "message to edit not found", "message_id_invalid")
_NOBODY = ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty")
_HARMLESS = re.compile(r"[A-Za-z_',: -]{1,60}")
_TAP_SECONDS = 5.0


class TelegramChannel:
    """Implements `bot.channel.Channel` with python-telegram-bot's typed client.

    The parts of a long letter follow each other after ``parts_apart`` seconds: they share a permit.
    ``bot`` is that client (its ``repr`` holds the token, ours does not); ``operators`` the id of
    the operators' group, or empty; ``counts`` counts ``unusable`` updates and ``unacknowledged``
    taps since the start.
    """

    name = CHANNEL

    def __init__(
        self,
        token: str,
        api: str = API,
        *,
        operators: str = "",
        request: AiohttpRequest | None = None,
        parts_apart: float = 0.0,
    ) -> None:
        self.operators, self._parts_apart = operators, parts_apart
        keep_quiet()
        root = api.rstrip("/")
        self._request = request or AiohttpRequest()
        self.bot = telegram.Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self.counts: Counter[str] = Counter()

    def __repr__(self) -> str:
        return "TelegramChannel()"

    async def send(self, letter: Letter) -> Sent | Failed:
        """Send one letter; the external id is the last message's. See `bot.channel.Channel`.

        When a part of a long letter is there and the next fails, nobody may send it all again
        as if nothing had arrived: that is `Problem.HIDDEN` too.
        """
        result: Sent | Failed = Failed(Problem.REJECTED, "empty")
        for place, call in enumerate(draw(letter)):
            await asyncio.sleep(self._parts_apart if place else 0)
            try:
                result = Sent(await self._perform(call))
            except FORESEEN as error:
                failed = judged(error)
                partly = place > 0 and failed.problem.retryable
                return Failed(Problem.HIDDEN, failed.code) if partly else failed
        return result

    async def acknowledge(self, received: Received) -> None:
        """Stop the spinner on the tapped button. Never raises: it is only a spinner."""
        if not received.tap_id:
            return
        try:
            await self.bot.answer_callback_query(received.tap_id, read_timeout=_TAP_SECONDS)
        except FORESEEN:
            self.counts["unacknowledged"] += 1

    async def typing(self, address: str) -> None:
        """Show "typing …" for some seconds (Bot API, sendChatAction). Never raises."""
        try:
            await self.bot.send_chat_action(address, "typing", read_timeout=_TAP_SECONDS)
        except FORESEEN:
            self.counts["untyped"] += 1

    async def updates(self, offset: int, seconds: int) -> list[Any]:
        """The updates from ``offset`` on (0: from the oldest kept), as JSON, after a long poll.

        Asking for an offset makes Telegram forget all before it. Raises TelegramError.
        Methods are case-insensitive; spelled so, python-telegram-bot parses no `Update`, which
        would cost 200 µs each and lose the batch when one is strange.
        """
        asked = {"timeout": seconds, "allowed_updates": list(ALLOWED_UPDATES)}
        if offset:
            asked["offset"] = offset
        found = await self.bot.do_api_request("getupdates", asked, read_timeout=seconds + 10.0)
        if not isinstance(found, list):
            raise AnswerLostError("updates are not a list")
        return found

    async def check(self) -> str:
        """Empty when Telegram answers and takes the token, else what is wrong."""
        try:
            await self.bot.get_me()
        except FORESEEN as error:
            return explained(error)
        return ""

    async def close(self) -> None:
        """Let go of connections."""
        await self._request.shutdown()

    async def _perform(self, call: Call) -> str:
        """The id of the message that was sent or edited."""
        if call.method == "editMessageText":
            return await self._edit(call.params)
        if call.file:
            return await self._send_file(call.params, call.file)
        return await self._send(call.params)

    async def _send(self, params: dict[str, Any]) -> str:
        message = await self.bot.send_message(
            params["chat_id"], params["text"], api_kwargs=_extras(params)
        )
        return str(message.message_id)

    async def _send_file(self, params: dict[str, Any], file: File) -> str:
        message = await self.bot.send_document(
            params["chat_id"],
            telegram.InputFile(file.content, filename=file.name),
            caption=params.get("caption"),
            api_kwargs=_extras(params),
        )
        return str(message.message_id)

    async def _edit(self, params: dict[str, Any]) -> str:
        """A message that is already so counts as edited; one that cannot be edited is sent anew."""
        try:
            await self.bot.edit_message_text(
                params["text"],
                chat_id=params["chat_id"],
                message_id=params["message_id"],
                api_kwargs=_extras(params),
            )
        except BadRequest as error:
            says = error.message.lower()
            if any(reason in says for reason in _CANNOT_EDIT):
                return await self._send(params)
            if _UNCHANGED not in says:
                raise
        return str(params["message_id"])


def _extras(params: dict[str, Any]) -> dict[str, Any]:
    """What goes to Telegram as drawn, without a detour over python-telegram-bot's objects."""
    return {k: params[k] for k in ("reply_markup", "link_preview_options") if k in params}


def judged(error: Exception) -> Failed:
    """What an error of a call means for the letter."""
    match error:
        case BusyError():
            return Failed(Problem.BUSY, str(error.status), retry_after=error.seconds)
        case NotSentError():
            return Failed(Problem.NOT_SENT, error.message)
        case AnswerLostError():
            return Failed(Problem.HIDDEN, error.message)
        case ChatMigrated():
            return Failed(Problem.UNREACHABLE, "moved", moved_to=str(error.new_chat_id))
        case Forbidden():
            return Failed(Problem.UNREACHABLE, "403")
        case InvalidToken():
            return Failed(Problem.CREDENTIALS, "401")
        case BadRequest():
            return Failed(_refusal(error.message), _code("400", error.message))
        case NetworkError() if not isinstance(error.__cause__, TelegramError | None):
            return Failed(Problem.HIDDEN, type(error.__cause__).__name__)
        case NetworkError() | Conflict():  # the other 4xx: Telegram answered and did not do it
            return Failed(Problem.REJECTED, _code("4xx", error.message))
    return Failed(Problem.HIDDEN, f"unreadable answer: {type(error).__name__}")


def _refusal(says: str) -> Problem:
    nobody = any(reason in says.lower() for reason in _NOBODY)
    return Problem.UNREACHABLE if nobody else Problem.REJECTED


def _code(status: str, says: str) -> str:
    """The status and Telegram's words, unless they could quote something (then without)."""
    return f"{status} {says}" if _HARMLESS.fullmatch(says) else status


def explained(error: Exception) -> str:
    """One line for the operator. Holds no token."""
    return network.explained("Telegram", "the token: check TELEGRAM_BOT_TOKEN", judged(error))
