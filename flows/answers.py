"""A question in the person's own words, answered; what it interrupted then goes on."""

from flows import labels
from flows.agenda.asked import APPOINTMENTS, appointment_asked, asks_to_meet
from flows.desk import FlagEmergency, Listing
from flows.desk_card import desk_card
from flows.emergency import help_lines
from flows.flow import Flow
from flows.messages import Option
from flows.moves import Do, End, Move, Start, Tell, pick
from flows.offer_lines import reasons
from flows.outside import who_does_that
from flows.rides.known import start_said
from flows.searches.hits import facts_of
from flows.talk import Answers, Talk
from flows.understanding.fitting import TOPIC_OF, asked_place, fitting

_MOST, _PAGE, _IN_PASSING = 40, 5, 3
_STARTS = {"alerts": "alerts", "human_help": "person", "menu": "help"}
_OFTEN = ("job", "housing", "human_help")
_DESK = ("desk_info", *APPOINTMENTS)


def begin(argument: str, profile: Answers) -> Answers:
    """``answer-housing`` answers a question about homes; the engine adds what else was said."""
    return Answers(intent=argument)


answer = Flow("answer", digression=True, begin=begin)


def asked(talk: Talk) -> str:
    """What the person asks: what they chose when we were not sure, else what was understood."""
    return talk.answers.pick("did_you_mean") or talk.answers.pick("intent")


def wanted(talk: Talk) -> list[Listing]:
    """The offers that the question names, then those that fit it, best first."""
    topic, places = TOPIC_OF[asked(talk)], talk.desk.places
    ids = talk.answers.many("named")
    found = (talk.desk.listing(id, talk.speech.code) for id in ids)
    named = [offer for offer in found if offer and offer.topic == topic]
    near = asked_place(talk.answers, places)
    home = near.istat if near else talk.profile.pick("comune")
    sector = talk.answers.pick("sector")
    offered = talk.desk.listings(topic, talk.speech.code, home, sector)
    fit = (one for one in fitting(offered, talk.answers, places) if one.id not in ids)
    return [*named, *fit][:_MOST]


def _in_passing(talk: Talk) -> bool:
    """Whether a form waits for its answer: then we say what there is, and go on with it."""
    return talk.waiting not in ("", "menu", "browse", "take", "answer")


@answer.step(when=lambda talk: talk.answers.pick("alarm") == "possible")
def careful(talk: Talk) -> Move:
    """In doubt the emergency number stands above the answer."""
    _ = talk.gettext
    return Tell(_("🆘 If you are in danger or somebody is hurt, call 112 now. It is free."))


@answer.step(when=lambda talk: talk.answers.pick("sure") == "no")
def did_you_mean(talk: Talk) -> Move:
    """The likeliest three; nothing is done on a guess."""
    _ = talk.gettext
    known = labels.intents(_)
    keys = [talk.answers.pick("intent"), *talk.answers.many("also"), *_OFTEN]
    options = [Option(key, known[key]) for key in dict.fromkeys(keys) if key in known][:3]
    rest = [Option("menu", _("☰ All I can do"), start="menu")]
    if not talk.contact.agreed("questions"):
        rest.append(Option("teach", _("💡 Help me learn"), start="teach"))
    return pick(_("I am not sure that I understood. Did you mean …?"), [*options, *rest])


@answer.step(when=lambda talk: asked(talk) == "emergency")
def flagged(talk: Talk) -> Move:
    """A person of the desk should look, too."""
    return Do(FlagEmergency(talk.answers.pick("danger")))


@answer.step(when=lambda talk: asked(talk) == "emergency")
def numbers(talk: Talk) -> Move:
    """Who helps at once, and a person of the desk beside them."""
    _ = talk.gettext
    options = [
        Option("person", _("🙋 Ask the desk"), start="person"),
        Option("on", _("➡️ Go on")),
    ]
    return pick(help_lines(talk, talk.answers.pick("danger")), options)


@answer.step(when=lambda talk: asked(talk) == "emergency")
def after_numbers(talk: Talk) -> Move:
    """On with what was interrupted."""
    return End()


@answer.step(when=lambda talk: asked(talk) in TOPIC_OF and not wanted(talk))
def nothing_fits(talk: Talk) -> Move:
    """Nothing is invented: all of the topic, an alert, or the desk."""
    _ = talk.gettext
    text = _("I have nothing for exactly this right now. New offers come often.")
    if _in_passing(talk):
        return End(text)
    topic = TOPIC_OF[asked(talk)]
    options = [
        *_rides(talk),
        Option("all", labels.topics(_)[topic], start=f"browse-{topic}"),
        Option("tell_me", _("🔔 Write to me later")),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]
    return pick(text, options)


@answer.step(
    when=lambda talk: "tell_me" in (talk.answers.pick("nothing_fits"), talk.answers.pick("offers"))
)
def tell_me(talk: Talk) -> Move:
    """When something like this comes."""
    return Start(f"tell_me-{TOPIC_OF[asked(talk)]}", knows=facts_of(talk.answers))


@answer.step(when=lambda talk: asked(talk) in TOPIC_OF)
def offers(talk: Talk) -> Move:
    """What fits, with why; in the middle of a form a few lines, and the form goes on."""
    found = wanted(talk)
    text = talk.fill(
        talk.ngettext("I found {n} offer.", "I found {n} offers.", len(found)),
        n=talk.speech.number(len(found)),
    )
    if _in_passing(talk):
        return End("\n".join([text, *(_in_a_line(one, talk) for one in found[:_IN_PASSING])]))
    options = [
        Option(one.id, talk.speech.isolate(one.title), reasons(one, talk), start=f"browse-{one.id}")
        for one in found
    ]
    more = Option("tell_me", talk.gettext("🔔 More like this"))
    options.insert(_PAGE, more)  # on the first page
    return pick(text, [*_rides(talk), *options], page_size=_PAGE + 1)


def _rides(talk: Talk) -> list[Option]:
    """A ride may be asked for, with what was said; or looked up."""
    _ = talk.gettext
    if asked(talk) != "transport" or talk.desk.rides.taxi() is None:
        return []
    options = [Option("ride", _("🚕 Ask for a ride"), start=start_said(talk))]
    if talk.desk.rides.mine():
        options.append(Option("my_rides", _("🚕 My rides"), start="rides"))
    return options


@answer.step(when=lambda talk: asks_to_meet(talk, asked(talk)) and bool(talk.desk.agenda.places()))
def appointments(talk: Talk) -> Move:
    """Booked, moved or looked up here, with what was said already."""
    return appointment_asked(talk, asked(talk))


@answer.step(when=lambda talk: asked(talk) in _DESK)
def desk(talk: Talk) -> Move:
    """Where, when, what to bring: the desk's own card."""
    return End(desk_card(talk, asked(talk)))


@answer.step(when=lambda talk: asked(talk) == "out_of_scope")
def outside(talk: Talk) -> Move:
    """Who does that; no advice."""
    return End(who_does_that(talk, talk.answers.pick("oos")))


@answer.step(when=lambda talk: asked(talk) == "greeting")
def hello(talk: Talk) -> Move:
    """A kind word back."""
    _ = talk.gettext
    return End(_("Hello and thank you for writing! 🙂"))


@answer.step(when=lambda talk: asked(talk) == "stop")
def leave(talk: Talk) -> Move:
    """No more messages, or their data: all that is kept, with the button that deletes it.

    Words about "my data" may ask to see it as well.
    """
    return Start("privacy" if talk.answers.pick("action") == "delete_data" else "stop")


@answer.step(when=lambda talk: asked(talk) == "language_change")
def other_language(talk: Talk) -> Move:
    """The one that was named, or the list."""
    code = talk.answers.pick("language")
    return Start(f"language-{code}" if code else "language")


@answer.step()
def elsewhere(talk: Talk) -> Move:
    """What has a flow of its own."""
    return Start(_STARTS.get(asked(talk), "menu"))


def _in_a_line(listing: Listing, talk: Talk) -> str:
    return f"• {talk.speech.isolate(listing.title)}: {reasons(listing, talk)}"
