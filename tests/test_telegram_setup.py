"""What Telegram is told about the bot, and the limits of it."""

import asyncio
from collections.abc import Mapping

import pytest

from bot.telegram.channel import TelegramChannel
from bot.telegram.setup import BotTexts, WebhookAddress, configure
from tests.loopback.telegram import LoopbackTelegram

TOKEN = "123456789:AAloopbackloopbackloopbackloopback0"
TEXTS = {
    "it": BotTexts({"menu": "Che cosa posso fare"}, "Sono un bot", "Sportello"),
    "fr": BotTexts({"menu": "Ce que je sais faire"}, "Je suis un bot", "Guichet"),
    "fil": BotTexts({"menu": "Menu"}),
}


def configured(
    texts: Mapping[str, BotTexts], webhook: WebhookAddress | None, *, status: int = 0
) -> tuple[str, LoopbackTelegram]:
    """What `configure` says, and the server after it."""

    async def run() -> tuple[str, LoopbackTelegram]:
        server = LoopbackTelegram(TOKEN)
        await server.start()
        channel = TelegramChannel(TOKEN, server.url)
        if status:
            server.fail_next(status)
        says = await configure(channel, texts, "it", webhook)
        await channel.close()
        await server.stop()
        return says, server

    return asyncio.run(run())


def test_texts_and_webhook() -> None:
    says, server = configured(TEXTS, WebhookAddress("https://sportello.example.org/", "s3cret"))
    assert says == ""
    it = [{"command": "menu", "description": "Che cosa posso fare"}]
    fr = [{"command": "menu", "description": "Ce que je sais faire"}]
    assert server.bot.commands == {"": it, "it": it, "fr": fr}
    assert server.bot.texts["description", ""] == "Sono un bot"
    assert server.bot.texts["short_description", "fr"] == "Guichet"
    assert server.webhook_url == "https://sportello.example.org/telegram/webhook"
    assert server.secret == "s3cret"
    _, params = server.calls[-1]
    assert params["allowed_updates"] == ["message", "callback_query", "my_chat_member"]


def test_polling_takes_the_webhook_away() -> None:
    says, server = configured(TEXTS, None)
    assert says == ""
    assert [method for method, _ in server.calls][-1] == "deleteWebhook"
    assert server.webhook_url == ""


def test_a_refusal_is_one_line() -> None:
    assert "TELEGRAM_BOT_TOKEN" in configured(TEXTS, None, status=401)[0]


def test_the_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(WebhookAddress("https://x", "s3cret"))


@pytest.mark.parametrize(
    ("commands", "description", "short"),
    [
        ({"Menu": "x"}, "", ""),
        ({"": "x"}, "", ""),
        ({"a" * 33: "x"}, "", ""),
        ({"menu": ""}, "", ""),
        ({"menu": "x" * 257}, "", ""),
        ({f"c{number}": "x" for number in range(101)}, "", ""),
        ({}, "x" * 513, ""),
        ({}, "😀" * 257, ""),
        ({}, "", "x" * 121),
    ],
)
def test_limits(commands: dict[str, str], description: str, short: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        BotTexts(commands, description, short)
