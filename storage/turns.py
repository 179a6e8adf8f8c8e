"""The hot path: the few statements that take a message in and a turn out.

Everything here runs inside a transaction the caller owns, through `storage.prepared`.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Dialect, bindparam, exists, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from storage.following import following
from storage.models import Address, Contact, Conversation, Event, Inbox, Outbox, Ticket
from storage.prepared import Cursor, Prepared
from storage.recycled import DOUBTED, is_doubted

IN_ANSWER = "webhook"  # the external id of a reply given in the webhook's own answer


@dataclass(frozen=True, slots=True)
class Person:
    """One address and the contact behind it, as a turn needs them.

    ``waiting``: earlier messages of theirs are not handled yet; ``owed``: earlier replies are not
    sent yet; ``ticket``: one is open; ``doubted``: `storage.recycled`. ``state`` is the
    conversation as JSON, or None for a new contact.
    """

    contact_id: int
    alerts: str
    agreed: str
    state: str | None
    waiting: bool
    owed: bool
    ticket: bool = False
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stored message that waits for its turn; a ``body`` that cannot be opened is None."""

    id: int
    external_id: str
    body: str | None
    failures: int


class Turns:
    """The prepared statements of one database's dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._locks = dialect.name == "postgresql"
        insert = postgresql.insert if self._locks else sqlite.insert
        self._try_lock = Prepared(select(func.pg_try_advisory_xact_lock(bindparam("key"))), dialect)
        self._person = Prepared(_person_query(), dialect)
        self._receive = _insert(Inbox, dialect, insert, "id", ignore=True)
        self._contact = _insert(Contact, dialect, insert, "id")
        self._address = _insert(Address, dialect, insert)
        self._conversation = _insert(Conversation, dialect, insert)
        self._event = _insert(Event, dialect, insert)
        self._outbox = _insert(Outbox, dialect, insert, "id")
        self._update = Prepared(_conversation_update(), dialect)
        self._heard = Prepared(_heard_update(), dialect)
        self._release = Prepared(_release_update(), dialect)
        self._handled = Prepared(_handled_update(), dialect)
        self._oldest = Prepared(_oldest_query(), dialect, lenient=True)
        self._reply = Prepared(_reply_query(), dialect)

    def lock(self, cursor: Cursor, channel: str, address: str) -> bool:
        """Whether this transaction alone serves this address now; SQLite has one writer anyway."""
        if not self._locks:
            return True
        key = int.from_bytes(blake2b(f"{channel}:{address}".encode(), digest_size=8).digest())
        row = self._try_lock.run(cursor, key=key - 2**63).fetchone()
        return bool(row and row[0])

    def person(self, cursor: Cursor, channel: str, address: str, now: int) -> Person | None:
        """Who writes, or None for a new address."""
        row = self._person.run(cursor, channel=channel, address=address, now=now).fetchone()
        if row is None:
            return None
        contact_id, alerts, agreed, state, waiting, owed, ticket, heard_at, known = row
        doubted = is_doubted(channel, known, now - heard_at)
        flags = bool(waiting), bool(owed), bool(ticket), doubted
        return Person(contact_id, alerts, agreed, state, *flags)

    def enrol(self, cursor: Cursor, channel: str, address: str, now: int) -> Person:
        """A new contact with this address."""
        row = self._contact.run(cursor, alerts="off", agreed="", created_at=now).fetchone()
        assert row is not None
        contact_id: int = row[0]
        self._address.run(
            cursor,
            contact_id=contact_id,
            channel=channel,
            address=address,
            state="ok",
            heard_at=now,
            rests_until=None,
        )
        waiting = self.oldest(cursor, channel, address) is not None
        return Person(contact_id, "off", "", None, waiting, owed=False)

    def receive(
        self,
        cursor: Cursor,
        channel: str,
        external_id: str,
        address: str,
        body: str | None,
        now: int,
    ) -> int | None:
        """Store a delivery; None when it was there before. Without a body it counts as handled."""
        row = self._receive.run(
            cursor,
            channel=channel,
            external_id=external_id,
            address=address,
            body=body,
            received_at=now,
            handled_at=None if body is not None else now,
            failures=0,
        ).fetchone()
        return row[0] if row else None

    def oldest(self, cursor: Cursor, channel: str, address: str) -> Waiting | None:
        """The oldest message of this address that waits for its turn."""
        row = self._oldest.run(cursor, channel=channel, address=address).fetchone()
        return Waiting(*row) if row else None

    def handled(self, cursor: Cursor, inbox_id: int, now: int) -> None:
        """The message had its turn; its text is not kept."""
        self._handled.run(cursor, inbox_id=inbox_id, now=now)

    def save(self, cursor: Cursor, person: Person, language: str, state: str, now: int) -> None:
        """The conversation after a turn."""
        values = {"language": language, "state": state, "updated_at": now}
        if person.state is None:
            self._conversation.run(cursor, contact_id=person.contact_id, **values)
        else:
            self._update.run(cursor, key=person.contact_id, **values)

    def heard(
        self, cursor: Cursor, channel: str, address: str, now: int, *, doubted: bool = False
    ) -> None:
        """Somebody wrote: WhatsApp's window is open, and a block is over."""
        known = DOUBTED if doubted else "ok"
        self._heard.run(cursor, at=now, on=channel, of=address, known=known)

    def release(self, cursor: Cursor, channel: str, address: str, now: int) -> bool:
        """What was held until they wrote goes out now; whether there was anything."""
        return bool(self._release.run(cursor, at=now, on=channel, of=address).rowcount)

    def note(self, cursor: Cursor, rows: list[dict[str, Any]]) -> None:
        """Events of a turn."""
        self._event.run_many(cursor, rows)

    def post(self, cursor: Cursor, **row: Any) -> int:
        """An outbox row; returns its id."""
        defaults = {
            "priority": 0, "edits": "", "about": "", "expires_at": None, "attempts": 0, "hidden": 0,
            "claimed_at": None, "external_id": None, "problem": None, "closed_at": None,
            "broadcast_id": None, "language": "", "trace": following.get(),
        }  # fmt: skip
        found = self._outbox.run(cursor, **defaults | row).fetchone()
        assert found is not None
        return int(found[0])

    def reply(self, cursor: Cursor, channel: str, external_id: str) -> tuple[int, str, str] | None:
        """Outbox id, address and body of the reply that was given in the webhook's answer."""
        row = self._reply.run(cursor, channel=channel, external_id=external_id).fetchone()
        return (row[0], row[1], row[2]) if row else None


def _table(model: Any) -> Any:
    return model.__table__


def _insert(
    model: type[SQLModel],
    dialect: Dialect,
    insert: Any,
    returning: str = "",
    *,
    ignore: bool = False,
) -> Prepared:
    table = _table(model)
    columns = [c.name for c in table.columns if c.name != "id"]
    statement = insert(table).values({name: bindparam(name) for name in columns})
    if ignore:
        statement = statement.on_conflict_do_nothing()
    if returning:
        statement = statement.returning(table.c[returning])
    return Prepared(statement, dialect)


def _person_query() -> Any:
    a, c, v, i, o = map(_table, (Address, Contact, Conversation, Inbox, Outbox))
    t = _table(Ticket)
    waiting = exists().where(
        i.c.channel == bindparam("channel"),
        i.c.address == bindparam("address"),
        i.c.handled_at.is_(None),
    )
    owed = exists().where(
        o.c.channel == bindparam("channel"),
        o.c.address == bindparam("address"),
        o.c.closed_at.is_(None),
        o.c.status != literal_column("'held'"),
        or_(o.c.due_at <= bindparam("now"), o.c.attempts > literal_column("0")),
    )
    ticket = exists().where(t.c.contact_id == c.c.id, t.c.closed_at.is_(None))
    joined = a.join(c, c.c.id == a.c.contact_id).outerjoin(v, v.c.contact_id == c.c.id)
    who = (c.c.id, c.c.alerts, c.c.agreed, v.c.state)
    return (
        select(*who, waiting, owed, ticket, a.c.heard_at, a.c.state)
        .select_from(joined)
        .where(a.c.channel == bindparam("channel"), a.c.address == bindparam("address"))
    )


def _conversation_update() -> Any:
    v = _table(Conversation)
    names = ("language", "state", "updated_at")
    return (
        update(v)
        .where(v.c.contact_id == bindparam("key"))
        .values({name: bindparam(name) for name in names})
    )


def _heard_update() -> Any:
    a = _table(Address)
    return (
        update(a)
        .where(a.c.channel == bindparam("on"), a.c.address == bindparam("of"))
        .values(heard_at=bindparam("at"), state=bindparam("known"))
    )


def _release_update() -> Any:
    o = _table(Outbox)
    return (
        update(o)
        .where(
            o.c.channel == bindparam("on"),
            o.c.address == bindparam("of"),
            o.c.closed_at.is_(None),
            o.c.status == literal_column("'held'"),
        )
        .values(
            status=literal_column("'queued'"),
            due_at=bindparam("at"),
            problem=literal_column("NULL"),
        )
    )


def _handled_update() -> Any:
    i = _table(Inbox)
    return (
        update(i)
        .where(i.c.id == bindparam("inbox_id"))
        .values(handled_at=bindparam("now"), body=literal_column("NULL"))
    )


def _oldest_query() -> Any:
    i = _table(Inbox)
    return (
        select(i.c.id, i.c.external_id, i.c.body, i.c.failures)
        .where(
            i.c.channel == bindparam("channel"),
            i.c.address == bindparam("address"),
            i.c.handled_at.is_(None),
        )
        .order_by(i.c.id)
        .limit(literal_column("1"))
    )


def _reply_query() -> Any:
    i, o = _table(Inbox), _table(Outbox)
    return (
        select(o.c.id, o.c.address, o.c.body)
        .select_from(i.join(o, o.c.inbox_id == i.c.id))
        .where(
            i.c.channel == bindparam("channel"),
            i.c.external_id == bindparam("external_id"),
            o.c.external_id == literal_column(f"'{IN_ANSWER}'"),
        )
    )
