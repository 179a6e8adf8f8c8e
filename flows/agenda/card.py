"""An appointment in words: a card to keep, and a sentence to show at the desk."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from flows import labels
from flows.agenda.port import Appointment
from flows.agenda.rules import Place
from flows.places import Gazetteer
from flows.speech import Speech


def card(one: Appointment, speech: Speech, desk_speech: Speech, places: Gazetteer) -> str:
    """When, where, with whom, what to bring; and for the desk, the same in its own language."""
    _ = speech.gettext
    lines = list(_lines(one, speech, places))
    if desk_speech.code != speech.code and not one.place.phone_only:
        lines += ["", _("Show this at the desk:"), speech.isolate(spoken(one, desk_speech))]
    return "\n".join(lines)


def spoken(one: Appointment, speech: Speech) -> str:
    """What to say or show on arriving."""
    _ = speech.gettext
    return speech.fill(
        _("Hello, I have an appointment: {day}, {time}, {topic}, number {n}."),
        day=speech.date(one.starts.date()),
        time=hour(one.starts),
        topic=labels.appointments(_)[one.topic],
        n=one.id,
    )


def where(place: Place, places: Gazetteer, speech: Speech) -> str:
    """The name of a place in a list: its comune, or the telephone."""
    _ = speech.gettext
    comune = places.get(place.comune)
    return (
        _("📞 By phone")
        if place.phone_only
        else speech.isolate(comune.name if comune else place.name)
    )


def way_to(place: Place, places: Gazetteer) -> str:
    """A map with the way there, from wherever somebody is; the link tells nothing about them."""
    comune = places.get(place.comune)
    parts = [place.address, comune.name if comune else ""]
    where = quote(", ".join(part for part in parts if part))
    return f"https://www.openstreetmap.org/directions?to={where}"


def moment(starts: datetime, speech: Speech) -> str:
    """Day and hour, short enough for a button in every language."""
    return f"{speech.day_and_month(starts.date())}, {hour(starts)}"


def hour(starts: datetime) -> str:
    """As every clock in Italy shows it."""
    return f"{starts:%H:%M}"


def _lines(one: Appointment, speech: Speech, places: Gazetteer) -> Iterator[str]:
    _, fill = speech.gettext, speech.fill
    day = speech.date(one.starts.date())
    yield fill(_("📅 {day}, at {time}"), day=day, time=hour(one.starts))
    if one.place.phone_only:
        yield fill(_("📞 At that hour please call {phone}."), phone=one.place.phone)
    else:
        town = where(one.place, places, speech)
        parts = {"name": one.place.name, "address": one.place.address, "town": town}
        yield fill("📍 {name}, {address}, {town}", **parts)
        yield f"🗺 {way_to(one.place, places)}"  # marks of direction would become part of the link
        yield fill(_("📞 The desk: {phone}"), phone=one.place.phone)
    topic = labels.appointments(_)[one.topic]
    if one.mediator:
        text = _("💬 {topic}, with {name} and {mediator}, who speaks {language}")
        language = speech.language_name(one.language)
        yield fill(text, topic=topic, name=one.colleague, mediator=one.mediator, language=language)
    else:
        yield fill(_("💬 {topic}, with {name}"), topic=topic, name=one.colleague)
    minutes = speech.ngettext("⏱ {n} minute", "⏱ {n} minutes", one.minutes)
    yield fill(minutes, n=one.minutes)
    yield _("🎒 Bring the letters, forms or certificates you want to talk about.")
