"""The intake that every contender runs: what a person answers, in order."""

ANSWERS = (
    "ciao", "italiano", "sì", "4", "sì", "Amina", "Monale", "1", "1, 3", "1, 2", "2", "2",
    "francese", "1", "4", "1, 2", "1",
)  # fmt: skip

# The same by tapping: the key of a button in brackets. Ticking edits the message.
TAPS = (
    "ciao", "[it]", "[yes]", "[25_34]", "[yes]", "Amina", "Monale", "[looking]", "[job]", "[_done]",
    "[hospitality]", "[_done]", "[some]", "[A2]", "[fr]", "[_done]", "[none]", "[bus]", "[_done]",
    "[morning]", "[_done]", "[right]",
)  # fmt: skip


def update(number: int, chat: int, said: str) -> dict[str, object]:
    """A Telegram update (Bot API) of a private chat: a text, or ``tap:`` and a callback's data."""
    person = {"id": chat, "is_bot": False, "first_name": "Amina", "language_code": "it"}
    message = {
        "message_id": number,
        "date": 1_795_000_000,
        "chat": {"id": chat, "type": "private", "first_name": "Amina"},
    }
    if said.startswith("tap:"):
        tap = {"id": str(number), "from": person, "message": message, "chat_instance": "1"}
        return {"update_id": number, "callback_query": {**tap, "data": said.removeprefix("tap:")}}
    return {"update_id": number, "message": {**message, "from": person, "text": said}}
