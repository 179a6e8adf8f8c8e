"""Every table. Times end in ``_at`` and are aware UTC; keys are ASCII snake_case."""

from storage.models.agenda import (
    Appointment,
    DeskException,
    DeskPlace,
    DeskRules,
    DeskStaff,
    Hold,
    Reminder,
    Waiting,
)
from storage.models.messages import (
    Event,
    Inbox,
    Outbox,
    Pause,
    Permit,
    SimulatorMessage,
    Template,
)
from storage.models.offers import Listing, ListingText
from storage.models.outcomes import Outcome
from storage.models.outreach import Broadcast, BroadcastCount, BroadcastText, Segment, Tag
from storage.models.people import (
    Address,
    Consent,
    Contact,
    Conversation,
    Farewell,
    Interest,
    Unanswered,
)
from storage.models.records import (
    Audit,
    Erasure,
    JobRun,
    KeyInUse,
    Notice,
    OperatorRole,
    Publication,
)
from storage.models.rides import Ride, RideRules, RideWish, Run, RunHold, RunSeat
from storage.models.searches import Alerted, Search
from storage.models.statistics import DayCrowd, FirstOffers, RollUp
from storage.models.tickets import DeskTopic, Ticket, TicketMessage

__all__ = [
    "Address",
    "Alerted",
    "Appointment",
    "Audit",
    "Broadcast",
    "BroadcastCount",
    "BroadcastText",
    "Consent",
    "Contact",
    "Conversation",
    "DayCrowd",
    "DeskException",
    "DeskPlace",
    "DeskRules",
    "DeskStaff",
    "DeskTopic",
    "Erasure",
    "Event",
    "Farewell",
    "FirstOffers",
    "Hold",
    "Inbox",
    "Interest",
    "JobRun",
    "KeyInUse",
    "Listing",
    "ListingText",
    "Notice",
    "OperatorRole",
    "Outbox",
    "Outcome",
    "Pause",
    "Permit",
    "Publication",
    "Reminder",
    "Ride",
    "RideRules",
    "RideWish",
    "RollUp",
    "Run",
    "RunHold",
    "RunSeat",
    "Search",
    "Segment",
    "SimulatorMessage",
    "Tag",
    "Template",
    "Ticket",
    "TicketMessage",
    "Unanswered",
    "Waiting",
]
