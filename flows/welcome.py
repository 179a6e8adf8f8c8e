"""The first minutes: language, what we are and keep, consent for each purpose."""

from flows.alerts_consent import alerts_notice
from flows.desk import RecordConsent, SetAlerts
from flows.flow import Flow
from flows.messages import Option
from flows.minors import add_goodbye, ask_age
from flows.moves import Ask, Do, Move, Speak, Start, Tell, pick
from flows.privacy import ask_consent, profile_notice
from flows.speech import Languages, Speech
from flows.talk import Answers, Talk


def make_welcome(languages: Languages) -> Flow:
    """The flow every new conversation begins with; ``welcome-fr`` when the language is known."""

    def begin(argument: str, profile: Answers) -> Answers:
        return Answers(language=argument) if argument in languages else Answers()

    welcome = Flow("welcome", begin=begin)

    @welcome.step()
    def language(talk: Talk) -> Move:
        return ask_language(languages, talk)

    @welcome.step()
    def speak(talk: Talk) -> Move:
        return Speak(talk.answers.pick("language"))

    @welcome.step()
    def hello(talk: Talk) -> Move:
        _ = talk.gettext
        return Tell(
            _(
                "Hello! 👋 I am a robot: the assistant of the opportunities desk north of Asti. "
                "I help you find work, training, a home, a ride and childcare. It is free."
            )
        )

    @welcome.step()
    def keep_answers(talk: Talk) -> Move:
        return ask_consent(talk, profile_notice(talk))

    @welcome.step()
    def record_answers(talk: Talk) -> Move:
        given = talk.answers.pick("keep_answers") == "yes"
        return Do(RecordConsent("profile", given, profile_notice(talk), talk.speech.code))

    @welcome.step()
    def age(talk: Talk) -> Move:
        """Before we promise to write: it is kept only by who agreed to that."""
        return ask_age(talk)

    add_goodbye(welcome)

    @welcome.step()
    def send_alerts(talk: Talk) -> Move:
        return ask_consent(talk, alerts_notice(talk))

    @welcome.step()
    def record_alerts(talk: Talk) -> Move:
        given = talk.answers.pick("send_alerts") == "yes"
        return Do(RecordConsent("alerts", given, alerts_notice(talk), talk.speech.code))

    @welcome.step()
    def switch_alerts(talk: Talk) -> Move:
        return Do(SetAlerts("on" if talk.answers.pick("send_alerts") == "yes" else "off"))

    @welcome.step(when=lambda talk: talk.answers.pick("keep_answers") == "no")
    def no_hard_feelings(talk: Talk) -> Move:
        _ = talk.gettext
        return Tell(
            _("That is fine. You can look at everything and ask me, and I keep no answers.")
        )

    @welcome.step(when=lambda talk: talk.answers.pick("keep_answers") == "yes" and not talk.waiting)
    def go_on(talk: Talk) -> Move:
        return Start(f"intake-{talk.answers.pick('age')}")

    return welcome


def make_language(languages: Languages) -> Flow:
    """Another language, at any moment; the question that was pending comes again in it."""

    def begin(argument: str, profile: Answers) -> Answers:
        return Answers(language=argument) if argument in languages else Answers()

    flow = Flow("language", digression=True, begin=begin)

    @flow.step()
    def language(talk: Talk) -> Move:
        return ask_language(languages, talk)

    @flow.step()
    def speak(talk: Talk) -> Move:
        return Speak(talk.answers.pick("language"))

    return flow


def ask_language(languages: Languages, talk: Talk) -> Ask:
    """Names in their own script; the likely one first, never assumed.

    All at once, so that nobody looks for theirs behind a word they cannot read; but a list on
    WhatsApp has ten rows, and two of them are "more" and the menu.
    """
    likely = languages.best(talk.contact.hint, talk.speech.code)
    codes = [likely, *(code for code in languages if code != likely)]
    asking = dict.fromkeys(
        _please_choose(languages[code]) for code in (likely, "it", "en") if code in languages
    )
    names = (Option(code, languages[code].name) for code in codes)
    at_once = 8 if talk.contact.channel == "whatsapp" else len(codes)
    return pick("\n".join(asking), names, page_size=at_once)


def _please_choose(speech: Speech) -> str:
    _ = speech.gettext
    return _("🌍 Which language do you speak?")
