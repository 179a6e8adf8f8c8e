"""A conversation without a network: the terminal, transcripts and tests talk through this."""

import json
import secrets
from dataclasses import replace

from sqlalchemy import select
from sqlmodel import col

from bot.channel import File, Received
from bot.documents import file_of
from bot.drawing import numbered
from bot.runtime import Parts
from bot.worker import Delivery, Worker
from flows.messages import Button, Event, Inbound, Outbound, Position
from storage.claims import Claims
from storage.models import Event as EventRow
from storage.outbox import Closing, Outcome


class Dialogue:
    """One person in one chat, turn by turn, on a real database; ``files`` came with the last."""

    def __init__(self, parts: Parts, chat: str, hint: str = "", channel: str = "simulator") -> None:
        self._parts, self._chat, self._hint, self._channel = parts, chat, hint, channel
        self._worker = Worker(parts.engine, parts.flows, parts.settings.zone, parts.now)
        dialect = parts.engine.dialect
        self._claims, self._closing = Claims(dialect), Closing(dialect)
        self.shown: tuple[Button, ...] = ()
        self.files: list[File] = []

    def say(self, inbound: Inbound) -> tuple[list[Outbound], list[Event]]:
        """What comes back, and what was noted. Raises what the worker could not handle."""
        with self._parts.engine.connect() as connection:
            last = connection.execute(select(col(EventRow.id)).order_by(col(EventRow.id).desc()))
            before = last.scalar() or 0
        said = replace(inbound, hint=inbound.hint or self._hint)
        external = secrets.token_hex(12)
        received = Received(self._channel, external, self._chat, said, message="1")
        for result in self._worker.take([Delivery(received)]):
            if isinstance(result, Exception):
                raise result
        replies = self._send()
        for reply in replies:
            self.shown = reply.buttons + reply.controls
        return replies, self._events(before)

    def press(self, label: str) -> Inbound | None:
        """The tap on the shown button with this key or label, or None."""
        for button in self.shown:
            if label in (key_of(button), button.label):
                return Inbound(tap=button.tap)
        return None

    def _send(self) -> list[Outbound]:
        now, documents = self._parts.now(), []
        replies = []
        with self._parts.engine.begin() as connection:
            while due := self._claims.claim(connection, self._channel, (10, 10, 10), now):
                for row in due:
                    replies.append(Outbound.from_json(json.loads(row.body)))
                    documents += [row.id] if replies[-1].document else []
                    sent = Outcome(row.id, "sent", "t", attempt=row.attempts + 1)
                    self._closing.close(connection, [sent], now)
        found = (file_of(self._parts.engine, id, self._channel) for id in documents)
        self.files = [file for file in found if file]
        return replies

    def _events(self, before: int) -> list[Event]:
        e = EventRow
        query = select(col(e.kind), col(e.flow), col(e.step), col(e.key)).where(col(e.id) > before)
        with self._parts.engine.connect() as connection:
            return [Event(*row) for row in connection.execute(query.order_by(col(e.id)))]


def key_of(button: Button) -> str:
    """A button's key in a transcript: the option's, ``_back`` for a control, ``go:…`` a start."""
    tap = button.tap
    return tap if tap.startswith("go:") else tap.partition(":")[2]


def typed(line: str, dialogue: Dialogue) -> Inbound:
    """A line of a transcript or a terminal: text, ``[key]`` a tap, ``@lat,lon`` a location."""
    if line.startswith("[") and line.endswith("]"):
        return dialogue.press(line[1:-1]) or Inbound(tap=line[1:-1])
    if line.startswith("@") and line.count(",") == 1:
        lat, lon = line[1:].split(",")
        return Inbound(location=Position(float(lat), float(lon)))
    if line.startswith("/start "):
        return Inbound(start=line.removeprefix("/start "))
    if line.startswith("!"):
        return Inbound(media=line[1:].strip())
    return Inbound(text=line)


def shown(replies: list[Outbound], events: list[Event]) -> list[str]:
    """A turn in the transcript format: ``=`` events, ``<`` what the bot says, ``[key]`` options."""
    lines = [f"= {event}" for event in events]
    for reply in replies:
        text = f"{reply.text}\n{numbered(reply)}" if reply.buttons else reply.text
        lines += [f"< {line}".rstrip() for line in text.split("\n")]
        lines += [f"< 📄 {reply.document.kind}"] if reply.document else []
        keys = " ".join(f"[{key_of(button)}]" for button in reply.buttons + reply.controls)
        lines += [keys] if keys else []
    return lines
