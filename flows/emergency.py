"""Who helps at once in Italy, in the person's language. The numbers are docs/sources.md's."""

from flows.talk import Talk


def help_lines(talk: Talk, danger: str) -> str:
    """112 first, then the numbers for this ``danger``, then the others."""
    _ = talk.gettext
    lines = {
        "violence": _("📞 1522: violence and stalking against women. Free, day and night."),
        "trafficking": _(
            "📞 800 290 290: somebody forces you to work or to sell sex, or keeps your papers. "
            "Free, day and night."
        ),
        "child": _("📞 19696: children and young people in trouble. Free, day and night."),
        "suicide": _("📞 02 2327 2327: when you cannot go on and need somebody who listens."),
        "medical": _("📞 116 117: a doctor, when it is not urgent (where this number works)."),
    }
    first = [lines.pop(danger)] if danger in lines and danger != "medical" else []
    call = _(
        "🆘 In danger, or is somebody badly hurt? Call 112 now. "
        "It is free, and they can call an interpreter."
    )
    calm = _("You are not alone. It is not your fault.")
    return "\n".join([call, *first, *lines.values(), "", calm])
