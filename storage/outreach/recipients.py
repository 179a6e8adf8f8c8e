"""The people as a broadcast sees them, a page at a time: memory stays flat."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true
from sqlmodel import col

from flows.outreach.audience import Recipient, Way
from flows.outreach.verdict import WEEK
from flows.talk import Answers
from storage.models import Address, Contact, Conversation, Outbox, Tag
from storage.outbox import UNASKED

_COUNTED = ("queued", "held", "sending", "sent", "delivered", "read", "unknown")
PAGE = 500


def page(
    connection: Connection, after: int, now: datetime, broadcast_id: int = 0
) -> list[Recipient]:
    """The next people after that id; what ``broadcast_id`` itself sent them does not count."""
    ids = select(col(Contact.id)).where(col(Contact.id) > after).order_by(col(Contact.id))
    found = connection.execute(ids.limit(PAGE)).scalars().all()
    if not found:
        return []
    first, last = found[0], found[-1]
    mine = col(Outbox.broadcast_id).is_distinct_from(broadcast_id)
    return _read(connection, lambda key: key.between(first, last), now, mine)


def these(connection: Connection, contacts: Iterable[int], now: datetime) -> list[Recipient]:
    """These people, in the order of their numbers."""
    return _read(connection, lambda key: key.in_(list(contacts)), now, true())


def of_letters(
    connection: Connection, contacts: Iterable[int], letters: Iterable[int], now: datetime
) -> dict[int, Recipient]:
    """These people by id; only what has gone out counts, and none of these ``letters``."""
    ids = list(contacts)
    gone = and_(col(Outbox.status) != "queued", col(Outbox.id).not_in(list(letters)))
    return {r.id: r for r in _read(connection, lambda key: key.in_(ids), now, gone)}


def _read(
    connection: Connection, which: Any, now: datetime, counted: ColumnElement[bool]
) -> list[Recipient]:
    ways, tags = _ways(connection, which), _tags(connection, which)
    lately = _lately(connection, which, now, counted)
    query = (
        select(
            col(Contact.id),
            col(Contact.alerts),
            col(Contact.agreed),
            col(Conversation.language),
            col(Conversation.state),
        )
        .outerjoin(Conversation, col(Conversation.contact_id) == col(Contact.id))
        .where(which(col(Contact.id)))
        .order_by(col(Contact.id))
    )
    return [
        Recipient(
            id=id,
            language=language or "",
            alerts=alerts,
            agreed="alerts" in agreed.split(","),
            ways=tuple(ways[id]),
            lately=lately.get(id, 0),
            profile=Answers(json.loads(state).get("profile") or {} if state else {}),
            tags=frozenset(tags[id]),
        )
        for id, alerts, agreed, language, state in connection.execute(query)
    ]


def _ways(connection: Connection, which: Any) -> dict[int, list[Way]]:
    a = Address
    query = (
        select(
            col(a.contact_id), col(a.channel), col(a.address), col(a.state) == "ok", col(a.heard_at)
        )
        .where(which(col(a.contact_id)))
        .order_by(col(a.heard_at).desc(), col(a.id))
    )
    found: dict[int, list[Way]] = defaultdict(list)
    for contact_id, channel, address, reachable, heard_at in connection.execute(query):
        found[contact_id].append(Way(channel, address, reachable, heard_at))
    return found


def _tags(connection: Connection, which: Any) -> dict[int, list[str]]:
    query = select(col(Tag.contact_id), col(Tag.tag)).where(which(col(Tag.contact_id)))
    found: dict[int, list[str]] = defaultdict(list)
    for contact_id, tag in connection.execute(query):
        found[contact_id].append(tag)
    return found


def _lately(
    connection: Connection, which: Any, now: datetime, counted: ColumnElement[bool]
) -> dict[int, int]:
    o = Outbox
    query = (
        select(col(o.contact_id), func.count())
        .where(
            which(col(o.contact_id)),
            col(o.priority) == UNASKED,
            col(o.status).in_(_COUNTED),
            or_(col(o.closed_at).is_(None), col(o.closed_at) > now - WEEK),
            counted,
        )
        .group_by(col(o.contact_id))
    )
    return {row[0]: row[1] for row in connection.execute(query) if row[0]}
