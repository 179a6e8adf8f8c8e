"""A ride in words."""

from collections.abc import Iterator

from flows.agenda.card import hour
from flows.messages import Option
from flows.places import Gazetteer
from flows.rides.port import Ride
from flows.rides.rules import Request, Taxi
from flows.speech import Speech


def card(request: Request, taxi: Taxi, speech: Speech, places: Gazetteer) -> str:
    """When, from where to where, how many, what it costs."""
    return "\n".join(_lines(request, taxi, speech, places))


def ride_card(ride: Ride, taxi: Taxi, speech: Speech, places: Gazetteer) -> str:
    """The same, with how it stands, and whom to call."""
    _ = speech.gettext
    states = {
        "asked": _("⏳ It waits for the answer of the desk."),
        "proposed": _("⏳ This other time waits for your answer."),
        "confirmed": _("✅ The car comes."),
    }
    lines = [states[ride.state], card(ride.request, taxi, speech, places)]
    if ride.state == "confirmed":
        lines.append(speech.fill(_("🔢 Tell the driver this number: {n}"), n=ride.id))
    lines.append(call(taxi, speech))
    return "\n".join(lines)


def call(taxi: Taxi, speech: Speech) -> str:
    """Who answers for the service."""
    _ = speech.gettext
    return speech.fill(_("☎️ {who}: {phone}"), who=taxi.name, phone=taxi.phone)


def otherwise(speech: Speech) -> list[Option]:
    """What there is beside the social taxi."""
    _ = speech.gettext
    return [
        # Translators: 20 characters at most.
        Option("ways", _("🚌 Other ways"), start="browse-transport"),
        Option("person", _("🙋 Ask the desk"), start="person"),
    ]


def where(istat: str, point: str, taxi: Taxi, places: Gazetteer) -> str:
    """The comune, and where the car waits there."""
    place, points = places.get(istat), taxi.points.get(istat, ())
    named = [one.name for one in points if one.id == point or len(points) == 1]
    return ", ".join([place.name if place else istat, *named])


def _lines(request: Request, taxi: Taxi, speech: Speech, places: Gazetteer) -> Iterator[str]:
    _, fill, ngettext = speech.gettext, speech.fill, speech.ngettext
    day, leaves = speech.date(request.leaves.date()), hour(request.leaves)
    yield fill(_("📅 {day}, at {time}"), day=day, time=leaves)
    start = where(request.origin, request.origin_point, taxi, places)
    end = where(request.destination, request.destination_point, taxi, places)
    yield fill(_("🚕 From: {place}"), place=start)
    yield fill(_("📍 To: {place}"), place=end)
    n = request.people
    yield fill(ngettext("👤 {n} person", "👤 {n} people", n), n=n)
    if n := request.child_seats:
        yield fill(ngettext("🧸 {n} child seat", "🧸 {n} child seats", n), n=n)
    yield fill(_("💶 {amount} € for each person"), amount=speech.number(taxi.price))
