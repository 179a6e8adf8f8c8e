"""Rides to an appointment that was cancelled or moved: nobody waits at a stop for nothing."""

from collections.abc import Collection, Iterable, Sequence

from flows.agenda.card import hour
from flows.agenda.port import Appointment
from flows.messages import Option
from flows.rides.port import Ride
from flows.speech import Speech
from flows.talk import Talk


def left_over(
    rides: Iterable[Ride], appointments: Sequence[Appointment], comuni: Collection[str]
) -> list[Ride]:
    """Those to or from the desk (``comuni``) that serve none of a person's ``appointments``."""
    return [
        ride
        for ride in rides
        if ride.request.purpose == "appointment"
        and {ride.request.origin, ride.request.destination} & set(comuni)
        and not any(_serves(ride, one) for one in appointments)
    ]


def my_left_over(talk: Talk) -> list[Ride]:
    """The same for the person who writes, as things stand now."""
    rides, agenda = talk.desk.rides.mine(), talk.desk.agenda
    booked = [one for one in agenda.mine() if one.state == "booked"] if rides else []
    return left_over(rides, booked, {place.comune for place in agenda.places()})


def still(rides: Iterable[Ride], speech: Speech) -> list[str]:
    """A line for each."""
    _ = speech.gettext
    said = _("🚕 You still have a ride on {day}, {time}.")
    times = [ride.request.leaves for ride in rides]
    return [speech.fill(said, day=speech.date(at.date()), time=hour(at)) for at in times]


def to_cancel(rides: Sequence[Ride], speech: Speech) -> list[Option]:
    """One tap to the question whether to cancel it; where there are several, to all of them."""
    _ = speech.gettext
    if len(rides) > 1:
        return [Option("rides", _("🚕 My rides"), start="rides")]
    # Translators: 20 characters at most.
    label = _("❌ Cancel the ride")
    return [Option("cancel_ride", label, start=f"rides-cancel_{ride.id}") for ride in rides]


def _serves(ride: Ride, one: Appointment) -> bool:
    """There before it, or from there after it, on the same day."""
    request, comune = ride.request, one.place.comune
    if request.leaves.date() != one.starts.date():
        return False
    there = request.destination == comune and request.leaves < one.starts
    return there or (request.origin == comune and request.leaves >= one.starts)
