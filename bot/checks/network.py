"""Mistakes between us and the world: the clock, the public address, where updates go."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from bot.checks.finding import Finding
from bot.clock import Now
from bot.network import Connections
from bot.settings import Settings

_SECONDS = 10.0
_MOST_OFF_SECONDS = 30.0


class _UnansweredError(Exception):
    """Nobody answered."""


async def clock_beside(settings: Settings, now: Now) -> AsyncIterator[Finding]:
    """Our clock beside the provider's: reminders, quiet hours and permits go by it."""
    if settings.uses_telegram:
        root = settings.telegram_api_base_url
    elif settings.uses_whatsapp:
        root = settings.twilio_api_base_url
    else:
        return
    _, headers = await _ask("GET", root)
    theirs = _date(headers)
    if theirs is None:
        return
    off = (now() - theirs).total_seconds()
    if abs(off) > _MOST_OFF_SECONDS:
        says = f"this computer's clock is {off:+.0f} s off: turn on NTP (timedatectl set-ntp true)"
        yield Finding("clock", "problem", says)


async def public_address(settings: Settings) -> AsyncIterator[Finding]:
    """Whether PUBLIC_URL reaches us: unsigned, our webhooks answer 401 and 403, and nobody else."""
    expected = {}
    if settings.uses_telegram and settings.telegram_mode == "webhook":
        expected["/telegram/webhook"] = 401
    if settings.uses_whatsapp:
        expected["/whatsapp/webhook"] = 403
    for path, right in expected.items():
        status, _ = await _ask("POST", settings.public_url + path)
        if status != right:
            came = f"answers {status}, not {right}" if status else "does not answer"
            says = f"{path} at PUBLIC_URL {came}: is the assistant running, is the path passed on?"
            yield Finding("public address", "warning", says)


async def telegram_webhook(settings: Settings) -> AsyncIterator[Finding]:
    """Where Telegram sends updates: to us, or did another copy of the assistant take them?"""
    if not settings.uses_telegram:
        return
    from bot.channels import make_telegram
    from bot.telegram.channel import FORESEEN
    from bot.telegram.webhook import PATH

    telegram = make_telegram(settings)
    try:
        info = await telegram.bot.get_webhook_info()
    except FORESEEN:
        return  # the check of the channel says why
    finally:
        await telegram.close()
    ours = settings.public_url + PATH if settings.telegram_mode == "webhook" else ""
    if info.url != ours:
        says = _elsewhere(info.url, ours)
        yield Finding("webhook", "warning", says)
    elif info.last_error_message and info.pending_update_count:
        says = f"{info.pending_update_count} updates wait at Telegram: its calls fail"
        yield Finding("webhook", "warning", f"{says} ({info.last_error_message})")


def _elsewhere(set_to: str, ours: str) -> str:
    if not set_to:
        return "Telegram knows no webhook yet: start the assistant, it sets its own"
    if not ours:
        return (
            "Telegram sends updates to a webhook, and TELEGRAM_MODE is polling: does another copy "
            "use this token? At its start the assistant takes the webhook away"
        )
    return f"Telegram sends updates to {set_to}: does another copy use this token?"


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return None


async def _ask(method: str, url: str) -> tuple[int, Mapping[str, str]]:
    """Status and headers; 0 when nobody answers."""
    connections = Connections(_UnansweredError, _UnansweredError)
    try:
        status, headers, _ = await connections.call(method, url, _SECONDS)
    except _UnansweredError:
        return 0, {}
    finally:
        await connections.close()
    return status, headers
