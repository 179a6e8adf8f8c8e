"""Whoever answers for an offer is asked whether it still holds; silence pauses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from flows.outreach.verdict import WINDOW
from storage import notices
from storage.audit import By, entries, record
from storage.content.records import load, lock, save
from storage.models import Address, Contact, Listing

ASK_EVERY = timedelta(days=14)
"""How long a confirmed offer is believed."""
PATIENCE = timedelta(days=4)
"""How long an answer may take."""
BY_ITSELF = "sportello"
"""The operator's name in the audit log for what the assistant does by itself."""

_LISTING: Any = Listing.__table__  # type: ignore[attr-defined]
_ADDRESS: Any = Address.__table__  # type: ignore[attr-defined]
_CONTACT: Any = Contact.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody to be asked about an offer: where they wrote last."""

    offer: str
    channel: str
    address: str


def answers_for(connection: Connection, contact_id: int, offer: str) -> bool:
    """Whether this person answers for this offer, and it is published or paused for silence."""
    query = select(_LISTING.c.status).where(
        _LISTING.c.id == offer, _LISTING.c.provider_id == contact_id
    )
    status = connection.execute(query).scalar()
    return status == "published" or (status == "paused" and _paused_by_itself(connection, offer))


def _paused_by_itself(connection: Connection, offer: str) -> bool:
    """Whether it was we who paused it, for silence: then the provider may still answer."""
    last = entries(connection, f"offer:{offer}", 1)
    return bool(last) and (last[0]["operator"], last[0]["action"]) == (BY_ITSELF, "pause")


def set_provider(connection: Connection, offer: str, contact_id: int | None, by: By) -> bool:
    """Who answers for an offer from now on, or nobody; False: no such person."""
    if contact_id is not None:
        known = select(_CONTACT.c.id).where(_CONTACT.c.id == contact_id)
        if connection.execute(known).first() is None:
            return False
    values = {"provider_id": contact_id, "asked_at": None}
    connection.execute(update(_LISTING).where(_LISTING.c.id == offer).values(values))
    record(connection, by, "provider", [(f"offer:{offer}", None, None)])
    return True


def due(connection: Connection, today: date, now: datetime) -> Iterator[Question]:
    """Whom to ask now, about one offer at a time; each is noted as asked."""
    seen = set()
    for row in connection.execute(_reachable(today, now)):
        if row.provider_id not in seen:
            seen.add(row.provider_id)
            asked = update(_LISTING).where(_LISTING.c.id == row.id).values(asked_at=now)
            connection.execute(asked)
            yield Question(row.id, row.channel, row.address)


def answer(connection: Connection, offer: str, said: str, by: By, today: date) -> None:
    """``yes``: checked today; ``filled``: closed; ``changed``: paused, and the operators know."""
    lock(connection)
    found = load(connection, [offer])[offer]
    match said:
        case "yes":
            checked = {"checked_on": today.isoformat(), "checked_by": by.operator}
            news = checked | {"status": "published"}
        case "filled":
            news = {"status": "closed"}
        case _:
            news = {"status": "paused"}
            text = f"{found['title']} ({found['organisation']}, {found['phone']}): ask what changed"
            notices.add(connection, by, "changed", f"offer:{offer}", text)
    save(connection, [found | news], by, f"provider said {said}", today)
    connection.execute(update(_LISTING).where(_LISTING.c.id == offer).values(asked_at=None))


def pause_silent(connection: Connection, today: date, now: datetime) -> list[str]:
    """Pause the offers whose provider was asked and did not answer; tell the operators."""
    by = By(BY_ITSELF, now)
    query = select(_LISTING.c.id).where(
        _LISTING.c.asked_at < now - PATIENCE, _LISTING.c.status == "published"
    )
    ids = list(connection.execute(query).scalars())
    found = load(connection, ids)
    for id, offer in found.items():
        text = f"{offer['title']} ({offer['organisation']}, {offer['phone']}): no answer; paused"
        notices.add(connection, by, "silent", f"offer:{id}", text)
    save(connection, [offer | {"status": "paused"} for offer in found.values()], by, "pause", today)
    connection.execute(update(_LISTING).where(_LISTING.c.id.in_(ids)).values(asked_at=None))
    return ids


def _reachable(today: date, now: datetime) -> Any:
    """Offers to ask about, with the addresses of their providers, the last used first.

    Nobody is asked about two offers at once, nor on WhatsApp once its window has closed.
    """
    other = _LISTING.alias()
    waiting = (
        select(other.c.id)
        .where(other.c.provider_id == _LISTING.c.provider_id, other.c.asked_at.is_not(None))
        .exists()
    )
    return (
        select(_LISTING.c.id, _LISTING.c.provider_id, _ADDRESS.c.channel, _ADDRESS.c.address)
        .join(_CONTACT, _CONTACT.c.id == _LISTING.c.provider_id)
        .join(_ADDRESS, _ADDRESS.c.contact_id == _CONTACT.c.id)
        .where(
            _LISTING.c.status == "published",
            _LISTING.c.checked_on <= today - ASK_EVERY,
            _LISTING.c.valid_until >= today,
            _LISTING.c.asked_at.is_(None),
            _CONTACT.c.alerts != "stopped",
            _ADDRESS.c.state == "ok",
            or_(_ADDRESS.c.channel != "whatsapp", _ADDRESS.c.heard_at > now - WINDOW),
            ~waiting,
        )
        .order_by(_LISTING.c.id, _ADDRESS.c.heard_at.desc())
    )
