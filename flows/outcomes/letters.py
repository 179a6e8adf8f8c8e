"""Asking how it went: one question, one tap. Every button is a start."""

from collections.abc import Callable

from flows.drawing import letter
from flows.messages import Option, Outbound
from flows.outcomes.ladder import RUNGS
from flows.outcomes.port import Outcome
from flows.speech import Speech


def question(one: Outcome, stage: str, speech: Speech) -> Outbound:
    """``stage``: ``how`` it goes, or whether they are ``still_30`` or ``still_90`` there."""
    _ = speech.gettext
    options = [
        Option(o.key, o.label, start=f"outcome-{o.key}_{one.id}") for o in answers(one, stage, _)
    ]
    end = _("To get no more messages like this, write STOP.")
    return letter(f"{wording(one, stage, speech)}\n\n{end}", options, speech)


def wording(one: Outcome, stage: str, speech: Speech) -> str:
    """The question, with the name of the offer."""
    _ = speech.gettext
    if stage == "how":
        text = _("👋 You were interested in this: {title}, {organisation}. How is it going?")
    else:
        text = _("👋 You started here: {title}, {organisation}. Are you still there?")
    return speech.fill(text, title=one.title, organisation=one.organisation)


def answers(one: Outcome, stage: str, _: Callable[[str], str]) -> list[Option]:
    """The next rungs, or that it came to nothing, or that they want no such question."""
    quiet = Option("quiet", _("🔕 Do not ask me"))
    if stage != "how":
        return [
            Option(stage, _("✅ Yes, I am")),
            Option("left", _("👋 No, I stopped")),
            quiet,
        ]
    ahead = RUNGS[RUNGS.index(one.rung) + 1 : RUNGS.index("started") + 1]
    rungs = {
        "contacted": _("📞 I wrote or called"),
        "interview": _("🤝 I had an interview"),
        "started": _("🎉 I started"),
    }
    climb = [
        Option(key, label)
        for key, label in rungs.items()
        if key in ahead and (key != "interview" or one.topic == "job")
    ]
    not_yet, no = _("⏳ Not yet"), _("🍂 It did not work out")
    return [*climb, Option("not_yet", not_yet), Option("no", no), quiet]
