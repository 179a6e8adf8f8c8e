"""What Telegram must know about the bot: its commands and texts, and where updates go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.drawing import utf16_length
from bot.telegram.channel import FORESEEN, TelegramChannel, explained
from bot.telegram.receive import ALLOWED_UPDATES
from bot.telegram.webhook import PATH

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")  # Bot API, BotCommand
_MOST_COMMANDS = 100
_LONGEST_COMMAND = 256
_LONGEST_DESCRIPTION = 512  # Bot API, setMyDescription
_LONGEST_SHORT = 120  # Bot API, setMyShortDescription
_MOST_CONNECTIONS = 40


@dataclass(frozen=True, slots=True)
class BotTexts:
    """What people see of the bot before they write, in one language.

    ``commands`` are names and what they do; ``description`` is shown in the empty chat,
    ``short_description`` on the profile. Raises ValueError past Telegram's limits.
    """

    commands: Mapping[str, str]
    description: str = ""
    short_description: str = ""

    def __post_init__(self) -> None:
        if len(self.commands) > _MOST_COMMANDS:
            raise ValueError(f"at most {_MOST_COMMANDS} commands")
        for name, says in self.commands.items():
            if not _COMMAND.fullmatch(name):
                raise ValueError(f"command {name!r}: 1 to 32 of a-z, 0-9 and _")
            _check(f"/{name}", says, _LONGEST_COMMAND)
            if not says:
                raise ValueError(f"/{name}: say what it does")
        _check("description", self.description, _LONGEST_DESCRIPTION)
        _check("short description", self.short_description, _LONGEST_SHORT)


def _check(what: str, text: str, limit: int) -> None:
    if utf16_length(text) > limit:
        raise ValueError(f"{what}: at most {limit} characters")


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """Where Telegram posts updates to: ``url`` is PUBLIC_URL, without a path."""

    url: str
    secret: str

    def __repr__(self) -> str:
        return f"WebhookAddress({self.url!r})"


async def configure(
    channel: TelegramChannel,
    texts: Mapping[str, BotTexts],
    default: str,
    webhook: WebhookAddress | None,
) -> str:
    """Tell Telegram the texts by language, and to post updates to ``webhook`` or keep them (None).

    The texts of ``default`` are also for every other language. Empty when done, else what went
    wrong; doing it again does no harm.
    """
    try:
        await _set_texts(channel, texts[default], "")
        for language, spoken in texts.items():
            if len(language) == 2:  # Bot API: a two-letter ISO 639-1 code
                await _set_texts(channel, spoken, language)
        await direct_updates(channel, webhook)
    except FORESEEN as error:
        return explained(error)
    return ""


async def direct_updates(channel: TelegramChannel, webhook: WebhookAddress | None) -> None:
    """Webhook or polling. Nothing that waits at Telegram is dropped. Raises TelegramError."""
    if webhook is None:
        await channel.bot.delete_webhook(drop_pending_updates=False)
        return
    await channel.bot.set_webhook(
        webhook.url.rstrip("/") + PATH,
        max_connections=_MOST_CONNECTIONS,
        allowed_updates=ALLOWED_UPDATES,
        secret_token=webhook.secret,
    )


async def _set_texts(channel: TelegramChannel, texts: BotTexts, language: str) -> None:
    code = language or None
    bot = channel.bot
    await bot.set_my_commands(list(texts.commands.items()), language_code=code)
    await bot.set_my_description(texts.description, language_code=code)
    await bot.set_my_short_description(texts.short_description, language_code=code)
