"""Intake: what the desk needs to know to find offers that fit. Ask little."""

from flows import labels
from flows.desk import RecordConsent
from flows.flow import Flow
from flows.messages import Option
from flows.minors import add_goodbye, ask_age
from flows.moves import (
    Do,
    End,
    Forget,
    Move,
    Start,
    Tell,
    choices,
    pick,
    pick_many,
    place,
    text,
)
from flows.privacy import agreed, ask_consent, profile_notice
from flows.profile import rows, skipped
from flows.talk import Answers, Talk

_NOT_KEPT = ("keep_answers", "summary")


def begin(argument: str, profile: Answers) -> Answers:
    """Go on where it was left; ``forget``: the person takes the consent back.

    The argument may also be the age, when the welcome has just asked for it.
    """
    if argument == "forget":
        return Answers(keep_answers="no")
    answers = Answers({step: value for step, value in profile.items() if step not in _NOT_KEPT})
    return Answers(answers | {"age": argument}) if argument else answers


intake = Flow("intake", keeps=True, begin=begin)


def not_agreed(talk: Talk) -> bool:
    """The person has not said yes before this flow."""
    return not talk.contact.agreed("profile") or bool(talk.answers.pick("keep_answers"))


def refused(talk: Talk) -> bool:
    """Without consent nothing is asked."""
    return not agreed(talk)


def wants_work(talk: Talk) -> bool:
    """Work or a course: then the kind of work matters."""
    return bool({"job", "training"} & set(talk.answers.many("needs")))


def matters(step: str, talk: Talk) -> bool:
    """Whether the question is put to this person, as things are now."""
    found = intake.find(step)
    return found is not None and found.when(talk)


def needs_childcare(talk: Talk) -> bool:
    """Children are asked about only where it helps."""
    return "childcare" in talk.answers.many("needs")


@intake.step(when=not_agreed)
def keep_answers(talk: Talk) -> Move:
    """Consent comes first."""
    return ask_consent(talk, profile_notice(talk))


@intake.step(when=not_agreed)
def record_answers(talk: Talk) -> Move:
    """Yes or no, with the words they saw."""
    return Do(RecordConsent("profile", agreed(talk), profile_notice(talk), talk.speech.code))


@intake.step(when=refused)
def no_hard_feelings(talk: Talk) -> Move:
    """Whoever refuses can still browse and ask."""
    _ = talk.gettext
    return End(_("That is fine. You can look at everything and ask me, and I keep no answers."))


@intake.question()
def age(talk: Talk) -> Move:
    """First of all, because under 14 nothing may be kept."""
    return ask_age(talk)


add_goodbye(intake)


@intake.question()
def name(talk: Talk) -> Move:
    """Only what to call them."""
    _ = talk.gettext
    return text(_("What may I call you? A first name is enough."), 40, optional=True)


@intake.question()
def comune(talk: Talk) -> Move:
    """Where offers should be near to."""
    _ = talk.gettext
    question = _("Which town do you live in? Write its name, or share your position.")
    return place(question, [Option("elsewhere", _("Elsewhere"))], optional=True)


@intake.question()
def situation(talk: Talk) -> Move:
    """Work, study, neither."""
    _ = talk.gettext
    return pick(_("What do you do now?"), choices(labels.situations(_)), optional=True)


@intake.question()
def needs(talk: Talk) -> Move:
    """What to look for."""
    _ = talk.gettext
    question = _("What do you need? Choose one or more.")
    return pick_many(question, choices(labels.topics(_)), optional=True)


@intake.question(when=wants_work)
def sectors(talk: Talk) -> Move:
    """Kinds of work wanted."""
    _ = talk.gettext
    question = _("Which kinds of work would you like? Choose one or more.")
    return pick_many(question, choices(labels.sectors(_)), optional=True)


@intake.question(when=wants_work)
def experience(talk: Talk) -> Move:
    """With those kinds of work."""
    _ = talk.gettext
    question = _("How much experience do you have with this work?")
    return pick(question, choices(labels.experience(_)), optional=True)


@intake.question()
def italian(talk: Talk) -> Move:
    """In words, not levels."""
    _ = talk.gettext
    return pick(_("How well do you speak Italian?"), choices(labels.italian(_)), optional=True)


@intake.question()
def languages(talk: Talk) -> Move:
    """A plus for many jobs."""
    _ = talk.gettext
    question = _("Which other languages do you speak? Choose one or more.")
    return pick_many(question, choices(labels.spoken(talk.speech)), optional=True)


@intake.question()
def licence(talk: Talk) -> Move:
    """Valid in Italy."""
    _ = talk.gettext
    question = _("Do you have a driving licence that is valid in Italy?")
    return pick(question, choices(labels.licences(_)), optional=True)


@intake.question()
def vehicle(talk: Talk) -> Move:
    """How far they can go."""
    _ = talk.gettext
    question = _("How do you get around? Choose one or more.")
    return pick_many(question, choices(labels.vehicles(_)), optional=True)


@intake.question(when=needs_childcare)
def children(talk: Talk) -> Move:
    """Bands, not birthdays."""
    _ = talk.gettext
    question = _("How old are your children? Choose one or more.")
    return pick_many(question, choices(labels.children(_)), optional=True)


@intake.question(when=wants_work)
def times(talk: Talk) -> Move:
    """When they can work."""
    _ = talk.gettext
    question = _("When can you work? Choose one or more.")
    return pick_many(question, choices(labels.times(_)), optional=True)


@intake.step()
def summary(talk: Talk) -> Move:
    """Everything on one page, each line editable; what was skipped too."""
    _ = talk.gettext
    known = [
        *rows(talk),
        *((step, name, "—") for step, name in skipped(talk) if matters(step, talk)),
    ]
    lines = "\n".join(talk.fill("• {name}: {value}", name=n, value=v) for _step, n, v in known)
    question = _("Is this right? Choose what you want to change.")
    options = [Option("right", _("✅ All right"))]
    options += [Option(step, name) for step, name, _value in known]
    return pick(f"{lines}\n\n{question}", options, page_size=14)


@intake.step(when=lambda talk: talk.answers.pick("summary") not in ("", "right"))
def change(talk: Talk) -> Move:
    """Ask that one again, then show the summary again."""
    return Forget((talk.answers.pick("summary"), "summary"))


@intake.step()
def saved(talk: Talk) -> Move:
    """Thanks, by name where we know it."""
    _ = talk.gettext
    called, found = talk.answers.pick("name"), _first_with_offers(talk)
    thanks = talk.fill(_("Thank you, {name}!"), name=called) if called else _("Thank you!")
    return Tell("\n".join([thanks, _("Here is what fits you.")] if found else [thanks]))


@intake.step()
def to_offers(talk: Talk) -> Move:
    """Straight to what they need most."""
    wanted = talk.answers.many("needs")
    topic = _first_with_offers(talk) or (wanted[0] if wanted else "")
    return Start(f"browse-{topic}" if topic else "browse")


def _first_with_offers(talk: Talk) -> str:
    """The first thing they need that there is something for."""
    language, home = talk.speech.code, talk.answers.pick("comune")
    needs = talk.answers.many("needs")
    return next((topic for topic in needs if talk.desk.listings(topic, language, home)), "")
