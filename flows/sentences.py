"""What the engine itself says: how to answer, what went wrong, the labels of its controls."""

from flows.conversation import Asked
from flows.reading import Misread
from flows.speech import Speech


def misread(reason: Misread, asked: Asked | None, speech: Speech) -> str:
    """One kind sentence on why the answer could not be read."""
    _ = speech.gettext
    low, high = (speech.number(asked.low), speech.number(asked.high)) if asked else ("", "")
    match reason:
        case Misread.NOT_AN_OPTION:
            return _("I am not sure which one you mean. Please choose one of these.")
        case Misread.NOT_A_NUMBER:
            return _("Please send one number.")
        case Misread.TOO_LOW:
            return speech.fill(_("Please send a number from {low} up."), low=low)
        case Misread.TOO_HIGH:
            return speech.fill(_("Please send a number up to {high}."), high=high)
        case Misread.TOO_LONG:
            return speech.fill(
                _("That is a bit long for me: {high} letters at most, please."), high=high
            )
        case Misread.NOT_A_PLACE:
            return _("I do not know this place. Please write the name of your town again.")
        case Misread.NOT_TEXT:
            return _("I can only read text for now. Please write it, or tap a button.")
        case Misread.NEEDED:
            return _("I need this answer to go on.")
        case Misread.EARLIER:
            return _("That button was for an earlier question. We are here now:")
        case Misread.UNKNOWN:
            return _("I am sorry, I did not understand that.")


def way_out(speech: Speech) -> str:
    """After the second misread in a row."""
    _ = speech.gettext
    return _("You can also write: menu, help, or person (to talk to somebody at the desk).")


def passed_on(speech: Speech) -> str:
    """Once, after the first words for the people of the desk."""
    _ = speech.gettext
    return _("✅ The people of the desk will read this. To go on with the robot, write: menu.")


def slow_down(speech: Speech) -> str:
    """Once, to somebody who writes faster than anybody reads."""
    _ = speech.gettext
    return _(
        "You are writing very fast. Please wait one minute, then write again. "
        "In danger? Call 112 now."
    )


def near_places(speech: Speech) -> str:
    """Before the comuni a typed name may mean."""
    _ = speech.gettext
    return _("Did you mean one of these?")


def progress(speech: Speech, n: int, total: int) -> str:
    """How far one is in a numbered flow."""
    _ = speech.gettext
    return speech.fill(_("{n} of {total}"), n=speech.number(n), total=speech.number(total))


def share_location(speech: Speech) -> str:
    """The label of the button that shares a location."""
    _ = speech.gettext
    return _("📍 Share my position")


def link_to_file(speech: Speech) -> str:
    """Before the address of a file, on channels that send an address in its place."""
    _ = speech.gettext
    return _("Open this link within one hour to get the file:")


def controls(speech: Speech) -> dict[str, str]:
    """The labels of the engine's own buttons."""
    _ = speech.gettext
    # Translators: buttons, 20 characters at most.
    return {
        "done": _("✅ Done"),
        "more": _("➡️ More"),
        "skip": _("Skip"),
        "back": _("⬅️ Back"),
        "menu": _("☰ Menu"),
    }


def howto(asked: Asked, words: list[str], speech: Speech) -> str:
    """How to answer where there are no buttons."""
    _ = speech.gettext
    lines = []
    match asked.kind:
        case "pick":
            lines.append(_("Reply with a number."))
        case "pick_many":
            lines.append(_("Reply with the numbers you want, for example: 1, 3"))
        case _:
            pass
    if words:
        listed = " · ".join(words)
        lines.append(speech.fill(_("Or write: {words}"), words=listed))
    return "\n".join(lines)


def our_error(speech: Speech, number: str) -> str:
    """After an error of ours; the desk finds it by its number."""
    _ = speech.gettext
    text = _(
        "Something went wrong on our side. Your answers are safe. "
        "If you ask the desk about it, say this number: {number}"
    )
    return speech.fill(text, number=number)
