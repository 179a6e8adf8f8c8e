"""The program with a sender that breaks; its error quotes what a person wrote."""

import asyncio
import sys

from bot.__main__ import main
from bot.sender import Sender


async def _break(self: Sender, stopping: asyncio.Event) -> None:
    raise ZeroDivisionError("Amina's words")


if __name__ == "__main__":
    Sender.run = _break  # type: ignore[method-assign]
    sys.exit(main())
