"""What a report calls tables and columns, in Italian or English (`keys`: what stands in the rows).

Each returns key → words. The words are a coordinator's, not those of the buttons people tap.
"""

from collections.abc import Callable

Gettext = Callable[[str], str]


def tables(_: Gettext) -> dict[str, str]:
    """Titles, in the order of the report: what matters most comes first."""
    return {
        "quality": _("How well each language is served"),
        "needs": _("Needs beside offers"),
        "needs_by_hour": _("Needs at certain hours beside offers"),
        "unmet": _("What could not be met"),
        "people_by_language": _("Who wrote, by language"),
        "people_by_channel": _("Who wrote, by channel"),
        "people_by_comune": _("Who wrote, by comune"),
        "people_by_age": _("Who wrote, by age"),
        "people_by_situation": _("Who wrote, by situation"),
        "needs_by_group": _("Needs by language, age and situation"),
        "work": _("Kinds of work wanted and offered"),
        "work_over_time": _("Kinds of work over time"),
        "intake": _("Where people stop in the first questions"),
        "questions": _("What people asked in their own words"),
        "offers": _("From looking at offers to interest"),
        "appointments": _("Appointments at the desk"),
        "rides": _("Rides with the social taxi"),
        "tickets": _("Requests to speak with a person"),
        "answer_times": _("How long people waited for an answer"),
        "broadcasts": _("Broadcasts"),
        "outcomes": _("What came of it"),
    }


def columns(_: Gettext) -> dict[str, str]:
    """Heads of columns."""
    return _of_people(_) | _of_offers(_) | _of_services(_)


def _of_people(_: Gettext) -> dict[str, str]:
    return {
        "language": _("language"),
        "channel": _("channel"),
        "comune": _("comune"),
        "age": _("age"),
        "situation": _("situation"),
        "new": _("new"),
        "returning": _("returning"),
        "people": _("people"),
        "need": _("need"),
        "by": _("by"),
        "group": _("group"),
        "what": _("what"),
        "topic": _("topic"),
        "why": _("why"),
        "hours": _("when"),
        "step": _("question"),
        "answered": _("answered"),
        "left": _("left"),
        "reached": _("were asked"),
        "intent": _("asked about"),
        "nothing_fits": _("nothing fits"),
        "unsure": _("not understood"),
        "handed_over": _("asked for a person"),
        "shown": _("were shown offers"),
        "asked": _("asked"),
        "first": _("came to offers"),
        "begun": _("began the questions"),
        "complete": _("finished the questions"),
        "steps": _("questions before offers"),
    }


def _of_offers(_: Gettext) -> dict[str, str]:
    return {
        "offers": _("offers"),
        "places": _("places"),
        "sector": _("kind of work"),
        "jobs": _("jobs"),
        "experienced": _("with a year or more"),
        "beginners": _("with less, or not said"),
        "period": _("period"),
        "published": _("jobs published"),
        "listed": _("opened the list"),
        "looked": _("opened an offer"),
        "interested": _("interested"),
        "contacted": _("in contact"),
        "interview": _("interview"),
        "started": _("started"),
        "still_30": _("there after 30 days"),
        "still_90": _("there after 90 days"),
    }


def _of_services(_: Gettext) -> dict[str, str]:
    return {
        "booked": _("booked"),
        "moved": _("moved"),
        "cancelled": _("cancelled"),
        "attended": _("attended"),
        "no_show": _("did not come"),
        "made": _("all"),
        "lead_days": _("days ahead"),
        "met": _("met"),
        "not_met": _("not met"),
        "unmet": _("could not be"),
        "reason": _("reason"),
        "closed": _("closed"),
        "open": _("open"),
        "tickets": _("all"),
        "replied": _("replied to"),
        "waiting": _("without an answer"),
        "within_day": _("within a day"),
        "reply_hours": _("hours to an answer"),
        "close_hours": _("hours to the end"),
        "broadcast": _("broadcast"),
        "read": _("read"),
        "delivered": _("delivered"),
        "sent": _("sent"),
        "other": _("other"),
        "tapped": _("went on from it"),
        "stopped": _("wrote STOP"),
    }
