"""How far each person came with each offer, and whom to ask next. Each question is put once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from flows.desk import Listing
from flows.outcomes.ladder import (
    FOLLOWED,
    RUNGS,
    TOO_LATE,
    Standing,
    answered,
    asked,
    began,
    was_told,
)
from flows.outcomes.port import Outcome, SayOutcome
from storage import listings
from storage.audit import By, record
from storage.letters import call_back
from storage.models import Contact, Event
from storage.models import Outcome as Row

_TABLE: Any = Row.__table__  # type: ignore[attr-defined]
_STANDING = tuple(Standing.__slots__)


@dataclass(frozen=True, slots=True)
class Told:
    """Who says so (``person``, or the desk's operator), where, and when."""

    who: str
    channel: str
    now: datetime


def begin(connection: Connection, contact_id: int, offer: Listing, told: Told) -> None:
    """They are interested; saying so again changes nothing."""
    if offer.topic not in FOLLOWED:
        return
    asking = _follows(connection, contact_id) and told.who == "person"
    one = began(told.now) if asking else Standing()
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"contact_id": contact_id, "listing_id": offer.id, "topic": offer.topic}
    made = connection.execute(
        upsert(_TABLE)
        .values(**row, **asdict(one), ask_at=one.due_at, said_at=told.now)
        .on_conflict_do_nothing()
        .returning(_TABLE.c.id)
    )
    if made.first():
        _note(connection, contact_id, offer.topic, RUNGS[:1], told)


def _follows(connection: Connection, contact_id: int) -> bool:
    """Whether they agreed to be written to: who did was told so, and nobody else is asked."""
    query = select(col(Contact.alerts), col(Contact.agreed)).where(col(Contact.id) == contact_id)
    alerts, agreed = connection.execute(query).one()
    return alerts == "on" and "alerts" in agreed.split(",")


def of_person(connection: Connection, contact_id: int, language: str) -> list[Outcome]:
    """Theirs, the newest first, with titles for a reader of that language."""
    query = select(_TABLE).where(_TABLE.c.contact_id == contact_id).order_by(_TABLE.c.id.desc())
    rows = connection.execute(query).all()
    return [one for row in rows if (one := _outcome(connection, row, language))]


def say(connection: Connection, contact_id: int, answer: SayOutcome, told: Told) -> str:
    """Note an answer: ``done``, or ``gone`` when that is not theirs."""
    id, said = answer.id, answer.said
    query = select(_TABLE).where(_TABLE.c.id == id, _TABLE.c.contact_id == contact_id)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        return "gone"
    before = _standing(row)
    after = answered(before, said, told.now)
    if not (was_told(before) and _follows(connection, contact_id)):
        after = _unasked(after)
    call_back(connection, f"outcome:{id}", told.now)
    values = {**asdict(after), "ask_at": after.due_at, "said_at": told.now}
    connection.execute(update(_TABLE).where(_TABLE.c.id == id).values(**values))
    _note(connection, contact_id, row.topic, _climbed(before, after, row.topic), told)
    if after.ended and after.ended != before.ended:
        _note(connection, contact_id, row.topic, (after.ended,), told)
    return "done"


def _unasked(one: Standing) -> Standing:
    return Standing(one.rung, one.ended, one.asked, one.started_at)


def _climbed(before: Standing, after: Standing, topic: str) -> Sequence[str]:
    """The rungs between, too: who started has been in contact; a course has no interview."""
    rungs = RUNGS[RUNGS.index(before.rung) + 1 : RUNGS.index(after.rung) + 1]
    return [rung for rung in rungs if rung != "interview" or topic == "job"]


def _note(
    connection: Connection, contact_id: int, topic: str, steps: Sequence[str], told: Told
) -> None:
    """Facts to count, without words."""
    rows = [
        Event(
            contact_id=contact_id,
            kind="outcome",
            flow=topic,
            step=step,
            channel=told.channel,
            at=told.now,
        ).model_dump(exclude={"id"})
        for step in steps
    ]
    if rows:
        connection.execute(insert(Event), rows)


def of_offer(connection: Connection, listing: str) -> list[dict[str, Any]]:
    """How far each person came with it, who came furthest first."""
    query = select(_TABLE).where(_TABLE.c.listing_id == listing)
    rows = [dict(row._mapping) for row in connection.execute(query.order_by(_TABLE.c.id))]
    return sorted(rows, key=lambda row: -RUNGS.index(row["rung"]))


def note_told(connection: Connection, contact_id: int, listing: str, said: str, by: By) -> str:
    """What somebody told the desk: how far they are now; ``nobody``, or ``no_such_offer``."""
    offer = listings.one(connection, listing, listings.SOURCE_LANGUAGE)
    if offer is None or offer.topic not in FOLLOWED:
        return "no_such_offer"
    known = select(col(Contact.id)).where(col(Contact.id) == contact_id)
    if connection.execute(known).first() is None:
        return "nobody"
    told = Told("operator", "", by.now)
    begin(connection, contact_id, offer, told)
    mine = (_TABLE.c.contact_id == contact_id, _TABLE.c.listing_id == listing)
    query = select(_TABLE).where(*mine)
    before = connection.execute(query).one()
    say(connection, contact_id, SayOutcome(before.id, said), told)
    after = connection.execute(query).one()
    record(
        connection,
        by,
        "note outcome",
        [(f"contact:{contact_id}", _for_the_log(before), _for_the_log(after))],
    )
    said_before = ", as before" if _standing(before) == _standing(after) else ""
    return f"{after.rung}{', ' if after.ended else ''}{after.ended}{said_before}"


def _for_the_log(row: Any) -> dict[str, Any]:
    return {"offer": row.listing_id, "rung": row.rung, "ended": row.ended}


@dataclass(frozen=True, slots=True)
class Due:
    """A question that is due, as it was read."""

    id: int
    contact_id: int
    listing: str
    standing: Standing
    ask_at: datetime


def due(connection: Connection, now: datetime, most: int) -> list[Due]:
    """At most so many, the one that waits longest first."""
    query = select(_TABLE).where(_TABLE.c.ask_at <= now).order_by(_TABLE.c.ask_at, _TABLE.c.id)
    return [
        Due(row.id, row.contact_id, row.listing_id, _standing(row), row.ask_at)
        for row in connection.execute(query.limit(most))
    ]


def claim(connection: Connection, one: Due, now: datetime) -> bool:
    """Whether this question is ours to put: another scheduler may have been faster."""
    after = asked(one.standing, now)
    return _move(connection, one, {**asdict(after), "ask_at": after.due_at})


def put_off(connection: Connection, one: Due, wait: timedelta, now: datetime) -> None:
    """Try again later; what has waited too long is not asked any more."""
    since = one.standing.due_at or one.ask_at
    if now + wait > since + TOO_LATE:
        skip(connection, one, now)
    else:
        _move(connection, one, {"ask_at": now + wait})


def skip(connection: Connection, one: Due, now: datetime) -> None:
    """Not this question; a later one may still come."""
    after = asked(one.standing, now)
    _move(connection, one, {"due_at": after.due_at, "ask_at": after.due_at})


_NO_MORE = {"ended": "quiet", "due_at": None, "ask_at": None}


def end(connection: Connection, one: Due) -> None:
    """No further question, whatever they say later."""
    _move(connection, one, _NO_MORE)


def stop_asking(connection: Connection, contact_id: int) -> None:
    """They turned messages off, or wrote STOP: no further question, also when they are on again."""
    t = _TABLE.c
    theirs = (t.contact_id == contact_id, t.ended == "")
    asked_about = or_(t.due_at.is_not(None), t.asked > 0)
    connection.execute(update(_TABLE).where(*theirs, asked_about).values(**_NO_MORE))


def _move(connection: Connection, one: Due, values: dict[str, Any]) -> bool:
    """Only if nobody moved it since it was read: what was answered meanwhile stays."""
    same = (_TABLE.c.id == one.id, _TABLE.c.ask_at == one.ask_at)
    moved = connection.execute(update(_TABLE).where(*same).values(**values))
    return moved.rowcount == 1


def to_ask(connection: Connection, one: Due, language: str) -> Outcome | None:
    """What the question is about, as a reader of that language knows it."""
    row = connection.execute(select(_TABLE).where(_TABLE.c.id == one.id)).first()
    return _outcome(connection, row, language) if row else None


def _standing(row: Any) -> Standing:
    return Standing(**{name: row._mapping[name] for name in _STANDING})


def _outcome(connection: Connection, row: Any, language: str) -> Outcome | None:
    offer = listings.one(connection, row.listing_id, language)
    if offer is None:
        return None
    return Outcome(
        row.id, offer.id, row.topic, offer.title, offer.organisation, row.rung, row.ended
    )
