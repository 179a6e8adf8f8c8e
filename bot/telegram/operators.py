"""The operators' Telegram group as a channel: a forum topic for each person.

A channel of its own, so that its failures and its 20 messages a minute hold up no person.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from telegram import Message
from telegram.error import BadRequest

from bot import clock
from bot.channel import Failed, Letter, Problem, Sent
from bot.database_thread import DatabaseThread
from bot.drawing import split
from bot.telegram.channel import FORESEEN, TelegramChannel, explained, judged
from bot.telegram.render import MOST_TEXT
from storage import notices
from storage.audit import By
from storage.database import reading
from storage.tickets import group
from storage.tickets.group import Destination

CHANNEL = group.CHANNEL
_NO_THREAD = ("message thread not found", "topic_id_invalid", "topic_deleted")
_NO_TOPICS = ("the chat is not a forum", "not enough rights")


_PLAIN = {"link_preview_options": {"is_disabled": True}}


class NoTopicsError(Exception):
    """The group has no topics, or we may not make any."""


class OperatorsChannel:
    """Implements `bot.channel.Channel` for one group; ``telegram`` is the bot that is in it."""

    name = CHANNEL

    def __init__(
        self, telegram: TelegramChannel, engine: Engine, database: DatabaseThread, chat: str
    ) -> None:
        self._telegram, self._engine, self._database = telegram, engine, database
        self._chat = chat

    async def send(self, letter: Letter) -> Sent | Failed:
        """Into the person's topic, which is made when it is not there. See `bot.channel.Channel`.

        Without topics the group hears only that there is a ticket (the letter's ``howto``).
        """
        try:
            to = await self._database.run(self._destination, letter.id)
            if to.forget is not None:
                return await self._forget(letter, to.forget)
            if to.contact_id is None:
                return await self._say(letter.address, letter.outbound.text, None)
            return await self._into_topic(letter, to)
        except NoTopicsError:
            if not letter.outbound.howto:
                return Failed(Problem.REJECTED, "no topics")
            return await self._tried(lambda: self._say(letter.address, letter.outbound.howto, None))
        except DBAPIError:
            return Failed(Problem.NOT_SENT, "database")
        except FORESEEN as error:
            return judged(error)

    async def check(self) -> str:
        """Empty when each person can have a topic there, else what is wrong."""
        return await check_group(self._telegram, self._chat)

    async def close(self) -> None:
        """The connections are the Telegram channel's."""

    async def _into_topic(self, letter: Letter, to: Destination) -> Sent | Failed:
        if to.thread is not None:
            try:
                return await self._say(letter.address, letter.outbound.text, to.thread)
            except BadRequest as error:
                if not _says(error, _NO_THREAD):
                    raise
        thread = await self._make_topic(letter.address, to)
        if thread is None:
            return Failed(Problem.REJECTED, "erased")
        return await self._say(letter.address, letter.outbound.text, thread)

    async def _make_topic(self, chat: str, to: Destination) -> int | None:
        """None when the person was erased meanwhile. Raises NoTopicsError."""
        assert to.contact_id is not None
        name = f"🙋 {to.ticket} · {to.contact_id}"  # no name of a person
        try:
            topic = await self._telegram.bot.create_forum_topic(chat, name)
        except BadRequest as error:
            if _says(error, _NO_TOPICS):
                raise NoTopicsError from None
            raise
        thread = topic.message_thread_id
        if await self._database.run(self._remember, to.contact_id, chat, thread):
            return thread
        await self._telegram.bot.delete_forum_topic(chat, thread)
        return None

    async def _forget(self, letter: Letter, thread: int) -> Sent | Failed:
        """A topic that is not there any more counts as deleted; else somebody must delete it."""
        try:
            await self._telegram.bot.delete_forum_topic(letter.address, thread)
        except BadRequest as error:
            if not _says(error, _NO_THREAD):
                await self._database.run(self._complain, thread)
                raise
        return Sent(f"topic {thread}")

    async def _say(self, chat: str, text: str, thread: int | None) -> Sent:
        sent: Message | None = None
        for piece in split(text, MOST_TEXT):
            sent = await self._telegram.bot.send_message(
                chat, piece, message_thread_id=thread, api_kwargs=_PLAIN
            )
        return Sent(str(sent.message_id) if sent else "empty")

    async def _tried(self, send: Callable[[], Awaitable[Sent]]) -> Sent | Failed:
        try:
            return await send()
        except FORESEEN as error:
            return judged(error)

    def _destination(self, letter: int) -> Destination:
        with reading(self._engine).begin() as connection:
            return group.destination(connection, letter)

    def _complain(self, thread: int) -> None:
        text = (
            f"Topic {thread} of the operators' group could not be deleted, and its person's words "
            f"are over: delete it by hand (https://t.me/c/{self._chat.removeprefix('-100')}/{thread})"
        )
        with self._engine.begin() as connection:
            notices.add(connection, By("sportello", clock.now()), "topic", "", text)

    def _remember(self, contact_id: int, chat: str, thread: int) -> bool:
        with self._engine.begin() as connection:
            return group.remember(connection, contact_id, chat, thread)


def _says(error: Exception, words: tuple[str, ...]) -> bool:
    return any(word in str(error).lower() for word in words)


def _wrong(error: Exception) -> str:
    failed: Any = judged(error)
    if failed.moved_to:
        return f"the group has a new number: set OPERATORS_CHAT_ID={failed.moved_to}"
    if failed.problem is Problem.UNREACHABLE:
        return "the bot is not in the group: check OPERATORS_CHAT_ID, and add the bot to it"
    return explained(error)


async def check_group(telegram: TelegramChannel, chat: str) -> str:
    """Empty when each person can have a topic in this group, else what to do."""
    try:
        group_now = await _ask(telegram, "getchat", chat_id=chat)
        me = await telegram.bot.get_me()
        mine = await _ask(telegram, "getchatmember", chat_id=chat, user_id=me.id)
    except FORESEEN as error:
        return _wrong(error)
    if not group_now.get("is_forum"):
        return "the group has no topics: turn on Topics in its settings; until then use `inbox`"
    if not mine.get("can_manage_topics"):
        return "make the bot an administrator who can manage topics; until then use `inbox`"
    if not mine.get("can_delete_messages"):
        return "let the bot delete messages: else topics of erased people stay in the group"
    return ""


async def _ask(telegram: TelegramChannel, method: str, **asked: object) -> dict[str, Any]:
    """Spelled in lower case, python-telegram-bot does not read the answer (and stumbles)."""
    found = await telegram.bot.do_api_request(method, asked)
    return found if isinstance(found, dict) else {}
