"""Labels of the keys that answers and offers are made of, in the person's language.

Each returns key → label in the order they are shown. Labels of short lists (three or fewer) stay
within 20 characters and all others within 24: WhatsApp's limits.
"""

from collections.abc import Callable

from flows.speech import Speech

Gettext = Callable[[str], str]


def yes_no(_: Gettext) -> dict[str, str]:
    """Two answers."""
    return {"yes": _("✅ Yes"), "no": _("❌ No")}


def intents(_: Gettext) -> dict[str, str]:
    """What one may mean, when we are not sure."""
    return {
        **{key: label for key, label in topics(_).items() if key not in ("community", "service")},
        "trail_event": _("🥾 Events and trail"),
        "desk_info": _("🕒 The desk: when, where"),
        "book_appointment": _("📅 An appointment"),
        "cancel_appointment": _("📅 Change appointment"),
        "my_appointment": _("📅 My appointment"),
        "alerts": _("🔔 Write to me later"),
        "human_help": _("🙋 Ask the desk"),
        "emergency": _("🆘 I am in danger"),
        "stop": _("✋ No more messages"),
        "language_change": _("🌍 Another language"),
        "out_of_scope": _("❓ Something else"),
    }


def appointments(_: Gettext) -> dict[str, str]:
    """What one may talk about at the desk (`flows.agenda.rules.TOPICS`)."""
    return {
        "first_talk": _("🙂 A first talk"),
        "cv": _("📄 My CV"),
        "job_search": _("💼 Looking for work"),
        "training": _("📚 Courses"),
        "housing": _("🏠 Home"),
        "childcare": _("🧸 Children and care"),
        "transport": _("🚌 Rides"),
        "other": _("❓ Something else"),
    }


def ride_purposes(_: Gettext) -> dict[str, str]:
    """What a ride is for (`flows.rides.rules.PURPOSES`)."""
    return {
        "job": _("💼 Work"),
        "training": _("📚 Courses"),
        "appointment": _("🏛️ Offices"),
        "other": _("❓ Something else"),
    }


def topics(_: Gettext) -> dict[str, str]:
    """What the desk helps with."""
    return {
        "job": _("💼 Work"),
        "training": _("📚 Courses"),
        "housing": _("🏠 Home"),
        "transport": _("🚌 Rides"),
        "childcare": _("🧸 Children and care"),
        "community": _("🥾 Events and trail"),
        "service": _("🏛️ Offices"),
    }


def ages(_: Gettext) -> dict[str, str]:
    """Age bands; 14 is Italy's age of digital consent, 15 to 34 the project's youth.

    Under 14 erases everything: it comes last, where no slip of the thumb finds it.
    """
    return {
        "14_17": _("14 to 17"),
        "18_24": _("18 to 24"),
        "25_34": _("25 to 34"),
        "35_54": _("35 to 54"),
        "55_up": _("55 or more"),
        "under_14": _("Under 14"),
    }


def situations(_: Gettext) -> dict[str, str]:
    """What a person does now."""
    return {
        "looking": _("I look for work"),
        "working": _("I work"),
        "studying": _("I study"),
        "neither": _("None of these"),
    }


def sectors(_: Gettext) -> dict[str, str]:
    """Kinds of work."""
    return {
        "agriculture": _("Fields and vineyards"),
        "cleaning": _("Cleaning"),
        "care": _("Care of people"),
        "hospitality": _("Kitchen and hotel"),
        "construction": _("Building sites"),
        "logistics": _("Warehouse, driving"),
        "manufacturing": _("Factory"),
        "mechanics": _("Mechanics"),
        "retail": _("Shop"),
        "crafts": _("Crafts"),
        "green": _("Gardens and paths"),
        "office": _("Office"),
    }


def experience(_: Gettext) -> dict[str, str]:
    """How long somebody has done such work."""
    return {
        "none": _("None yet"),
        "some": _("A few months"),
        "year": _("1 or 2 years"),
        "years": _("3 years or more"),
    }


def italian(_: Gettext) -> dict[str, str]:
    """Level of Italian, in words; the keys are levels of the CEFR (A0: none)."""
    return {
        "A0": _("Not yet"),
        "A1": _("A few words"),
        "A2": _("Simple talk"),
        "B1": _("I get by well"),
        "B2": _("Very well"),
    }


_SPOKEN = (
    "ar", "fr", "en", "sq", "ro", "uk", "ur", "bn", "es", "pt", "ru",
    "wo", "bm", "so", "ti", "am", "fa", "hi", "pa", "pcm", "mk", "tr", "zh",
)  # fmt: skip


def spoken(speech: Speech) -> dict[str, str]:
    """Languages people here speak beside Italian, by code; their names are CLDR's."""
    names = {code: speech.language_name(code) for code in _SPOKEN}
    return names | {"other": speech.gettext("Another language")}


def licences(_: Gettext) -> dict[str, str]:
    """Driving licence."""
    return {"none": _("No licence"), "B": _("Licence B (car)"), "other": _("Another licence")}


def vehicles(_: Gettext) -> dict[str, str]:
    """How a person gets around."""
    return {
        "car": _("🚗 Car"),
        "scooter": _("🛵 Scooter"),
        "bike": _("🚲 Bike"),
        "bus": _("🚌 Bus or train"),
        "none": _("🚶 On foot, lifts"),
    }


def children(_: Gettext) -> dict[str, str]:
    """Ages of children, in years."""
    return {
        "0_2": _("0 to 2 years"),
        "3_5": _("3 to 5 years"),
        "6_10": _("6 to 10 years"),
        "11_13": _("11 to 13 years"),
    }


def times(_: Gettext) -> dict[str, str]:
    """When a person can work."""
    return {
        "morning": _("Mornings"),
        "afternoon": _("Afternoons"),
        "evening": _("Evenings"),
        "night": _("Nights"),
        "weekend": _("Weekends"),
    }


def contracts(_: Gettext) -> dict[str, str]:
    """Kinds of contract."""
    return {
        "seasonal": _("for a season"),
        "fixed_term": _("with an end date"),
        "permanent": _("permanent"),
        "part_time": _("part-time"),
        "apprenticeship": _("apprenticeship"),
    }


def refusals(_: Gettext) -> dict[str, str]:
    """Why an offer is not for somebody."""
    return {
        "distance": _("Too far"),
        "hours": _("The hours"),
        "childcare": _("My children"),
        "documents": _("The documents"),
        "language": _("The language"),
        "pay": _("The money"),
        "other": _("Something else"),
    }


def how_often(_: Gettext) -> dict[str, str]:
    """When a saved search is answered (`flows.searches.port.HOW_OFTEN`)."""
    return {"now": _("⚡ At once"), "week": _("📅 Once a week")}


def near(_: Gettext) -> dict[str, str]:
    """What a home is near to."""
    return {
        "bus": _("bus"),
        "train": _("train"),
        "school": _("school"),
        "shops": _("shops"),
    }


def units(_: Gettext) -> dict[str, str]:
    """What a price or a wage is for, after the amount."""
    return {
        "hour": _("{amount} € an hour"),
        "day": _("{amount} € a day"),
        "month": _("{amount} € a month"),
        "ride": _("{amount} € a ride"),
        "": _("{amount} €"),
    }
