""" "Tell me when something like this comes": from the menu, a list of offers or a question."""

from flows import labels
from flows.alerts_consent import add_alerts_consent, agreed_to_alerts
from flows.desk import TOPICS, SetAlerts
from flows.flow import Flow
from flows.messages import Option
from flows.moves import Do, End, Move, choices, pick
from flows.searches.hits import facts_of
from flows.searches.port import HOW_OFTEN, PROFILE, SaveSearch, Search
from flows.talk import Answers, Talk


def begin(argument: str, profile: Answers) -> Answers:
    """``tell_me-housing``; the flow that starts it adds what a question said."""
    return Answers(about=argument) if argument in (*TOPICS, PROFILE) else Answers()


tell_me = Flow("tell_me", digression=True, begin=begin)


@tell_me.step()
def about(talk: Talk) -> Move:
    """A topic, or whatever fits their answers."""
    _ = talk.gettext
    own = [Option(PROFILE, _("🔎 What fits me"))] if talk.profile.many("needs") else []
    return pick(_("What shall I look for?"), [*own, *choices(labels.topics(_))])


add_alerts_consent(tell_me, lambda talk: not talk.contact.agreed("alerts"))


@tell_me.step(when=lambda talk: not agreed_to_alerts(talk))
def as_you_like(talk: Talk) -> Move:
    """Without their yes nothing is sent."""
    _ = talk.gettext
    return End(_("All right: I write to you only when you write to me."))


@tell_me.step()
def how_often(talk: Talk) -> Move:
    """At once, or the best ones together."""
    _ = talk.gettext
    known = labels.how_often(_)
    return pick(_("When shall I write to you?"), [Option(key, known[key]) for key in HOW_OFTEN])


@tell_me.step()
def saved(talk: Talk) -> Move:
    """From now on."""
    said = talk.answers
    return Do(SaveSearch(Search(said.pick("about"), facts_of(said), said.pick("how_often"))))


@tell_me.step(when=lambda talk: talk.answers.pick("saved") == "enough")
def too_many(talk: Talk) -> Move:
    """They choose which one goes."""
    _ = talk.gettext
    options = [
        Option("searches", _("🔎 What I look for"), start="searches"),
        Option("menu", _("☰ All I can do"), start="menu"),
    ]
    return pick(_("I look for five things for you already. Please take one away first."), options)


@tell_me.step(when=lambda talk: talk.contact.alerts != "on")
def switch_alerts(talk: Talk) -> Move:
    """Asking for it ends an earlier pause or STOP."""
    return Do(SetAlerts("on"))


@tell_me.step()
def will_hear(talk: Talk) -> Move:
    """What happens next, and how it ends."""
    _ = talk.gettext
    return End(_("Done. ✅ I write to you when there is something. To end it, write STOP."))
