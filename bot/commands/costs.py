"""What a broadcast costs on WhatsApp, from the prices in the settings; Telegram costs nothing."""

from typing import TYPE_CHECKING

from bot.commands import opening
from bot.commands.output import say

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.outreach.plan import Tally


def euros(tally: "Tally", settings: "Settings") -> float | None:
    """At the most: a template for each who is asked to write first, and the text for everybody.

    None when nobody is on WhatsApp, or a price that is needed is not set.
    """
    texts = sum(n for (_, channel, _), n in tally.going.items() if channel == "whatsapp")
    templates = sum(n for (_, _, by_template), n in tally.going.items() if by_template)
    if not texts or not settings.whatsapp_text_euros:
        return None
    if templates and not settings.whatsapp_template_euros:
        return None
    return texts * settings.whatsapp_text_euros + templates * settings.whatsapp_template_euros


def say_costs(tally: "Tally") -> None:
    """What this costs, and what it would cost and reach to ask those whose window is closed."""
    settings = opening.settings()
    if any(channel == "whatsapp" for _, channel, _ in tally.going):
        cost = euros(tally, settings)
        known = f"at most about {cost:.2f} €" if cost is not None else _UNKNOWN
        say(f"On WhatsApp this costs {known}.")
    if closed := sum(n for (why, _), n in tally.left_out.items() if why == "window_closed"):
        each = settings.whatsapp_template_euros + settings.whatsapp_text_euros
        priced = settings.whatsapp_template_euros and settings.whatsapp_text_euros
        more = f"at most about {closed * each:.2f} € more" if priced else _UNKNOWN
        say(f"With --templates an approved template would ask those {closed} to write: {more}.")


_UNKNOWN = "what WHATSAPP_TEXT_EUROS and WHATSAPP_TEMPLATE_EUROS would say (.env)"
