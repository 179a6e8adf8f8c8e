"""Every table. Times end in ``_at`` and are aware UTC; keys are ASCII snake_case."""

from storage.models.messages import Event, Inbox, Outbox, SimulatorMessage, Template
from storage.models.offers import Listing, ListingText
from storage.models.people import Address, Consent, Contact, Conversation, Interest, Unanswered
from storage.models.records import Audit, JobRun, Notice

__all__ = [
    "Address",
    "Audit",
    "Consent",
    "Contact",
    "Conversation",
    "Event",
    "Inbox",
    "Interest",
    "JobRun",
    "Listing",
    "ListingText",
    "Notice",
    "Outbox",
    "SimulatorMessage",
    "Template",
    "Unanswered",
]
