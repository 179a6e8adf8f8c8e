"""Every flow there is."""

from flows.answers import answer
from flows.appointment import appointment
from flows.appointments import appointments, earlier
from flows.browse import browse
from flows.farewell import keep
from flows.flow import Flow
from flows.intake import intake
from flows.menu import help, menu
from flows.my_rides import rides
from flows.my_searches import searches
from flows.news import news
from flows.outcome import outcome
from flows.person import person
from flows.privacy import alerts, erase, export, privacy, stop, welcome_back
from flows.ride import ride
from flows.same_person import same_person
from flows.speech import Languages
from flows.still import still
from flows.take import take
from flows.teach import teach
from flows.tell_me import tell_me
from flows.welcome import make_language, make_welcome


def all_flows(languages: Languages) -> dict[str, Flow]:
    """By name."""
    flows = (
        make_welcome(languages),
        make_language(languages),
        intake,
        browse,
        answer,
        appointment,
        appointments,
        earlier,
        ride,
        rides,
        news,
        outcome,
        menu,
        help,
        person,
        same_person,
        still,
        take,
        teach,
        tell_me,
        searches,
        privacy,
        export,
        alerts,
        stop,
        welcome_back,
        erase,
        keep,
    )
    return {flow.name: flow for flow in flows}
