"""An answer is corrected at the desk (GDPR art. 16), as if the person had given it."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update
from sqlmodel import col

from storage.audit import By, record
from storage.models import Address, Contact, Conversation
from storage.prepared import cursor_of
from storage.turns import Turns

Value = str | list[str]


class CorrectionError(Exception):
    """One line: what is wrong, and what would be right."""


def correct(
    connection: Connection, contact_id: int, changes: dict[str, Value | None], by: By
) -> Sequence[str]:
    """Set these answers, or take those that are None away; which ones changed.

    Only the names of answers are written down. Raises CorrectionError: nobody of that number, no
    consent to keep answers, or a turn of theirs is under way.
    """
    agreed = select(col(Contact.agreed)).where(col(Contact.id) == contact_id)
    if "profile" not in (connection.execute(agreed).scalar() or "").split(","):
        raise CorrectionError(f"Person {contact_id} is not there, or has not agreed to be kept.")
    _lock(connection, contact_id)
    query = select(col(Conversation.state)).where(col(Conversation.contact_id) == contact_id)
    state: dict[str, Any] = json.loads(connection.execute(query).scalar() or "{}")
    changed = sorted({name for part in _kept(state) for name in _change(part, changes)})
    connection.execute(
        update(Conversation)
        .where(col(Conversation.contact_id) == contact_id)
        .values(state=json.dumps(state, ensure_ascii=False))
    )
    record(connection, by, "correct", [(f"contact:{contact_id}", None, {"answers": changed})])
    return changed


def _kept(state: dict[str, Any]) -> list[dict[str, Value]]:
    """The profile, and the same answers while the intake that gives them is under way."""
    parts: list[dict[str, Value]] = [state.setdefault("profile", {})]
    return [*parts, state["answers"]] if state.get("flow") == "intake" else parts


def _change(answers: dict[str, Value], changes: dict[str, Value | None]) -> list[str]:
    before = dict(answers)
    for name, value in changes.items():
        if value is None:
            answers.pop(name, None)
        else:
            answers[name] = value
    return [name for name in changes if before.get(name) != answers.get(name)]


def _lock(connection: Connection, contact_id: int) -> None:
    """As a turn does: it would write its own copy of the answers over ours."""
    turns, cursor = Turns(connection.dialect), cursor_of(connection)
    query = select(col(Address.channel), col(Address.address)).where(
        col(Address.contact_id) == contact_id
    )
    for channel, address in connection.execute(query).all():
        if not turns.lock(cursor, channel, address):
            raise CorrectionError(f"Person {contact_id} is just writing: try again in a moment.")
