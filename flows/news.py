"""The button of a broadcast: on to the offer it tells of. The tap is counted."""

from flows.desk import NoteTap
from flows.flow import Flow
from flows.moves import Do, Move, Start
from flows.talk import Answers, Talk


def begin(argument: str, profile: Answers) -> Answers:
    """``news-<broadcast>-<offer>``."""
    broadcast, _, offer = argument.partition("-")
    return Answers(broadcast=broadcast, offer=offer)


news = Flow("news", begin=begin)


@news.step()
def tapped(talk: Talk) -> Move:
    """A fact: this broadcast led somebody on."""
    return Do(NoteTap(talk.answers.pick("broadcast")))


@news.step()
def to_offer(talk: Talk) -> Move:
    """As from anywhere else."""
    return Start(f"browse-{talk.answers.pick('offer')}")
