"""What all channels share when they draw a message: the numbered list, and splitting."""

import re

from flows.drawing import anchored
from flows.messages import Outbound

_SENTENCE_END = re.compile(r"(?<=[.!?…؟۔।])\s+")


def numbered(outbound: Outbound) -> str:
    """The options as people type them: ``1. label`` and the hint below."""
    lines = []
    for place, button in enumerate(outbound.buttons, start=1):
        tick = "✅ " if button.chosen else ""
        lines.append(f"{place}. {tick}{button.label}")
        if button.hint:
            lines.append(f"   {button.hint}")
    return anchored("\n".join(lines), outbound.direction)


def plain(outbound: Outbound) -> str:
    """The whole message as text, answerable by number, label or word."""
    parts = [outbound.text, numbered(outbound), outbound.howto]
    return "\n\n".join(part for part in parts if part)


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def split(text: str, limit: int) -> list[str]:
    """``text`` in pieces of at most ``limit`` UTF-16 units, cut between lines, sentences or words.

    Raises ValueError when ``limit`` is under 2 (one character may take two units).
    """
    if limit < 2:
        raise ValueError("limit must be at least 2")
    pieces = []
    rest = text
    while utf16_length(rest) > limit:
        cut = _cut(rest, limit)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in [*pieces, rest] if piece]


def _cut(text: str, limit: int) -> int:
    room = len(text.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore"))
    head = text[:room]
    for end in (head.rfind("\n\n"), _last_sentence(head), head.rfind("\n"), head.rfind(" ")):
        if end > room // 3:
            return end
    return room


def _last_sentence(text: str) -> int:
    ends = [match.start() for match in _SENTENCE_END.finditer(text)]
    return ends[-1] if ends else -1
