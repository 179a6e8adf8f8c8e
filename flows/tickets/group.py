"""What the operators' Telegram group reads, in the desk's language."""

from flows.speech import Speech
from flows.tickets.letters import canned


def opened(ticket: int, language: str, channel: str, speech: Speech) -> str:
    """The first message of a topic."""
    _ = speech.gettext
    return speech.fill(
        _(
            "🙋 Ticket {n}: a person on {channel}, who writes in {language}. What you write here "
            "goes to them. /note is for colleagues only, /canned shows ready answers, /close ends."
        ),
        n=ticket,
        channel=channel,
        language=speech.language_name(language) if language else "?",
    )


def alarm(ticket: int, danger: str, speech: Speech) -> str:
    """Before all else."""
    _ = speech.gettext
    return speech.fill(
        _("🆘 Ticket {n}: perhaps in danger ({danger}). They have seen the emergency numbers."),
        n=ticket,
        danger=danger or "?",
    )


def without_topics(ticket: int, speech: Speech) -> str:
    """Where the group has no topics: no word of the person, for everybody would read it."""
    _ = speech.gettext
    return speech.fill(
        _(
            "🙋 Ticket {n} is open. I cannot make a topic here (`doctor` says why). "
            "Answer with: python admin_cli.py inbox show {n}"
        ),
        n=ticket,
    )


def ended(ticket: int, speech: Speech) -> str:
    """The person has closed it."""
    _ = speech.gettext
    return speech.fill(_("👋 Ticket {n}: the person needs nobody any more."), n=ticket)


def closed_by(ticket: int, operator: str, speech: Speech) -> str:
    """An operator has closed it."""
    _ = speech.gettext
    return speech.fill(_("✅ Ticket {n} is closed ({operator})."), n=ticket, operator=operator)


def written_by(operator: str, text: str) -> str:
    """What a colleague answered from the command line."""
    return f"✍️ {operator}: {text}"


def not_arrived(ticket: int, text: str, why: str, speech: Speech) -> str:
    """Nothing an operator writes is lost."""
    _ = speech.gettext
    said = speech.fill(
        _(
            "⚠️ Ticket {n}: this did not reach the person ({why}). Call them if you can, or write "
            "it once more. `inbox show {n}` says more:"
        ),
        n=ticket,
        why=why,
    )
    return f"{said}\n\n{text}"


def held(speech: Speech, *, told: bool) -> str:
    """WhatsApp's window is closed."""
    _ = speech.gettext
    if told:
        return _("⏳ This waits until they write: WhatsApp wants it so. They hear that it waits.")
    return _(
        "⏳ This waits until they write: WhatsApp wants it so. I cannot tell them that it waits "
        "(`whatsapp provision`): call them."
    )


def refused(why: str) -> str:
    """It cannot be done; nothing was sent."""
    return f"⚠️ {why}"


def only_text(speech: Speech) -> str:
    """A picture or a voice message."""
    _ = speech.gettext
    return _("⚠️ Only text reaches the person. This was not sent.")


def commands(speech: Speech) -> str:
    """After a command we do not know."""
    _ = speech.gettext
    known = "/canned KEY · /note TEXT · /assign NAME · /close"
    return speech.fill(_("⚠️ Nothing was sent. What I know: {commands}"), commands=known)


def ready_answers(speech: Speech) -> str:
    """The canned answers with their keys."""
    return "\n".join(f"/canned {key}: {text}" for key, text in canned(speech.gettext).items())
