"""Booking an appointment, or moving one: topic, language, place, day, hour."""

from collections.abc import Sequence
from datetime import date

from flows import labels
from flows.agenda.card import card, hour, moment, where
from flows.agenda.letters import file_of
from flows.agenda.port import Appointment, BookAppointment, WaitForSlot
from flows.agenda.rules import TOPICS, Place
from flows.agenda.slots import Slot, Wish
from flows.agenda.wanted import at_that_time, on_that_day
from flows.flow import Flow
from flows.messages import Option
from flows.moves import Do, End, Forget, Move, Tell, pick
from flows.numbers import is_number
from flows.rides.known import could_drive_to
from flows.rides.left_over import my_left_over, still, to_cancel
from flows.rides.port import Ride
from flows.talk import Answers, Talk

ANY = "any"
_MOST_DAYS, _NEAREST = 20, 6


def begin(argument: str, profile: Answers) -> Answers:
    """``appointment``, ``appointment-cv`` or ``appointment-move_12``."""
    action, _, number = argument.partition("_")
    if action == "move" and is_number(number):
        return Answers(moves=number)
    return Answers(topic=argument) if argument in TOPICS else Answers()


appointment = Flow("appointment", digression=True, begin=begin)


def _booked(talk: Talk) -> bool:
    return bool(talk.answers.pick("booked"))


def _mine(talk: Talk, step: str) -> Appointment | None:
    number = talk.answers.pick(step)
    return next((one for one in talk.desk.agenda.mine() if str(one.id) == number), None)


def _place(talk: Talk) -> str:
    """The place they want; empty for any."""
    picked = talk.answers.pick("place")
    return "" if picked == ANY else picked


def _wish(talk: Talk) -> Wish:
    if old := _mine(talk, "moves"):
        return Wish(old.topic, old.language, _place(talk))
    return Wish(talk.answers.pick("topic"), talk.answers.pick("speaks"), _place(talk))


def _slots(talk: Talk) -> Sequence[Slot]:
    """The free hours, without the one that is to be moved."""
    old = _mine(talk, "moves")
    free = talk.desk.agenda.free(_wish(talk))
    return [slot for slot in free if slot.starts != old.starts] if old else free


def _day(slot: Slot, talk: Talk) -> date:
    return slot.starts.astimezone(talk.desk.agenda.zone).date()


def _chosen_day(talk: Talk) -> date | None:
    """The day they picked, or the first free one like the day they named."""
    if picked := talk.answers.pick("day"):
        return date.fromisoformat(picked)
    on = talk.answers.pick("on")
    days = (_day(slot, talk) for slot in _slots(talk))
    return next((day for day in days if on_that_day(day, on, talk.today)), None) if on else None


def _places(talk: Talk) -> list[Place]:
    """Where there is a free hour, the nearest to their home first; the telephone last."""
    free = {slot.place for slot in _slots(talk)}
    near = talk.desk.places.around(talk.profile.pick("comune"))
    order = {istat: n for n, istat in enumerate(near)}
    found = [place for place in talk.desk.agenda.places() if place.id in free]
    return sorted(found, key=lambda p: (p.phone_only, order.get(p.comune, len(order)), p.id))


@appointment.step(
    when=lambda talk: (
        bool(talk.answers.pick("moves")) and not _booked(talk) and not _mine(talk, "moves")
    )
)
def gone(talk: Talk) -> Move:
    """It was cancelled meanwhile, or is over."""
    _ = talk.gettext
    return End(_("This appointment is not there any more."))


@appointment.step(when=lambda talk: not talk.answers.pick("moves"))
def topic(talk: Talk) -> Move:
    """What it is about says how long it takes."""
    _ = talk.gettext
    known = labels.appointments(_)
    return pick(_("What do you want to talk about?"), [Option(key, known[key]) for key in TOPICS])


@appointment.step(
    when=lambda talk: not talk.answers.pick("moves") and talk.speech.code != talk.desk_speech.code
)
def speaks(talk: Talk) -> Move:
    """Their own language first, when somebody there speaks it."""
    _ = talk.gettext
    spoken = sorted(talk.desk.agenda.languages())
    own, desk = talk.speech.code, talk.desk_speech.code
    first = [code for code in (own, desk) if code in spoken]
    codes = list(dict.fromkeys([*first, *spoken]))
    options = [Option(code, talk.speech.language_name(code)) for code in codes]
    text = _("In which language do you want to talk?")
    if own not in spoken:
        missing = _("Nobody at the desk speaks {language} now. You can bring somebody with you.")
        sorry = talk.fill(missing, language=talk.speech.name)
        text = "\n".join([sorry, text])
    return pick(text, options)


@appointment.step(when=lambda talk: not _booked(talk) and len(_places(talk)) > 1)
def place(talk: Talk) -> Move:
    """Near home first, or wherever an hour is free soonest."""
    _ = talk.gettext
    options = [
        Option(one.id, where(one, talk.desk.places, talk.speech), _first(one, talk))
        for one in _places(talk)
    ]
    first = Option(ANY, _("⏩ First free hour"))
    return pick(_("Where do you want to meet?"), [*options, first])


def _first(place: Place, talk: Talk) -> str:
    slot = next(slot for slot in _slots(talk) if slot.place == place.id)
    return talk.speech.date(_day(slot, talk))


@appointment.step(when=lambda talk: not _booked(talk) and not _slots(talk))
def nothing(talk: Talk) -> Move:
    """No hour is invented: wait, ask for less, or talk to somebody."""
    _ = talk.gettext
    options = []
    if talk.desk.agenda.ever(_wish(talk)):
        options.append(Option("wait", _("🔔 Tell me when free")))
    if _place(talk):
        options.append(Option("place", _("📍 Another place")))
    if talk.answers.pick("speaks"):
        options.append(Option("speaks", _("🗣 Another language")))
    options.append(Option("person", _("🙋 Ask the desk"), start="person"))
    return pick(_("There is no free hour like that in the next weeks."), options)


@appointment.step(when=lambda talk: talk.answers.pick("nothing") in ("place", "speaks"))
def ask_for_less(talk: Talk) -> Move:
    """Another place, or another language."""
    return Forget((talk.answers.pick("nothing"), "nothing"))


@appointment.step(when=lambda talk: talk.answers.pick("nothing") == "wait")
def waits(talk: Talk) -> Move:
    """On the list of who waits."""
    return Do(WaitForSlot(_wish(talk)))


@appointment.step(when=lambda talk: talk.answers.pick("nothing") == "wait")
def will_hear(talk: Talk) -> Move:
    """We write as soon as there is one."""
    _ = talk.gettext
    return End(_("All right. I write to you when an hour is free."))


@appointment.step(when=lambda talk: not _booked(talk) and not _chosen_day(talk))
def day(talk: Talk) -> Move:
    """Only days on which something is free."""
    _ = talk.gettext
    days = list(dict.fromkeys(_day(slot, talk) for slot in _slots(talk)))[:_MOST_DAYS]
    options = [Option(one.isoformat(), talk.speech.short_date(one)) for one in days]
    if talk.answers.pick("on"):
        return pick(_("Nothing is free on that day. These days have free hours:"), options)
    return pick(_("On which day?"), options)


@appointment.step(when=lambda talk: not _booked(talk))
def time(talk: Talk) -> Move:
    """Only hours that are free; when the day has filled up, the nearest."""
    _ = talk.gettext
    chosen, free = _chosen_day(talk), _slots(talk)
    that_day = [slot for slot in free if _day(slot, talk) == chosen]
    zone = talk.desk.agenda.zone
    fitting = [s for s in that_day if at_that_time(s.starts.astimezone(zone), talk.answers)]
    shown = fitting or that_day
    other = Option("other", _("📅 Another day"))
    if not shown and chosen:
        shown = sorted(free, key=lambda s: (abs(_day(s, talk) - chosen), s.starts))[:_NEAREST]
        return pick(_("These hours are the nearest:"), _hours(shown, talk, dated=True))
    text = talk.fill(_("At what time, on {day}?"), day=talk.speech.date(chosen or talk.today))
    return pick(text, [*_hours(shown, talk), other], page_size=9)


def _hours(slots: Sequence[Slot], talk: Talk, *, dated: bool = False) -> list[Option]:
    zone, places = talk.desk.agenda.zone, {p.id: p for p in talk.desk.agenda.places()}
    known = bool(_place(talk))
    found: dict[str, Option] = {}
    for slot in slots:
        starts = slot.starts.astimezone(zone)
        label = moment(starts, talk.speech) if dated else hour(starts)
        town = where(places[slot.place], talk.desk.places, talk.speech)
        found[slot.key] = Option(slot.key, label, "" if known else town)
    return list(found.values())


@appointment.step(when=lambda talk: talk.answers.pick("time") == "other")
def another_day(talk: Talk) -> Move:
    """Back to the days."""
    return Forget(("on", "day", "time"))


@appointment.step()
def booked(talk: Talk) -> Move:
    """In this turn's transaction: ours, or somebody was faster."""
    moves = int(talk.answers.pick("moves") or 0)
    return Do(BookAppointment(_wish(talk), talk.answers.pick("time"), moves))


@appointment.step(when=lambda talk: talk.answers.pick("booked") == "taken")
def lost(talk: Talk) -> Move:
    """The hours that are free now are shown again."""
    _ = talk.gettext
    return Forget(("time", "booked"), _("Somebody was faster: that hour is taken."))


@appointment.step(when=lambda talk: talk.answers.pick("booked") == "twice")
def busy(talk: Talk) -> Move:
    """One cannot be in two places."""
    _ = talk.gettext
    return Forget(("time", "booked"), _("You have another appointment at that hour."))


@appointment.step(when=lambda talk: not _mine(talk, "booked"))
def not_booked(talk: Talk) -> Move:
    """They have many already, or what was to be moved is gone."""
    _ = talk.gettext
    if talk.answers.pick("booked") == "enough":
        return End(_("You have three appointments already. Please cancel one first."))
    return End(_("This appointment is not there any more."))


@appointment.step()
def shown(talk: Talk) -> Move:
    """The card to keep and to show, and the file for a calendar."""
    _ = talk.gettext
    one = _mine(talk, "booked")
    assert one is not None, "checked by the step before"
    about = card(one, talk.speech, talk.desk_speech, talk.desk.places)
    rides = still(_left_over(talk), talk.speech)
    return Tell("\n\n".join([_("✅ It is booked."), about, *rides]), file_of(one.id))


def _left_over(talk: Talk) -> list[Ride]:
    """Rides to the hour from which it was moved."""
    return my_left_over(talk) if talk.answers.pick("moves") else []


@appointment.step(when=lambda talk: talk.waiting in ("", "menu") or bool(_left_over(talk)))
def then(talk: Talk) -> Move:
    """What can still be done about it; a form goes on, unless there is a ride to cancel."""
    _ = talk.gettext
    number = talk.answers.pick("booked")
    one = _mine(talk, "booked")
    way = one.place.offer if one and not one.place.phone_only else ""
    options = [Option("way", _("📍 How to get there"), start=f"browse-{way}")] if way else []
    if one and not one.place.phone_only and could_drive_to(talk, one.place.comune):
        options.append(Option("ride", _("🚕 Ask for a ride"), start=f"ride-appointment_{number}"))
    options += [
        *to_cancel(_left_over(talk), talk.speech),
        Option("earlier", _("⏩ Come earlier"), start=f"earlier-{number}"),
        Option("mine", _("📅 My appointments"), start="appointments"),
        Option("menu", _("☰ All I can do"), start="menu"),
    ]
    return pick(_("I write to you before, so that you do not forget."), options)
