"""My appointments: look, confirm, move, cancel, come earlier."""

from flows.agenda.card import card, hour, moment
from flows.agenda.letters import file_of
from flows.agenda.port import (
    AnswerOffer,
    Appointment,
    CancelAppointment,
    ConfirmAppointment,
    WaitForSlot,
)
from flows.agenda.slots import Wish
from flows.flow import Flow
from flows.labels import yes_no
from flows.messages import Option
from flows.moves import Do, End, Forget, Move, Start, Tell, choices, pick
from flows.numbers import is_number
from flows.rides.known import could_drive_to
from flows.rides.left_over import my_left_over, still, to_cancel
from flows.talk import Answers, Talk

_DOING = ("confirm", "cancel", "move")


def begin(argument: str, profile: Answers) -> Answers:
    """``appointments``; with an argument ``12``, ``cancel_12`` or ``cancel``."""
    action, _, number = argument.rpartition("_") if "_" in argument else ("", "", argument)
    if argument in _DOING:
        return Answers(wish=argument)
    known = Answers(which=number) if is_number(number) else Answers()
    return Answers({**known, "wish": action}) if action in _DOING else known


appointments = Flow("appointments", digression=True, begin=begin)


def _mine(talk: Talk) -> list[Appointment]:
    return [one for one in talk.desk.agenda.mine() if one.state == "booked"]


def _one(talk: Talk) -> Appointment | None:
    """The one that was picked, or the only one."""
    mine, number = _mine(talk), talk.answers.pick("which")
    if not number and len(mine) == 1:
        return mine[0]
    return next((one for one in mine if str(one.id) == number), None)


def _over(talk: Talk) -> bool:
    return bool(talk.answers.pick("cancelled") or talk.answers.pick("sure"))


@appointments.step(when=lambda talk: not (_mine(talk) or talk.answers.pick("which") or _over(talk)))
def none(talk: Talk) -> Move:
    """There is none: they may book one."""
    _ = talk.gettext
    options = [
        Option("book", _("📅 An appointment"), start="appointment"),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]
    return pick(_("You have no appointment at the desk."), options)


@appointments.step(when=lambda talk: len(_mine(talk)) > 1 and not _over(talk))
def which(talk: Talk) -> Move:
    """Several."""
    _ = talk.gettext
    options = [Option(str(one.id), moment(one.starts, talk.speech)) for one in _mine(talk)]
    return pick(_("Which appointment?"), options)


@appointments.step(when=lambda talk: _one(talk) is None and not _over(talk))
def gone(talk: Talk) -> Move:
    """It was cancelled or moved meanwhile, or is over: what there is instead is shown."""
    _ = talk.gettext
    return Forget(("which", "wish"), _("This appointment is not there any more."))


@appointments.step(when=lambda talk: talk.answers.pick("wish") == "confirm")
def confirmed(talk: Talk) -> Move:
    """They come."""
    one = _one(talk)
    return Do(ConfirmAppointment(one.id if one else 0))


@appointments.step(when=lambda talk: talk.answers.pick("wish") == "confirm")
def thanks(talk: Talk) -> Move:
    """The desk knows."""
    _ = talk.gettext
    return End(_("Thank you! The desk knows that you are coming."))


@appointments.step(when=lambda talk: not talk.answers.pick("wish"))
def shown(talk: Talk) -> Move:
    """The card, and its file."""
    one = _one(talk)
    assert one is not None, "checked by an earlier step"
    return Tell(card(one, talk.speech, talk.desk_speech, talk.desk.places), file_of(one.id))


@appointments.step()
def wish(talk: Talk) -> Move:
    """What to do about it."""
    _ = talk.gettext
    one = _one(talk)
    options = [
        Option("confirm", _("✅ I am coming")),
        Option("move", _("🔁 Another time")),
        Option("cancel", _("❌ Cancel it")),
    ]
    if one and not one.waits:
        start = f"earlier-{one.id}"
        options.append(Option("earlier", _("⏩ Come earlier"), start=start))
    if one and not one.place.phone_only and could_drive_to(talk, one.place.comune):
        options.append(Option("ride", _("🚕 Ask for a ride"), start=f"ride-appointment_{one.id}"))
    return pick(_("Do you want to change something?"), options)


@appointments.step(when=lambda talk: talk.answers.pick("wish") == "move")
def move(talk: Talk) -> Move:
    """To the free hours."""
    one = _one(talk)
    knows = {name: value for name in ("on", "at") if (value := talk.answers.pick(name))}
    return Start(f"appointment-move_{one.id if one else 0}", knows)


@appointments.step(when=lambda talk: talk.answers.pick("wish") == "cancel")
def sure(talk: Talk) -> Move:
    """Asked once more: somebody else may get the hour at once."""
    _ = talk.gettext
    one = _one(talk)
    text = talk.fill(
        _("Cancel the appointment of {day}, {time}?"),
        day=talk.speech.date(one.starts.date()) if one else "",
        time=hour(one.starts) if one else "",
    )
    return pick(text, choices(yes_no(_)))


@appointments.step(when=lambda talk: talk.answers.pick("sure") == "no")
def kept(talk: Talk) -> Move:
    """Nothing was changed."""
    _ = talk.gettext
    return End(_("Your appointment stays as it is."))


@appointments.step(when=lambda talk: talk.answers.pick("sure") == "yes")
def cancelled(talk: Talk) -> Move:
    """The hour is free again."""
    one = _one(talk)
    return Do(CancelAppointment(one.id if one else 0))


@appointments.step()
def goodbye(talk: Talk) -> Move:
    """It is done; a ride to it is another matter."""
    _ = talk.gettext
    text, rides = _("The appointment is cancelled. Thank you for telling us."), my_left_over(talk)
    if not rides:
        return End(text)
    return pick("\n".join([text, *still(rides, talk.speech)]), to_cancel(rides, talk.speech))


def begin_earlier(argument: str, profile: Answers) -> Answers:
    """``earlier-12`` waits for an earlier hour, ``earlier-yes_34`` takes one that was offered."""
    said, _, number = argument.rpartition("_")
    return Answers(number=number, said=said) if is_number(number) else Answers(number="0")


earlier = Flow("earlier", digression=True, begin=begin_earlier)


def _numbered(talk: Talk) -> Appointment | None:
    number = talk.answers.pick("number")
    return next((one for one in talk.desk.agenda.mine() if str(one.id) == number), None)


@earlier.step(when=lambda talk: bool(talk.answers.pick("said")))
def answered(talk: Talk) -> Move:
    """Theirs, or on to the next who waits."""
    return Do(
        AnswerOffer(int(talk.answers.pick("number")), take=talk.answers.pick("said") == "yes")
    )


@earlier.step(when=lambda talk: talk.answers.pick("said") == "no")
def another(talk: Talk) -> Move:
    """No harm."""
    _ = talk.gettext
    return End(_("All right. I write to you again when another hour is free."))


@earlier.step(when=lambda talk: talk.answers.pick("answered") in ("gone", "taken"))
def too_late(talk: Talk) -> Move:
    """It was held for a while only."""
    _ = talk.gettext
    return End(_("That hour is not free any more. I write to you when there is another one."))


@earlier.step(when=lambda talk: talk.answers.pick("answered") == "enough")
def too_many(talk: Talk) -> Move:
    """It is still held for them: they may cancel another one and come back."""
    _ = talk.gettext
    return End(_("You have three appointments already. Please cancel one first."))


@earlier.step(when=lambda talk: talk.answers.pick("said") == "yes")
def new_card(talk: Talk) -> Move:
    """The card of the new hour."""
    _ = talk.gettext
    one = _numbered(talk)
    assert one is not None, "it has just been taken"
    about = card(one, talk.speech, talk.desk_speech, talk.desk.places)
    rides = still(my_left_over(talk), talk.speech)
    return Tell("\n\n".join([_("✅ It is booked."), about, *rides]), file_of(one.id))


@earlier.step(when=lambda talk: not talk.answers.pick("said") and not _numbered(talk))
def nothing_there(talk: Talk) -> Move:
    """It was cancelled meanwhile, or is over."""
    _ = talk.gettext
    return End(_("This appointment is not there any more."))


@earlier.step(when=lambda talk: not talk.answers.pick("said"))
def waits(talk: Talk) -> Move:
    """On the list of who waits."""
    one = _numbered(talk)
    assert one is not None, "checked by the step before"
    return Do(WaitForSlot(Wish(one.topic, one.language, one.place.id), one.id))


@earlier.step()
def will_hear(talk: Talk) -> Move:
    """Said only of the waiting list; after an offer was taken there is nothing to add."""
    _ = talk.gettext
    if talk.answers.pick("said"):
        return End()
    return End(_("All right. I write to you when an earlier hour is free. Your appointment stays."))
