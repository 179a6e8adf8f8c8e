"""What the desk writes about appointments by itself. Every button is a start."""

from collections.abc import Sequence
from datetime import datetime

from flows.agenda.card import card, hour
from flows.agenda.port import Appointment
from flows.drawing import letter
from flows.messages import Document, Option, Outbound
from flows.places import Gazetteer
from flows.rides.left_over import still, to_cancel
from flows.rides.port import Ride
from flows.speech import Speech


def reminder(one: Appointment, speech: Speech, desk_speech: Speech, places: Gazetteer) -> Outbound:
    """It is near: come, move or cancel with one tap."""
    _ = speech.gettext
    options = [
        Option("confirm", _("✅ I am coming"), start=f"appointments-confirm_{one.id}"),
        Option("move", _("🔁 Another time"), start=f"appointment-move_{one.id}"),
        Option("cancel", _("❌ Cancel it"), start=f"appointments-cancel_{one.id}"),
    ]
    about = card(one, speech, desk_speech, places)
    return letter("\n\n".join([_("⏰ Your appointment is soon:"), about]), options, speech)


def moved(
    one: Appointment,
    speech: Speech,
    desk_speech: Speech,
    places: Gazetteer,
    rides: Sequence[Ride] = (),
) -> Outbound:
    """The desk has moved or made it: the new card, with its file; ``rides`` lead elsewhere now."""
    _ = speech.gettext
    options = [
        Option("confirm", _("✅ I am coming"), start=f"appointments-confirm_{one.id}"),
        Option("move", _("🔁 Another time"), start=f"appointment-move_{one.id}"),
        Option("cancel", _("❌ Cancel it"), start=f"appointments-cancel_{one.id}"),
        *to_cancel(rides, speech),
    ]
    about = card(one, speech, desk_speech, places)
    said = _("The desk has written down this appointment for you:")
    text = "\n\n".join([said, about, *still(rides, speech)])
    return letter(text, options, speech, file_of(one.id))


def cancelled(one: Appointment, speech: Speech, rides: Sequence[Ride] = ()) -> Outbound:
    """The desk cannot keep it; ``rides`` are those that were for it."""
    _ = speech.gettext
    text = speech.fill(
        _(
            "We are sorry: the desk cannot keep your appointment of {day}, {time}. "
            "Please choose another time."
        ),
        day=speech.date(one.starts.date()),
        time=hour(one.starts),
    )
    options = [*to_cancel(rides, speech), *_again(one, speech)]
    return letter("\n".join([text, *still(rides, speech)]), options, speech)


def missed(one: Appointment, speech: Speech) -> Outbound:
    """They did not come: no blame."""
    _ = speech.gettext
    text = _("We did not see you at your appointment. That can happen! Do you want another time?")
    return letter(text, _again(one, speech), speech)


def offered(
    one: Appointment, until: datetime, speech: Speech, desk_speech: Speech, places: Gazetteer
) -> Outbound:
    """An hour is free that they were waiting for; it is kept until ``until``, local."""
    _ = speech.gettext
    said = speech.fill(
        _("An hour is free for you. I keep it until {day}, {time}. Do you want it?"),
        day=speech.date(until.date()),
        time=hour(until),
    )
    options = [
        Option("yes", _("✅ Yes, I take it"), start=f"earlier-yes_{one.id}"),
        Option("no", _("❌ No, thank you"), start=f"earlier-no_{one.id}"),
    ]
    return letter("\n\n".join([said, card(one, speech, desk_speech, places)]), options, speech)


def file_of(id: int) -> Document:
    """The appointment as a file for calendars."""
    return Document("appointment", str(id))


def _again(one: Appointment, speech: Speech) -> list[Option]:
    _ = speech.gettext
    return [
        Option("again", _("🔁 Another time"), start=f"appointment-{one.topic}"),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]
