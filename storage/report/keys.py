"""What a report calls the keys in the rows of tables, in Italian or English: key → words."""

from storage.report.names import Gettext


def values(_: Gettext) -> dict[str, dict[str, str]]:
    """Keys in the rows, by the column they stand in; under an empty name those of any column."""
    return {
        "": _topics(_) | _unknown(_) | _rungs(_),
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


def _rungs(_: Gettext) -> dict[str, str]:
    """How far people came with an offer (`flows.outcomes.ladder.RUNGS`), and how it ended."""
    return {
        "interested": _("interested"),
        "contacted": _("in contact"),
        "interview": _("had an interview"),
        "started": _("started"),
        "still_30": _("still there after 30 days"),
        "still_90": _("still there after 90 days"),
        "no": _("came to nothing"),
        "quiet": _("asked for no more questions"),
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
