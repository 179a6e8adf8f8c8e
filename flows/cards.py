"""An offer in words: one line for a list, a card for the whole."""

from collections.abc import Iterator
from datetime import timedelta

from flows import labels
from flows.desk import Listing
from flows.hours import WEEK, Hours
from flows.matching import distance
from flows.talk import Talk

CHECKED_LATELY = timedelta(days=45)
"""An offer that nobody has checked for longer says so."""

_YEARS = {"year": 1, "years2": 2, "years": 3}
_YOUNGEST = 14  # nobody younger writes to us


def line(listing: Listing, talk: Talk) -> str:
    """Where, how far, and the fact that matters most."""
    facts = [_where(listing, talk), next(_money(listing, talk), "")]
    return " · ".join(fact for fact in facts if fact)


def card(listing: Listing, talk: Talk) -> str:
    """Everything a person needs to decide and to get in touch."""
    parts = [
        f"{listing.title}\n{listing.summary}",
        "\n".join(fact for fact in _facts(listing, talk) if fact),
        "\n".join(note for note in _contact(listing, talk) if note),
    ]
    return "\n\n".join(part for part in parts if part)


def _facts(listing: Listing, talk: Talk) -> Iterator[str]:
    _, fill, about = talk.gettext, talk.fill, listing.details
    yield fill("📍 {where}", where=_where(listing, talk))
    if hours := _hours(listing, talk):
        yield f"🕒 {hours}"
    for money in _money(listing, talk):
        yield f"💶 {money}"
    if kind := labels.contracts(_).get(about.get("contract", "")):
        yield fill(_("Contract: {kind}"), kind=kind)
    if about.get("starts_on"):
        yield fill(_("Starts: {day}"), day=talk.speech.date(about["starts_on"]))
    if about.get("ends_on"):
        yield fill(_("Ends: {day}"), day=talk.speech.date(about["ends_on"]))
    if about.get("on"):
        yield fill(_("When: {day}"), day=talk.speech.date(about["on"]))
    yield from _home(listing, talk)
    yield from _wanted(listing, talk)
    if area := about.get("area"):
        places = (place.name for code in area if (place := talk.desk.places.get(code)))
        names = talk.speech.list(map(talk.speech.isolate, places))
        yield fill(_("For: {places}"), places=names)
    if n := about.get("notice_hours"):
        yield fill(talk.ngettext("Book {n} hour before.", "Book {n} hours before.", n), n=n)
    if listing.places:
        n = listing.places
        yield fill(talk.ngettext("{n} place", "{n} places", n), n=talk.speech.number(n))
    if listing.who:
        yield fill(_("Who: {who}"), who=listing.who)


def _home(listing: Listing, talk: Talk) -> Iterator[str]:
    _, fill, about = talk.gettext, talk.fill, listing.details
    if rooms := about.get("rooms"):
        yield fill(talk.ngettext("{n} room", "{n} rooms", rooms), n=rooms)
    if n := about.get("people_max"):
        yield fill(talk.ngettext("For {n} person", "For {n} people at most", n), n=n)
    if about.get("furnished"):
        yield _("With furniture")
    if months := about.get("deposit_months"):
        text = talk.ngettext("Deposit: {n} month of rent", "Deposit: {n} months of rent", months)
        yield fill(text, n=months)
    if about.get("available_from"):
        yield fill(_("Free from: {day}"), day=talk.speech.date(about["available_from"]))
    if near := [name for key, name in labels.near(_).items() if key in about.get("near", ())]:
        yield fill(_("Near: {things}"), things=talk.speech.list(near))


def _wanted(listing: Listing, talk: Talk) -> Iterator[str]:
    _, fill, about = talk.gettext, talk.fill, listing.details
    if about.get("italian") == "A0":
        yield _("You need no Italian.")
    elif level := about.get("italian"):
        words = {
            "A1": _("You need a few words of Italian."),
            "A2": _("You need simple Italian."),
            "B1": _("You need good Italian."),
        }
        yield words.get(level, _("You need very good Italian."))
    if about.get("licence"):
        yield fill(_("You need driving licence {kind}."), kind=about["licence"])
    yield _experience(about.get("experience", ""), talk)
    if about.get("trained"):
        yield _("You learn the work there.")
    if about.get("neet"):
        yield _("For people who neither work nor study.")
    if about.get("ride"):
        yield _("They bring you to work.")
    if about.get("lodging"):
        yield _("You can sleep there.")
    if about.get("childcare"):
        yield _("Somebody looks after your children meanwhile.")
    yield _ages(listing, talk)


def _experience(needed: str, talk: Talk) -> str:
    _ = talk.gettext
    if needed == "none":
        return _("No experience needed.")
    if n := _YEARS.get(needed):
        time = talk.fill(talk.ngettext("{n} year", "{n} years", n), n=n)
    else:
        time = labels.experience(_).get(needed, "")
    return talk.fill(_("Experience: {time}"), time=time) if time else ""


def _ages(listing: Listing, talk: Talk) -> str:
    """In years; in months where children are small."""
    _, fill, about = talk.gettext, talk.fill, listing.details
    low, high = about.get("age_min_months"), about.get("age_max_months")
    if (high or low or 99) <= 36:
        if high:
            return fill(_("Ages: {low} to {high} months"), low=low or 0, high=high)
        return fill(_("Age: from {low} months"), low=low)
    low = about.get("age_min") if low is None else low // 12
    high = about.get("age_max") if high is None else high // 12
    if high:
        return fill(_("Ages: {low} to {high} years"), low=low or _YOUNGEST, high=high)
    return fill(_("Age: from {low} years"), low=low) if low else ""


def _contact(listing: Listing, talk: Talk) -> Iterator[str]:
    _, fill = talk.gettext, talk.fill
    if listing.bring:
        yield fill(_("🎒 Bring: {things}"), things=listing.bring)
    yield fill(_("☎️ {who}: {phone}"), who=listing.organisation, phone=listing.phone)
    if listing.address:
        yield fill(_("Address: {address}"), address=listing.address)
    if listing.email:
        yield fill("✉️ {email}", email=listing.email)
    yield _checked(listing, talk)
    yield _trusted(listing, talk)


def _checked(listing: Listing, talk: Talk) -> str:
    _, day = talk.gettext, talk.speech.date(listing.checked_on)
    if talk.today - listing.checked_on > CHECKED_LATELY:
        return talk.fill(_("⚠️ Last checked on {day}. Call before you go."), day=day)
    return talk.fill(_("✔️ Checked on {day}"), day=day)


def _trusted(listing: Listing, talk: Talk) -> str:
    """How far the words can be trusted, where they are not quite the offer's own."""
    _ = talk.gettext
    match listing.words:
        case "other":
            text = _("This offer is only in this language: {language}. The desk can explain it.")
            return talk.fill(text, language=talk.speech.language_name(listing.language))
        case "partly":
            return _("A part of this offer is only in Italian. The desk can explain it to you.")
        case "stale":
            return _("The offer has changed since this translation. Ask the desk to be sure.")
        case "unreviewed":
            return _("This translation has not been checked yet.")
    return ""


def _where(listing: Listing, talk: Talk) -> str:
    _ = talk.gettext
    place = talk.desk.places.get(listing.comune)
    name = place.name if place else listing.comune
    away = distance(listing, talk)
    if away is None or away < 1:
        return talk.speech.isolate(name)
    km = talk.speech.number(round(away))
    return talk.fill(_("{town}, {km} km from you"), town=name, km=km)


def _hours(listing: Listing, talk: Talk) -> str:
    spans = "; ".join(span(hours, talk) for hours in listing.details.get("hours", ()))
    week = listing.details.get("hours_week")
    if not week:
        return spans
    weekly = talk.fill(talk.ngettext("{n} hour a week", "{n} hours a week", week), n=week)
    return f"{spans}{talk.speech.comma}{weekly}" if spans else weekly


def span(hours: Hours, talk: Talk) -> str:
    """Days and times of the week, in words."""
    times = f"{hours.start}–{hours.end}" if hours.end else hours.start
    parts = (_days(hours.days, talk), talk.speech.isolate(times))
    return talk.speech.comma.join(part for part in parts if part)


def _days(days: tuple[str, ...], talk: Talk) -> str:
    names = talk.speech.weekdays
    at = [WEEK.index(day) for day in days]
    if len(at) > 2 and at == list(range(at[0], at[-1] + 1)):
        return f"{names[at[0]]}–{names[at[-1]]}"
    return talk.speech.comma.join(names[i] for i in at)


def _money(listing: Listing, talk: Talk) -> Iterator[str]:
    _, fill, about = talk.gettext, talk.fill, listing.details
    units, number = labels.units(_), talk.speech.number
    if low := about.get("pay_min") or about.get("pay_max"):
        high = about.get("pay_max") or low
        amount = number(low) if low == high else f"{number(low)}–{number(high)}"
        yield fill(units[about.get("pay_unit", "")], amount=amount)
    if about.get("rent") is not None:
        rent = fill(_("Rent: {amount} € a month"), amount=number(about["rent"]))
        yield rent if about["rent"] else _("Free")
        if about.get("expenses"):
            yield fill(_("and {amount} € for expenses"), amount=number(about["expenses"]))
    for price in (about.get("price"), about.get("cost")):
        if price is not None:
            unit = "ride" if about.get("kind") == "social_taxi" else about.get("price_unit", "")
            yield fill(units[unit], amount=number(price)) if price else _("Free")
    if about.get("allowance"):
        yield fill(_("You get {amount} € a month"), amount=number(about["allowance"]))
