"""Marks that operators give people."""

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.audit import By, record
from storage.models import Contact, Tag

_LONGEST = 30


def tag(connection: Connection, contact_id: int, name: str, by: By) -> bool:
    """Give it; False when there is no such person."""
    if not connection.execute(select(col(Contact.id)).where(col(Contact.id) == contact_id)).first():
        return False
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(Tag).values(contact_id=contact_id, tag=name).on_conflict_do_nothing())
    record(connection, by, "tag", [(f"contact:{contact_id}", None, {"tag": name})])
    return True


def untag(connection: Connection, contact_id: int, name: str, by: By) -> bool:
    """Take it back; False when they did not have it."""
    mine = col(Tag.contact_id) == contact_id, col(Tag.tag) == name
    if not connection.execute(delete(Tag).where(*mine)).rowcount:
        return False
    record(connection, by, "untag", [(f"contact:{contact_id}", {"tag": name}, None)])
    return True


def tags(connection: Connection) -> dict[str, int]:
    """How many people have each."""
    query = select(col(Tag.tag), func.count()).group_by(col(Tag.tag)).order_by(col(Tag.tag))
    return {row[0]: row[1] for row in connection.execute(query)}


def wrong_tag(name: str) -> str:
    """What is wrong with it, or empty."""
    right = 0 < len(name) <= _LONGEST and all(c.isalnum() or c in "-_" for c in name)
    return "" if right else f"{name!r} is no tag: at most 30 letters, digits, - and _."
