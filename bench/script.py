"""The intake that every contender runs: what a person answers, in order."""

ANSWERS = (
    "ciao", "italiano", "sì", "4", "sì", "Amina", "Monale", "1", "1, 3", "1, 2", "2", "2",
    "francese", "1", "4", "1, 2", "1",
)  # fmt: skip


def update(number: int, chat: int, text: str) -> dict[str, object]:
    """A Telegram update (Bot API): a private text message."""
    person = {"id": chat, "is_bot": False, "first_name": "Amina", "language_code": "it"}
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "date": 1_795_000_000,
            "chat": {"id": chat, "type": "private", "first_name": "Amina"},
            "from": person,
            "text": text,
        },
    }
