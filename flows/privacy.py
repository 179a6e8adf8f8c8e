"""Consent, and what a person may do with their own data."""

from flows import labels
from flows.alerts_consent import add_alerts_consent, alerts_notice
from flows.desk import EraseContact, RecordConsent, SetAlerts
from flows.flow import Flow
from flows.messages import Document, Option
from flows.moves import Ask, Do, End, Leave, Move, Start, Tell, choices, pick
from flows.profile import describe
from flows.talk import Answers, Talk
from flows.tickets.port import CloseTicket

NOTICE_VERSION = "2026-11"


def profile_notice(talk: Talk) -> str:
    """The words a person agrees to for the profile (GDPR art. 6 and 13, in short)."""
    _ = talk.gettext
    return _(
        "🔒 Your privacy. If you agree, I keep your answers to find offers that fit you. "
        "Only the people of the desk see them. I never ask for documents, health or religion. "
        'You can see, change or delete everything: write "my data". '
        "May I keep your answers?"
    )


def ask_consent(talk: Talk, notice: str) -> Ask:
    """Yes or no to one purpose."""
    return pick(notice, choices(labels.yes_no(talk.gettext)))


def agreed(talk: Talk) -> bool:
    """Whether the answers may be kept, counting what was said in this very flow."""
    said = talk.answers.pick("keep_answers")
    return said == "yes" if said else talk.contact.agreed("profile")


privacy = Flow("privacy")


@privacy.step()
def overview(talk: Talk) -> Move:
    """What is kept, and what can be done with it."""
    _ = talk.gettext
    kept = describe(talk)
    known = "\n".join(kept) if kept else _("Nothing: I keep no answers of yours.")
    text = "\n".join(
        (_("This is what I know about you:"), known, _alerts_now(talk), *_notice(talk))
    )
    options = [
        Option("change", _("✏️ Change answers"), start="intake"),
        Option("export", _("📄 Send me the file"), start="export"),
        Option("alerts", _("🔔 Messages from us"), start="alerts"),
        Option("language", _("🌍 Language"), start="language"),
        Option("revoke", _("🚫 Keep no answers"), start="intake-forget"),
        Option("teach", _("💡 My questions"), start="teach"),
        Option("erase", _("🗑️ Delete everything"), start="erase"),
    ]
    if talk.desk.outcomes(talk.speech.code):
        options.insert(2, Option("outcome", _("📌 My offers"), start="outcome"))
    if talk.desk.rides.mine():
        options.insert(2, Option("rides", _("🚕 My rides"), start="rides"))
    if not talk.contact.agreed("profile"):
        options = [option for option in options if option.key != "revoke"]
    return pick(text, options, page_size=9)


def _notice(talk: Talk) -> list[str]:
    """Where the whole notice is (GDPR art. 13)."""
    if not talk.desk.notice:
        return []
    _, link = talk.gettext, f"{talk.desk.notice}?lang={talk.speech.code}"
    return [talk.fill(_("🔒 How we treat your data: {link}"), link=link)]


export = Flow("export")


@export.step()
def the_file(talk: Talk) -> Move:
    """A copy of everything, to keep and to pass on (GDPR art. 20)."""
    _ = talk.gettext
    text = _(
        "Here is the file with everything I keep about you. "
        "Keep it, or give it only to people you trust."
    )
    return Tell(text, Document("my_data"))


def _alerts_now(talk: Talk) -> str:
    _ = talk.gettext
    return {
        "on": _("Messages about new offers are on."),
        "paused": _("Messages about new offers are paused."),
    }.get(talk.contact.alerts, _("Messages about new offers are off."))


def set_alerts(argument: str, profile: Answers) -> Answers:
    """``alerts-paused`` and its like set them in one tap."""
    return Answers(state=argument) if argument in _STATES else Answers()


_STATES = ("on", "paused", "off")
alerts = Flow("alerts", begin=set_alerts)

_CHANGES = {"on": ("paused", "off"), "paused": ("on", "off")}


@alerts.step()
def state(talk: Talk) -> Move:
    """How messages from us are set, and how to change that."""
    _ = talk.gettext
    options = {"on": _("🔔 Turn on"), "paused": _("⏸️ Pause"), "off": _("🔕 Turn off")}
    possible = _CHANGES.get(talk.contact.alerts, ("on",))
    look_for = Option("searches", _("🔎 What I look for"), start="searches")
    changes = choices({key: options[key] for key in possible})
    return pick(_alerts_now(talk), [*changes, look_for])


def _turning_on(talk: Talk) -> bool:
    return talk.answers.pick("state") == "on" and not talk.contact.agreed("alerts")


add_alerts_consent(alerts, _turning_on)


@alerts.step(when=lambda talk: talk.answers.pick("state") == "off")
def withdraw_alerts(talk: Talk) -> Move:
    """Turning them off takes the consent back, and leaves the reminders of an appointment alone;
    STOP silences everything until START.
    """
    return Do(RecordConsent("alerts", False, alerts_notice(talk), talk.speech.code))


@alerts.step(when=lambda talk: talk.answers.pick("send_alerts") != "no")
def switch_alerts(talk: Talk) -> Move:
    """Set them as asked."""
    return Do(SetAlerts(talk.answers.pick("state")))


@alerts.step()
def switched(talk: Talk) -> Move:
    """Say so."""
    _ = talk.gettext
    return End(_("Done. ✅"))


stop = Flow("stop")


@stop.step()
def silence(talk: Talk) -> Move:
    """STOP is honoured at once, whatever was pending."""
    return Do(SetAlerts("stopped"))


@stop.step(when=lambda talk: talk.desk.tickets.mine() is not None)
def leave_desk(talk: Talk) -> Move:
    """Who wants silence wants it of the desk, too."""
    return Do(CloseTicket())


@stop.step()
def confirmed(talk: Talk) -> Move:
    """And confirmed, with the way back."""
    _ = talk.gettext
    text = _(
        "Done. I will not write to you any more unless you write to me. "
        "To get messages again, write START. I am still here for your questions."
    )
    return pick(text, [Option("start", _("🔔 Messages again"), start="welcome_back")])


welcome_back = Flow("welcome_back")


@welcome_back.step(when=lambda talk: talk.contact.alerts == "stopped")
def unsilence(talk: Talk) -> Move:
    """START after STOP: reminders come again for everybody, alerts for who agreed to them."""
    return Do(SetAlerts("on" if talk.contact.agreed("alerts") else "off"))


@welcome_back.step(when=lambda talk: talk.answers.pick("unsilence") == "done")
def welcome_again(talk: Talk) -> Move:
    """Say so; who never agreed to alerts may now."""
    _ = talk.gettext
    if not talk.contact.agreed("alerts"):
        return Start("alerts")
    return Tell(_("Welcome back! You will get messages about new offers again."))


@welcome_back.step()
def to_menu(talk: Talk) -> Move:
    """For everybody else START is the menu."""
    return Start("menu")


erase = Flow("erase", digression=True)


@erase.step()
def sure(talk: Talk) -> Move:
    """Deleting cannot be undone."""
    _ = talk.gettext
    text = _("Shall I delete everything I know about you? This cannot be undone.")
    return pick(text, choices({"yes": _("🗑️ Yes, delete"), "no": _("❌ No")}))


@erase.step(when=lambda talk: talk.answers.pick("sure") == "yes")
def forget_all(talk: Talk) -> Move:
    """Gone from the database, not hidden."""
    return Do(EraseContact())


@erase.step(when=lambda talk: talk.answers.pick("sure") == "yes")
def goodbye(talk: Talk) -> Move:
    """The last message; it is deleted too once it is sent."""
    _ = talk.gettext
    done = _("Done: everything is deleted. If you write to me again, we start anew. 👋")
    stays = _(
        "Only numbers stay, such as how many people looked for a course. "
        "Nobody can see in them that it was you."
    )
    return Leave("\n".join((done, stays)))
