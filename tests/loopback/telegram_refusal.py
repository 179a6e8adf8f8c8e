"""How the loopback Bot API says no."""

from typing import Any

Params = dict[str, Any]


class Refusal(Exception):
    """An answer that is not ok."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


def refuse_when(wrong: object, description: str) -> None:
    """Raises a 400 with Telegram's words."""
    if wrong:
        raise Refusal(400, f"Bad Request: {description}")
