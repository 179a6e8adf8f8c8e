"""What the desk does not do, and who does: a signpost, no advice."""

from flows.talk import Talk


def who_does_that(talk: Talk, matter: str) -> str:
    """Where to go with this matter (`oos` of the understanding)."""
    _ = talk.gettext
    match matter:
        case "permit":
            return _(
                "The residence permit is a matter for the police office (Questura). A patronato "
                "helps you with the forms, free. The desk tells you where it is."
            )
        case "citizenship" | "family_reunification":
            return _(
                "The Prefettura decides this. A patronato helps you with the forms, free. "
                "The desk tells you where it is."
            )
        case "documents":
            return _(
                "For this go to the town hall where you live, or to your country's consulate. "
                "The desk tells you where they are."
            )
        case "health":
            return _(
                "For this ask your doctor, a pharmacy or the health service (ASL). "
                "If it is urgent, call 112."
            )
        case "legal":
            return _(
                "For a lawyer ask the lawyers' association (Ordine degli Avvocati), for your "
                "rights at work a trade union. The desk tells you where they are."
            )
        case "benefits":
            return _("A CAF or a patronato helps you with this, free. The desk tells you where.")
        case "money" | "furniture":
            return _(
                "I have no money and no things to give. Your town hall's social services and "
                "Caritas may help. The desk tells you where they are."
            )
        case "insult" | "spam" | "chitchat":
            return _("I am only a robot 🙂 I look for work, courses, homes, rides and childcare.")
        case "complaint":
            return _("I am sorry to hear that. A person at the desk will listen to you.")
        case _:
            return _("I cannot help with this, but a person at the desk can tell you who does.")
