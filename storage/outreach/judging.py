"""Before each send, once more: may this person be written to unasked, there, now?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlmodel import col

from flows.outreach.audience import Recipient
from flows.outreach.verdict import Means, Reason, Rules, judge
from storage.models import Broadcast, Outbox
from storage.outbox import UNASKED
from storage.outreach.recipients import of_letters
from storage.verdicts import Candidate


def judge_again(
    connection: Connection, due: Sequence[Candidate], rules: Rules, now: datetime
) -> list[Candidate]:
    """Those of the rows to be claimed that may go; the others are cancelled, with the reason.

    Replies and reminders are not asked about, nor what goes to the operators' own chat.
    """
    unasked = {row.id: row for row in due if row.priority == UNASKED}
    if not unasked:
        return list(due)
    whose, beyond = _whose(connection, list(unasked))
    people = of_letters(connection, whose.values(), whose, now)
    reasons = {
        id: _reason(unasked[id], people.get(of), rules, now, beyond=id in beyond)
        for id, of in whose.items()
    }
    for reason in {reason for reason in reasons.values() if reason}:
        which = [id for id, found in reasons.items() if found is reason]
        _cancel(connection, which, reason, now)
    return [row for row in due if not reasons.get(row.id)]


def _whose(connection: Connection, ids: list[int]) -> tuple[dict[int, int], set[int]]:
    """Row → contact; and the rows that may go out after WhatsApp's window is closed."""
    query = (
        select(col(Outbox.id), col(Outbox.contact_id), col(Broadcast.templates))
        .outerjoin(Broadcast, col(Broadcast.id) == col(Outbox.broadcast_id))
        .where(col(Outbox.id).in_(ids))
    )
    found = connection.execute(query).all()
    return {id: of for id, of, _ in found if of}, {id for id, _, beyond in found if beyond}


def _reason(
    row: Candidate, person: Recipient | None, rules: Rules, now: datetime, *, beyond: bool
) -> Reason | None:
    """Judged by the one way it goes: its language was ready when it was queued."""
    if person is None:
        return Reason.UNREACHABLE
    here = tuple(w for w in person.ways if (w.channel, w.address) == (row.channel, row.address))
    here_in = frozenset((person.language,))
    means = Means(here_in, here_in if beyond else None)
    return judge(replace(person, ways=here), means, rules, now).reason


def _cancel(connection: Connection, ids: list[int], reason: Reason, now: datetime) -> None:
    connection.execute(
        update(Outbox)
        .where(col(Outbox.id).in_(ids))
        .values(status="cancelled", problem=reason.value, claimed_at=None, closed_at=now)
    )
