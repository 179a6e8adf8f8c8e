"""What the desk may look up about people: the list, one person, everything kept of one."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, select
from sqlmodel import col

from storage.listings import SOURCE_LANGUAGE
from storage.models import (
    Address,
    Alerted,
    Appointment,
    Consent,
    Contact,
    Conversation,
    Event,
    Farewell,
    Interest,
    Listing,
    ListingText,
    Outbox,
    Outcome,
    Ride,
    RideWish,
    Search,
    Tag,
    Ticket,
    TicketMessage,
    Unanswered,
    Waiting,
)


def list_contacts(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The people who wrote last, newest first, without their answers."""
    columns: dict[str, Any] = {
        "id": Contact.id,
        "language": Conversation.language,
        "alerts": Contact.alerts,
        "agreed": Contact.agreed,
        "channel": Address.channel,
        "state": Address.state,
        "created_at": Contact.created_at,
        "heard_at": Address.heard_at,
    }
    query: Any = (
        select(*(col(column).label(name) for name, column in columns.items()))
        .join(Address, col(Address.contact_id) == col(Contact.id))
        .outerjoin(Conversation, col(Conversation.contact_id) == col(Contact.id))
        .order_by(col(Address.heard_at).desc())
        .limit(limit)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def list_interests(connection: Connection) -> list[dict[str, Any]]:
    """Who would like which offer, and where they can be reached; newest first."""
    columns: dict[str, Any] = {
        "contact_id": Interest.contact_id,
        "listing_id": Interest.listing_id,
        "title": ListingText.title,
        "channel": Address.channel,
        "address": Address.address,
        "at": Interest.at,
    }
    title = and_(
        col(ListingText.listing_id) == col(Interest.listing_id),
        col(ListingText.language) == SOURCE_LANGUAGE,
    )
    query: Any = (
        select(*(col(column).label(name) for name, column in columns.items()))
        .join(ListingText, title)
        .join(Address, col(Address.contact_id) == col(Interest.contact_id))
        .order_by(col(Interest.at).desc())
    )
    return [dict(row._mapping) for row in connection.execute(query)]


def export_contact(connection: Connection, contact_id: int) -> dict[str, Any] | None:
    """Everything kept of one person (GDPR art. 15 and 20), or None when unknown."""
    contact = _rows(connection, Contact, col(Contact.id) == contact_id)
    if not contact:
        return None
    conversations = _rows(connection, Conversation, col(Conversation.contact_id) == contact_id)
    for row in conversations:
        row["state"] = json.loads(row["state"])
    return {
        "contact": contact[0],
        "addresses": _rows(connection, Address, col(Address.contact_id) == contact_id),
        "conversation": conversations[0] if conversations else None,
        "consents": _rows(connection, Consent, col(Consent.contact_id) == contact_id),
        "interests": _rows(connection, Interest, col(Interest.contact_id) == contact_id),
        "outcomes": _rows(connection, Outcome, col(Outcome.contact_id) == contact_id),
        "messages_sent": _rows(connection, Outbox, col(Outbox.contact_id) == contact_id),
        "appointments": _rows(connection, Appointment, col(Appointment.contact_id) == contact_id),
        "rides": _rows(connection, Ride, col(Ride.contact_id) == contact_id),
        "rides_not_met": _rows(connection, RideWish, col(RideWish.contact_id) == contact_id),
        "tags": [row["tag"] for row in _rows(connection, Tag, col(Tag.contact_id) == contact_id)],
        "waiting": _rows(connection, Waiting, col(Waiting.contact_id) == contact_id),
        "searches": _rows(connection, Search, col(Search.contact_id) == contact_id),
        "told_of_the_end": _rows(connection, Farewell, col(Farewell.contact_id) == contact_id),
        "alerted": _rows(connection, Alerted, col(Alerted.contact_id) == contact_id),
        "tickets": _rows(connection, Ticket, col(Ticket.contact_id) == contact_id),
        "ticket_messages": _rows(
            connection, TicketMessage, col(TicketMessage.ticket_id).in_(_tickets_of(contact_id))
        ),
        "answers_for": list(
            connection.execute(
                select(col(Listing.id)).where(col(Listing.provider_id) == contact_id)
            ).scalars()
        ),
        "unanswered_questions": _rows(
            connection, Unanswered, col(Unanswered.contact_id) == contact_id
        ),
        "events": _rows(connection, Event, col(Event.contact_id) == contact_id),
    }


def _tickets_of(contact_id: int) -> Any:
    return select(col(Ticket.id)).where(col(Ticket.contact_id) == contact_id)


def _rows(connection: Connection, model: Any, which: Any) -> list[dict[str, Any]]:
    found: Sequence[Any] = connection.execute(select(model.__table__).where(which)).all()
    return [dict(row._mapping) for row in found]
