"""The rule that a request breaks, in words."""

from flows.cards import span
from flows.rides.rules import Taxi
from flows.talk import Talk


def why_not(broken: str, taxi: Taxi, talk: Talk) -> str:
    """`flows.rides.possible.Verdict.broken` as a sentence or two."""
    _ = talk.gettext
    match broken:
        case "from" | "to":
            places = (p for istat in taxi.points if (p := talk.desk.places.get(istat)))
            names = talk.speech.list(talk.speech.isolate(place.name) for place in places)
            text = _("The social taxi drives only between these towns: {places}.")
            return talk.fill(text, places=names)
        case "same":
            return _("You start and arrive in the same town.")
        case "closed":
            return "\n".join([_("Nobody drives on that day."), _hours(taxi, talk)])
        case "hours":
            return _hours(taxi, talk)
        case "full":
            return _("All cars are taken at that hour.")
        case _:
            return _limit(broken, taxi, talk)


def _hours(taxi: Taxi, talk: Talk) -> str:
    _ = talk.gettext
    hours = "; ".join(span(one, talk) for one in taxi.hours)
    return talk.fill(_("The social taxi drives at these times: {hours}."), hours=hours)


def _limit(broken: str, taxi: Taxi, talk: Talk) -> str:
    ngettext, seats, small = talk.ngettext, taxi.seats, taxi.child_seats
    n = {
        "people": seats,
        "child_seats": small,
        "soon": round(taxi.notice.total_seconds() / 3600),
        "late": taxi.ahead,
    }[broken]
    says = {
        "people": ngettext(
            "The car has room for {n} person.", "The car has room for {n} people.", n
        ),
        "child_seats": ngettext("The car has {n} child seat.", "The car has {n} child seats.", n),
        "soon": ngettext("Please ask {n} hour before.", "Please ask at least {n} hours before.", n),
        "late": ngettext("You can ask {n} day before.", "You can ask at most {n} days before.", n),
    }
    return talk.fill(says[broken], n=n)
