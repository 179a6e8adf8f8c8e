"""An offer that answers somebody's wish, in one line."""

from flows.cards import line
from flows.desk import Listing
from flows.talk import Talk
from flows.why import missing, why


def reasons(listing: Listing, talk: Talk) -> str:
    """Where it is, why it fits what ``talk.answers`` ask, and what is missing."""
    return " · ".join(
        part for part in (line(listing, talk), *why(listing, talk), *missing(listing, talk)) if part
    )
