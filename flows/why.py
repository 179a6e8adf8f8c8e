"""Why an offer fits a question, and what is missing, in a few words."""

from collections.abc import Iterator

from flows import labels
from flows.desk import Listing
from flows.places import distance_km
from flows.talk import Talk
from flows.understanding.fitting import asked_place, teaches

_NEAR_KM = 6.0
_LITTLE = ("A1", "A2")


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
    elif listing.topic == "job" and _enough_italian(listing, talk):
        yield talk.fill(_("Italian {level} is enough"), level=about["italian"])
    if listing.topic == "training" and about.get("childcare"):
        yield _("with childcare")


def missing(listing: Listing, talk: Talk) -> Iterator[str]:
    """What the person may not have yet."""
    _, about = talk.gettext, listing.details
    licence = about.get("licence")
    if licence and (talk.answers.get("no_car") or talk.profile.pick("licence") == "none"):
        needed = talk.fill(_("needs licence {licence}"), licence=licence)
        yield _with_course(needed, "driving_licence", talk)
    if _lacks_italian(listing, talk):
        needed = talk.fill(_("needs Italian {level}"), level=about["italian"])
        yield _with_course(needed, "italian_course", talk)


def _enough_italian(listing: Listing, talk: Talk) -> bool:
    """Whether it asks for no more than they know; for little, where we do not know."""
    levels = list(labels.italian(talk.gettext))
    needed, known = listing.details.get("italian"), talk.profile.pick("italian")
    if needed not in levels or known not in levels:
        return needed in _LITTLE
    return levels.index(needed) <= levels.index(known)


def _lacks_italian(listing: Listing, talk: Talk) -> bool:
    """Whether it asks for more Italian than they have said they know."""
    levels = list(labels.italian(talk.gettext))
    needed, known = listing.details.get("italian"), talk.profile.pick("italian")
    return needed in levels and known in levels and levels.index(needed) > levels.index(known)


def _with_course(needed: str, topic: str, talk: Talk) -> str:
    """What is missing, and the course near home that teaches it."""
    home = talk.profile.pick("comune")
    courses = talk.desk.listings("training", talk.speech.code, home)
    course = next((one for one in courses if teaches(one, {"topic": topic})), None)
    return f"{needed} → {talk.speech.isolate(course.title)}" if course else needed
