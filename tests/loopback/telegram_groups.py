"""Groups on the loopback Bot API: topics, what the bot may do there, 20 messages a minute."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.loopback.telegram_refusal import Params, Refusal, refuse_when


@dataclass
class Group:
    """A group the bot is in: whether it has topics, and what the bot may do there.

    ``topics`` are the names of those that are there, by thread; ``sent`` when it was written to.
    """

    forum: bool = True
    rights: dict[str, bool] = field(
        default_factory=lambda: {"can_manage_topics": True, "can_delete_messages": True}
    )
    topics: dict[int, str] = field(default_factory=dict)
    most: int = 20
    sent: list[float] = field(default_factory=list)

    def pace(self) -> None:
        """20 messages a minute to a group (Bot FAQ)."""
        now = time.monotonic()
        self.sent = [at for at in self.sent if at > now - 60]
        if len(self.sent) >= self.most:
            raise Refusal(429, "Too Many Requests: retry after 40", retry_after=40)
        self.sent.append(now)

    def thread_of(self, params: Params) -> int:
        """The topic a message is for, which must be there; 0: the general one."""
        thread = int(params.get("message_thread_id", 0))
        refuse_when(thread and thread not in self.topics, "message thread not found")
        return thread

    def create_topic(self, params: Params, ids: Iterator[int]) -> Params:
        """Bot API, createForumTopic: a name of 1 to 128 characters, can_manage_topics."""
        self._may("can_manage_topics", "create a topic")
        name = str(params.get("name", ""))
        refuse_when(not 1 <= len(name.strip()) <= 128, "TOPIC_NAME_INVALID")
        thread = next(ids)
        self.topics[thread] = name
        return {"message_thread_id": thread, "name": name, "icon_color": 7322096}

    def delete_topic(self, params: Params) -> int:
        """Bot API, deleteForumTopic: the topic with all its messages, can_delete_messages."""
        self._may("can_delete_messages", "delete a topic")
        thread = int(params.get("message_thread_id", 0))
        refuse_when(thread not in self.topics, "TOPIC_ID_INVALID")
        del self.topics[thread]
        return thread

    def described(self, chat: int) -> Params:
        """Bot API, ChatFullInfo; ``is_forum`` is left out where it is not so."""
        forum: dict[str, Any] = {"is_forum": True} if self.forum else {}
        return {"id": chat, "type": "supergroup", "title": "Sportello", **forum}

    def member(self, who: Params) -> Params:
        """Bot API, ChatMember: the bot."""
        status = "administrator" if any(self.rights.values()) else "member"
        return {"user": who, "status": status, **self.rights}

    def _may(self, right: str, what: str) -> None:
        refuse_when(not self.forum, "the chat is not a forum")
        refuse_when(not self.rights.get(right), f"not enough rights to {what}")
