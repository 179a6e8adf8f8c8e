"""A person of the desk: how to reach them, and a ticket that they answer here."""

from datetime import timedelta

from flows.agenda.card import hour
from flows.desk_card import desk_card
from flows.flow import Flow
from flows.messages import Option
from flows.minors import add_goodbye, ask_age
from flows.moves import Ask, Do, End, Move, Start, Tell, pick
from flows.talk import Answers, Talk
from flows.tickets.port import CloseTicket, OpenTicket

_MISREAD, _READ = "misread", "read"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_A_DAY_OF_HOURS = 24


def begin(argument: str, profile: Answers) -> Answers:
    """``person-misread``: the assistant itself calls for help.

    ``person-read``: they tapped that something waits for them, which need not be of a ticket.
    """
    return Answers(reason=argument) if argument in (_MISREAD, _READ) else Answers()


person = Flow("person", digression=True, begin=begin)


def heard(talk: Talk) -> bool:
    """People of the desk read along."""
    ticket = talk.desk.tickets.mine()
    return ticket is not None and ticket.listens


def not_heard(talk: Talk) -> bool:
    """Nobody reads along, nor did in this flow: what was closed is not opened by itself."""
    return not heard(talk) and not {"there", "opened"} & talk.answers.keys()


@person.step(when=lambda talk: talk.answers.pick("reason") == _READ and not heard(talk))
def read(talk: Talk) -> Move:
    """It comes by itself: nobody has asked for a person."""
    return Start("menu")


@person.step(when=lambda talk: talk.answers.pick("reason") == _MISREAD)
def puzzled(talk: Talk) -> Move:
    """Three times in a row is enough."""
    _ = talk.gettext
    return Tell(_("I am sorry, I did not understand that. A person of the desk can help you."))


@person.step(when=heard)
def there(talk: Talk) -> Move:
    """Their ticket is open already."""
    return Tell("")


@person.step(when=not_heard)
def reach(talk: Talk) -> Move:
    """The desk's own card, before anything is asked: never an invented number."""
    return Tell(desk_card(talk))


@person.step(when=lambda talk: not_heard(talk) and not talk.profile.pick("age"))
def age(talk: Talk) -> Move:
    """A ticket is kept and answered later: nothing of a child is kept, and minors come first."""
    return ask_age(talk)


add_goodbye(person)


@person.step(when=not_heard)
def opened(talk: Talk) -> Move:
    """The people of the desk see it from now on."""
    told = talk.profile.pick("age") or talk.answers.pick("age")
    reason = talk.answers.pick("reason") or "asked"
    return Do(OpenTicket(reason, minor=told == "14_17"))


@person.step(when=heard)
def with_desk(talk: Talk) -> Ask:
    """Who reads what is written now, when somebody is there, and the ways out."""
    _ = talk.gettext
    notice = _(
        "🙋 Write here what you need. People of the desk read it and answer here. It is deleted 7 "
        "days after the conversation has ended."
    )
    # Translators: buttons, 20 characters at most.
    options = [
        Option("robot", _("🤖 On with the robot")),
        Option("close", _("👋 I need nobody now")),
    ]
    if talk.desk.agenda.places():
        options.append(Option("book", _("📅 An appointment"), start="appointment"))
    return pick("\n".join(filter(None, (notice, _opening(talk), _wait(talk)))), options)


@person.step(when=lambda talk: talk.answers.pick("with_desk") == "close")
def closed(talk: Talk) -> Move:
    """Nobody waits for an answer in vain."""
    return Do(CloseTicket())


@person.step()
def on(talk: Talk) -> Move:
    """On with what was interrupted."""
    _ = talk.gettext
    return End(_("Done. ✅") if talk.answers.pick("with_desk") == "close" else "")


def _opening(talk: Talk) -> str:
    _ = talk.gettext
    found = talk.desk.agenda.opening()
    if found is None:
        return ""
    place = talk.speech.isolate(found.place.name)
    if found.now:
        return talk.fill(
            _("🕒 Somebody is there now, until {time}. ☎️ {phone}"),
            time=hour(found.ends),
            phone=found.place.phone or place,
        )
    return talk.fill(
        _("🕒 Nobody is there now. The desk opens again on {day} at {time}. ☎️ {phone}"),
        day=talk.speech.date(found.starts.date()),
        time=hour(found.starts),
        phone=found.place.phone or place,
    )


def _wait(talk: Talk) -> str:
    """How long it took lately; nothing where too few tell."""
    wait = talk.desk.tickets.usual_wait()
    if wait is None:
        return ""
    hours, days = -(-wait // _HOUR), -(-wait // _DAY)
    if hours < _A_DAY_OF_HOURS:
        text = talk.ngettext(
            "Lately most people had an answer within {n} hour.",
            "Lately most people had an answer within {n} hours.",
            hours,
        )
        return talk.fill(text, n=talk.speech.number(hours))
    text = talk.ngettext(
        "Lately most people had an answer within {n} day.",
        "Lately most people had an answer within {n} days.",
        days,
    )
    return talk.fill(text, n=talk.speech.number(days))
