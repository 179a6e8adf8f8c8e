"""My rides: look, answer what was proposed, cancel."""

from flows.agenda.card import hour, moment
from flows.flow import Flow
from flows.labels import yes_no
from flows.messages import Option
from flows.moves import Do, End, Move, choices, pick
from flows.numbers import is_number
from flows.rides.card import call, otherwise, ride_card
from flows.rides.port import AnswerProposal, CancelRide, Ride
from flows.talk import Answers, Talk

_DOING = ("cancel", "yes", "no")


def begin(argument: str, profile: Answers) -> Answers:
    """``rides``, or with an argument ``cancel_12``, ``yes_12`` and ``no_12``."""
    action, _, number = argument.rpartition("_")
    known = action in _DOING and is_number(number)
    return Answers(which=number, wish=action) if known else Answers()


rides = Flow("rides", digression=True, begin=begin)


def _one(talk: Talk) -> Ride | None:
    """The one that was picked, or the only one."""
    mine, number = talk.desk.rides.mine(), talk.answers.pick("which")
    if not number and len(mine) == 1:
        return mine[0]
    return next((one for one in mine if str(one.id) == number), None)


def _over(talk: Talk) -> bool:
    return bool(talk.answers.pick("answered") or talk.answers.pick("sure"))


def _wish(talk: Talk) -> str:
    return talk.answers.pick("wish")


@rides.step(
    when=lambda talk: talk.desk.rides.taxi() is None or not (talk.desk.rides.mine() or _over(talk))
)
def none(talk: Talk) -> Move:
    """There is none: they may ask for one."""
    _ = talk.gettext
    options = [
        Option("ride", _("🚕 Ask for a ride"), start="ride"),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]
    return pick(_("You have no ride."), options)


@rides.step(when=lambda talk: len(talk.desk.rides.mine()) > 1 and not _over(talk))
def which(talk: Talk) -> Move:
    """Several."""
    _ = talk.gettext
    options = [
        Option(str(one.id), moment(one.request.leaves, talk.speech), _to(one, talk))
        for one in talk.desk.rides.mine()
    ]
    return pick(_("Which ride?"), options)


def _to(one: Ride, talk: Talk) -> str:
    place = talk.desk.places.get(one.request.destination)
    return talk.speech.isolate(place.name) if place else ""


@rides.step(when=lambda talk: _one(talk) is None and not _over(talk))
def gone(talk: Talk) -> Move:
    """It was cancelled meanwhile, or is over."""
    _ = talk.gettext
    return End(_("This ride is not there any more."))


@rides.step(when=lambda talk: not _over(talk))
def wish(talk: Talk) -> Move:
    """How it stands, and what can be done about it."""
    _ = talk.gettext
    one, taxi = _one(talk), talk.desk.rides.taxi()
    assert one is not None and taxi is not None, "checked by earlier steps"
    options = [
        Option("back", _("🔁 The way back"), start=f"ride-back_{one.id}"),
        Option("cancel", _("❌ Cancel it")),
    ]
    if one.state == "proposed":
        options = [
            Option("yes", _("✅ Yes, I take it")),
            Option("no", _("❌ No, thank you")),
        ]
    return pick(ride_card(one, taxi, talk.speech, talk.desk.places), options)


@rides.step(when=lambda talk: _wish(talk) in ("yes", "no"))
def answered(talk: Talk) -> Move:
    """Theirs, or free for somebody else."""
    number = int(talk.answers.pick("which") or _only(talk))
    return Do(AnswerProposal(number, take=_wish(talk) == "yes"))


def _only(talk: Talk) -> int:
    one = _one(talk)
    return one.id if one else 0


@rides.step(when=lambda talk: talk.answers.pick("answered") == "gone")
def too_late(talk: Talk) -> Move:
    """It was kept for a while only, or was answered before."""
    _ = talk.gettext
    return End(_("This ride is not there any more."))


@rides.step(when=lambda talk: _wish(talk) == "no")
def refused(talk: Talk) -> Move:
    """The wish stays written down, without a name on the list."""
    _ = talk.gettext
    options = [
        Option("again", _("🔁 Another time"), start=f"ride-again_{talk.answers.pick('which')}"),
        *otherwise(talk.speech),
    ]
    return pick(_("All right: no ride."), options)


@rides.step(when=lambda talk: _wish(talk) == "yes")
def taken(talk: Talk) -> Move:
    """The card, which says that the car comes."""
    _ = talk.gettext
    number = int(talk.answers.pick("which") or 0)
    one, taxi = talk.desk.rides.one(number) or _one(talk), talk.desk.rides.taxi()
    assert one is not None and taxi is not None, "it has just been taken"
    options = [
        Option("back", _("🔁 The way back"), start=f"ride-back_{one.id}"),
        Option("menu", _("☰ All I can do"), start="menu"),
    ]
    return pick(ride_card(one, taxi, talk.speech, talk.desk.places), options)


@rides.step(when=lambda talk: _wish(talk) == "cancel")
def sure(talk: Talk) -> Move:
    """Asked once more: somebody else may get the car."""
    _ = talk.gettext
    one = _one(talk)
    assert one is not None, "checked by an earlier step"
    text = talk.fill(
        _("Cancel the ride of {day}, {time}?"),
        day=talk.speech.date(one.request.leaves.date()),
        time=hour(one.request.leaves),
    )
    return pick(text, choices(yes_no(_)))


@rides.step(when=lambda talk: talk.answers.pick("sure") == "no")
def kept(talk: Talk) -> Move:
    """Nothing was changed."""
    _ = talk.gettext
    return End(_("Your ride stays as it is."))


@rides.step()
def cancelled(talk: Talk) -> Move:
    """The seat is free again."""
    return Do(CancelRide(int(talk.answers.pick("which") or _only(talk))))


@rides.step(when=lambda talk: talk.answers.pick("cancelled") == "late")
def only_by_phone(talk: Talk) -> Move:
    """The car may be on its way: a call reaches the driver, a message does not."""
    _ = talk.gettext
    taxi = talk.desk.rides.taxi()
    assert taxi is not None, "there is a ride"
    text = _("It is too late to cancel here. Please call now:")
    return End("\n".join([text, call(taxi, talk.speech)]))


@rides.step()
def goodbye(talk: Talk) -> Move:
    """It is done."""
    _ = talk.gettext
    return End(_("The ride is cancelled. Thank you for telling us."))
