"""Consent to be written to, wherever a flow needs it: the age first, then yes or no, recorded."""

from flows import labels
from flows.desk import RecordConsent
from flows.flow import Flow, When
from flows.minors import add_goodbye, ask_age
from flows.moves import Do, Move, choices, pick
from flows.talk import Talk


def alerts_notice(talk: Talk) -> str:
    """The words a person agrees to for alerts."""
    _ = talk.gettext
    return _(
        "🔔 May I write to you when there is something new that fits you? "
        "A few messages a week at most. To end them, write STOP."
    )


def agreed_to_alerts(talk: Talk) -> bool:
    """Whether they may be written to, counting what was said in this very flow."""
    said = talk.answers.pick("send_alerts")
    return said == "yes" if said else talk.contact.agreed("alerts")


def add_alerts_consent(flow: Flow, when: When) -> None:
    """Ask for it and record it, when ``when`` and they have not agreed before."""

    @flow.step(when=lambda talk: when(talk) and not talk.profile.pick("age"))
    def age(talk: Talk) -> Move:
        """Who keeps no answers with us is asked now."""
        return ask_age(talk)

    add_goodbye(flow)

    @flow.step(when=when)
    def send_alerts(talk: Talk) -> Move:
        """Alerts are sent only to who agreed to them."""
        return pick(alerts_notice(talk), choices(labels.yes_no(talk.gettext)))

    @flow.step(when=when)
    def record_alerts(talk: Talk) -> Move:
        """Their answer, with the words they saw."""
        given = talk.answers.pick("send_alerts") == "yes"
        return Do(RecordConsent("alerts", given, alerts_notice(talk), talk.speech.code))
