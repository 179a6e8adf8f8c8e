"""A broadcast before the operator's eyes: its words, its dry run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.commands import opening
from bot.commands.costs import say_costs
from bot.commands.output import print_table, printable, say, stop

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flows.messages import Outbound
    from storage.outreach.plan import Plan, Tally

REASONS = {
    "stopped": "they said STOP",
    "paused": "they paused messages from us",
    "no_consent": "they did not agree to messages about new offers",
    "unreachable": "they blocked us or cannot be reached",
    "language": "their language is not ready",
    "weekly_cap": "they got enough messages in the last seven days",
    "window_closed": "WhatsApp: they wrote more than 24 hours ago",
    "no_template": "WhatsApp: no approved template in their language",
    "cancelled": "you cancelled it",
    "expired": "its time was over",
}
"""Why somebody got nothing, in words."""


def existing(connection: "Connection", id: int) -> dict[str, Any]:
    """The broadcast, or the command stops."""
    from storage.outreach import broadcasts

    row = broadcasts.get(connection, id)
    if row is None:
        stop(f"There is no broadcast {id}; `broadcast list` shows them.")
    return row


def letters_of(
    connection: "Connection", row: Mapping[str, Any]
) -> "tuple[dict[str, Outbound], dict[str, str]]":
    """What it says by the reader's language, and the state of each language's own words.

    Once it was decided to send it, the words are those that were shown then.
    """
    from bot.catalogs import load_languages
    from flows.messages import Outbound
    from storage.outreach import wording

    languages = load_languages(opening.settings().default_language)
    states = {code: wording.words(connection, row, code).state for code in languages}
    if row["letters"]:
        frozen = {code: Outbound.from_json(body) for code, body in row["letters"].items()}
        return frozen, states
    return wording.letters(connection, row, languages), states


def plan_of(
    connection: "Connection", row: Mapping[str, Any], letters: "Mapping[str, Outbound]"
) -> "Plan":
    """What sending it works with too."""
    from storage.outreach.plan import make_plan

    rules = opening.settings().rules
    return make_plan(connection, row, letters, rules, rules.from_(opening.by().now))


def print_letter(letter: "Outbound", channel: str, title: str) -> None:
    """As it is drawn on that channel."""
    from bot.channel import Letter
    from bot.simulator.render import draw

    say(f"── {title} ──")
    for bubble in draw(Letter(0, channel, "", letter), channel):
        buttons = [f"[{label}]" for label, _ in bubble.options]
        say("\n".join([printable(bubble.text), *buttons, ""]))


def print_tally(tally: "Tally", plan: "Plan", states: Mapping[str, str]) -> None:
    """How many by language and channel, the reasons of the others, the sum, and each text."""
    say(
        f"For {tally.people} people: {tally.going.total()} get it, {tally.left_out.total()} do not."
    )
    going = [
        (language, channel, "template, then text" if by_template else "text", count)
        for (language, channel, by_template), count in sorted(tally.going.items())
    ]
    if going:
        print_table(("language", "channel", "as", "people"), going)
    if tally.left_out:
        print_table(("left out because", "language", "people"), _reasons(tally, states))
    say_costs(tally)
    for language in sorted({key[0] for key in tally.going if key[2]}):
        _print_opener(language)
    for language, channel in sorted({(key[0], key[1]) for key in tally.going}):
        print_letter(plan.letters[language], channel, f"{language}, {channel}")
    if plan.at > opening.by().now:
        local = plan.at.astimezone(opening.settings().zone)
        say(f"It is quiet now: nothing goes out before {local:%A %d %B, %H:%M}.")


def _print_opener(language: str) -> None:
    """The approved template that asks them to write, before they get the broadcast itself."""
    from bot import texts
    from bot.catalogs import load_languages
    from storage.templates import template_name
    from storage.verdicts import NEWS_WAITING

    spoken = template_name(NEWS_WAITING, language).rpartition("_")[2]
    speech = load_languages(opening.settings().default_language)[spoken]
    say(f"── {language}, whatsapp, first a template ──")
    say(f"{texts.news_waiting(speech)}\n[{texts.read_it(speech)}]\n")


def _reasons(tally: "Tally", states: Mapping[str, str]) -> list[tuple[str, str, int]]:
    rows = []
    for (reason, language), count in sorted(tally.left_out.items()):
        state = f": {states.get(language, 'none chosen')}" if reason == "language" else ""
        rows.append((f"{REASONS[reason]}{state}", language, count))
    return rows
