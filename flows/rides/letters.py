"""What the desk writes about rides by itself. Every button is a start."""

from datetime import datetime

from flows.agenda.card import hour
from flows.drawing import letter
from flows.messages import Option, Outbound
from flows.places import Gazetteer
from flows.rides.card import call, otherwise, ride_card
from flows.rides.port import Ride
from flows.rides.rules import Taxi
from flows.speech import Speech


def confirmed(ride: Ride, taxi: Taxi, speech: Speech, places: Gazetteer) -> Outbound:
    """The operators said yes."""
    return letter(ride_card(ride, taxi, speech, places), _coming(ride, speech), speech)


def reminder(ride: Ride, taxi: Taxi, speech: Speech, places: Gazetteer) -> Outbound:
    """It is near; who is still without an answer has no ride yet, and reads whom to call."""
    _ = speech.gettext
    about = ride_card(ride, taxi, speech, places)
    if ride.state == "confirmed":
        about = "\n\n".join([_("⏰ Your ride is soon:"), about])
    return letter(about, _coming(ride, speech), speech)


def proposed(
    ride: Ride, wanted: datetime, taxi: Taxi, speech: Speech, places: Gazetteer
) -> Outbound:
    """The operators can do another time; ``wanted`` (local) is what was asked."""
    _ = speech.gettext
    said = speech.fill(
        _("The social taxi cannot come on {day}, {time}. It can come at this time:"),
        day=speech.date(wanted.date()),
        time=hour(wanted),
    )
    options = [
        Option("yes", _("✅ Yes, I take it"), start=f"rides-yes_{ride.id}"),
        Option("no", _("❌ No, thank you"), start=f"rides-no_{ride.id}"),
    ]
    about = ride_card(ride, taxi, speech, places)
    return letter("\n\n".join([said, about]), options, speech)


def not_possible(ride: Ride, taxi: Taxi, speech: Speech) -> Outbound:
    """The operators said no, or time ran out."""
    _ = speech.gettext
    said = speech.fill(
        _("We are sorry: there is no ride on {day}, {time}. You can ask for another time."),
        day=speech.date(ride.request.leaves.date()),
        time=hour(ride.request.leaves),
    )
    options = [
        Option("again", _("🔁 Another time"), start=f"ride-again_{ride.id}"),
        *otherwise(speech),
    ]
    return letter("\n\n".join([said, call(taxi, speech)]), options, speech)


def _coming(ride: Ride, speech: Speech) -> list[Option]:
    _ = speech.gettext
    return [
        Option("back", _("🔁 The way back"), start=f"ride-back_{ride.id}"),
        Option("cancel", _("❌ Cancel it"), start=f"rides-cancel_{ride.id}"),
    ]
