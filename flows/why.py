"""Why an offer fits a question, and what is missing, in a few words."""

from collections.abc import Iterator

from flows.desk import Listing
from flows.places import distance_km
from flows.talk import Talk
from flows.understanding.fitting import asked_place

_NEAR_KM = 6.0


def why(listing: Listing, talk: Talk) -> Iterator[str]:
    """What speaks for it, the strongest first; two at most are worth saying."""
    _, about = talk.gettext, listing.details
    places = talk.desk.places
    asked, there = asked_place(talk.answers, places), places.get(listing.comune)
    if asked and there and distance_km(asked.position, there.position) <= _NEAR_KM:
        yield _("near you")
    if listing.topic == "job" and about.get("ride"):
        yield _("they bring you to work")
    elif listing.topic == "job" and not about.get("licence") and talk.answers.get("no_car"):
        yield _("no licence needed")
    if listing.topic == "job" and about.get("italian") == "A0":
        yield _("no Italian needed")
    if listing.topic == "training" and about.get("childcare"):
        yield _("with childcare")


def missing(listing: Listing, talk: Talk) -> Iterator[str]:
    """What the person may not have yet."""
    _, about = talk.gettext, listing.details
    licence = about.get("licence")
    if licence and (talk.answers.get("no_car") or talk.profile.pick("licence") == "none"):
        yield talk.fill(_("needs licence {licence}"), licence=licence)
