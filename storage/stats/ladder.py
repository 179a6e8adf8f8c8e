"""How far people came with work and courses: the ladder of outcomes."""

from storage.stats.crowds import crowd
from storage.stats.facts import Facts
from storage.stats.funnel import by_step
from storage.stats.persons import Persons
from storage.stats.table import Row, Table, key, people

_TOPICS = ("job", "training")
_RUNGS = ("interested", "contacted", "interview", "started", "still_30", "still_90")


def outcomes(facts: Facts, persons: Persons) -> Table:
    """Who reached each rung in the period, by topic; once, with however many offers."""
    everybody = crowd(persons)
    reached = {topic: by_step(facts.who("outcome", topic)) for topic in _TOPICS}
    rows: list[Row] = [
        (topic, *((reached[topic].get(rung, 0) & everybody).bit_count() for rung in _RUNGS))
        for topic in _TOPICS
    ]
    return Table(
        "outcomes",
        "Different people who said in the period that they had come so far with an offer.",
        (
            key("topic", "What the offers are about."),
            people("interested", "Said that they are interested."),
            people("contacted", "Wrote to or called who offers it, or came further at once."),
            people("interview", "Had an interview, or came further at once; jobs only."),
            people("started", "Started."),
            people("still_30", "Were still there 30 days after they said that they had started."),
            people("still_90", "Were still there 90 days after they said that they had started."),
        ),
        tuple(rows),
        in_order=True,
    )
