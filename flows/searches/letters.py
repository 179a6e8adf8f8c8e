"""New offers that answer somebody's searches, in one message. Every button is a start."""

from collections.abc import Sequence

from flows.desk import Listing
from flows.drawing import letter
from flows.messages import Option, Outbound
from flows.offer_lines import reasons
from flows.talk import Talk

MOST_OFFERS = 5
"""In one message: more is not read."""

Hit = tuple[Listing, Talk]
"""An offer, and the talk of the search it answers (`flows.searches.hits.searching`)."""


def news(found: Sequence[Hit], talk: Talk) -> Outbound:
    """At most `MOST_OFFERS`, each with why it fits; pause, change and stop are one tap away."""
    _, ngettext = talk.gettext, talk.ngettext
    text = talk.fill(
        ngettext("🔔 {n} new offer for you:", "🔔 {n} new offers for you:", len(found)),
        n=talk.speech.number(len(found)),
    )
    offers = [
        Option(one.id, talk.speech.isolate(one.title), reasons(one, seen), start=f"browse-{one.id}")
        for one, seen in found
    ]
    rest = [
        Option("pause", _("⏸️ Pause"), start="alerts-paused"),
        Option("change", _("✏️ Change"), start="searches"),
        Option("off", _("🔕 Turn off"), start="alerts-off"),
    ]
    end = _("To get no more messages like this, write STOP.")
    return letter(f"{text}\n{end}", [*offers, *rest], talk.speech)
