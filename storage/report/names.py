"""What a report calls tables, columns and keys, in Italian or English.

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


def values(_: Gettext) -> dict[str, dict[str, str]]:
    """Keys in the rows, by the column they stand in; under an empty name those of any column."""
    return {
        "": _topics(_) | _unknown(_),
        "channel": {"telegram": "Telegram", "whatsapp": "WhatsApp", "simulator": _("trial page")},
        "age": _ages(_),
        "situation": _situations(_),
        "by": {"language": _("language"), "age": _("age"), "situation": _("situation")},
        "group": _ages(_) | _situations(_),
        "what": {
            "nothing_fits": _("no offer fits"),
            "refused": _("offer refused"),
            "gap": _("missing behind a job"),
            "ride": _("ride"),
            "waiting": _("waiting"),
        },
        "why": _reasons(_),
        "hours": hours(_),
        "sector": sectors(_),
        "step": _steps(_),
        "intent": _intents(_),
        "reason": {
            "asked": _("asked for a person"),
            "misread": _("was not understood"),
            "emergency": _("emergency"),
            "desk": _("the desk wrote first"),
        },
    }


def hours(_: Gettext) -> dict[str, str]:
    """Parts of the week."""
    return {
        "early": _("before 7"),
        "morning": _("in the morning"),
        "afternoon": _("in the afternoon"),
        "evening": _("after 18"),
        "night": _("at night"),
        "weekend": _("at the weekend"),
    }


def _unknown(_: Gettext) -> dict[str, str]:
    return {"all": _("all"), "unknown": _("not said"), "elsewhere": _("elsewhere")}


def _topics(_: Gettext) -> dict[str, str]:
    return {
        "job": _("work"),
        "training": _("courses"),
        "housing": _("home"),
        "transport": _("transport"),
        "childcare": _("children and care"),
        "community": _("events and trail"),
        "service": _("offices"),
        "first_talk": _("a first talk"),
        "cv": _("CV"),
        "job_search": _("looking for work"),
        "other": _("something else"),
    }


def _ages(_: Gettext) -> dict[str, str]:
    return {
        "14_17": _("14 to 17"),
        "18_24": _("18 to 24"),
        "25_34": _("25 to 34"),
        "35_54": _("35 to 54"),
        "55_up": _("55 or more"),
    }


def _situations(_: Gettext) -> dict[str, str]:
    return {
        "looking": _("looks for work"),
        "working": _("works"),
        "studying": _("studies"),
        "neither": _("none of these"),
    }


def sectors(_: Gettext) -> dict[str, str]:
    """Kinds of work."""
    return {
        "agriculture": _("fields and vineyards"),
        "cleaning": _("cleaning"),
        "care": _("care of people"),
        "hospitality": _("kitchen and hotel"),
        "construction": _("building sites"),
        "logistics": _("warehouse and driving"),
        "manufacturing": _("factory"),
        "mechanics": _("mechanics"),
        "retail": _("shop"),
        "crafts": _("crafts"),
        "green": _("gardens and paths"),
        "office": _("office"),
    }


def _reasons(_: Gettext) -> dict[str, str]:
    return {
        "distance": _("too far"),
        "hours": _("the hours"),
        "childcare": _("the children"),
        "documents": _("the documents"),
        "language": _("the language"),
        "pay": _("the money"),
        "other": _("something else"),
        "unsaid": _("no reason given"),
        "ride_there": _("no ride there"),
        "ride_back": _("no ride home"),
        "appointment": _("an earlier appointment"),
        "from": _("the service does not start there"),
        "to": _("the service does not go there"),
        "same": _("within one comune"),
        "people": _("too many people"),
        "child_seats": _("too few child seats"),
        "soon": _("asked too late"),
        "late": _("asked too far ahead"),
        "closed": _("closed on that day"),
        "full": _("the car is full"),
        "refused": _("the service said no"),
        "lapsed": _("nobody answered in time"),
    }


def _steps(_: Gettext) -> dict[str, str]:
    return {
        "keep_answers": _("may we keep your answers?"),
        "age": _("age"),
        "name": _("name"),
        "comune": _("comune"),
        "situation": _("situation"),
        "needs": _("needs"),
        "sectors": _("kinds of work"),
        "experience": _("experience"),
        "italian": _("Italian"),
        "languages": _("other languages"),
        "licence": _("driving licence"),
        "vehicle": _("how they get around"),
        "children": _("ages of children"),
        "times": _("when they can work"),
        "summary": _("all answers on one page"),
    }


def _intents(_: Gettext) -> dict[str, str]:
    return {
        "desk_info": _("the desk"),
        "book_appointment": _("booking an appointment"),
        "cancel_appointment": _("changing an appointment"),
        "my_appointment": _("their appointment"),
        "trail_event": _("events and trail"),
        "alerts": _("messages about new offers"),
        "human_help": _("a person of the desk"),
        "emergency": _("danger"),
        "stop": _("no more messages"),
        "greeting": _("greeting"),
        "language_change": _("another language"),
        "menu": _("menu"),
        "out_of_scope": _("something else"),
    }
