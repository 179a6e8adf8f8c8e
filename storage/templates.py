"""The WhatsApp templates that were provisioned: our name → Twilio's ContentSid, and Meta's word."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select
from sqlmodel import col

from storage.models import Template

APPROVED = "approved"
# Meta takes no templates in these languages; the other is what their readers most likely know.
_INSTEAD = {
    "am": "en",
    "bm": "fr",
    "pcm": "en",
    "so": "en",
    "ti": "en",
    "wo": "fr",
}


def template_name(name: str, language: str) -> str:
    """How an approved template is called in a language: ``answer_waiting_it``."""
    return f"{name}_{_INSTEAD.get(language, language)}"


def load_templates(connection: Connection) -> dict[str, str]:
    """Name → ContentSid of those that may be sent: approved, or in need of no approval."""
    query = select(col(Template.name), col(Template.sid)).where(
        col(Template.approval).in_(["", APPROVED])
    )
    return {str(name): str(sid) for name, sid in connection.execute(query)}


def approved(connection: Connection, name: str, language: str) -> bool:
    """Whether this template may open a conversation in this language."""
    query = select(col(Template.approval)).where(
        col(Template.name) == template_name(name, language)
    )
    return connection.execute(query).scalar() == APPROVED


def all_templates(connection: Connection) -> list[Template]:
    """What `save_templates` wrote last, by name."""
    rows = connection.execute(select(Template.__table__).order_by(col(Template.name)))  # type: ignore[attr-defined]
    return [Template(**row._mapping) for row in rows]


def save_templates(connection: Connection, templates: Iterable[Template]) -> None:
    """Replace what is known."""
    connection.execute(delete(Template))
    if rows := [template.model_dump() for template in templates]:
        connection.execute(insert(Template), rows)


def languages_of(connection: Connection, name: str, languages: Iterable[str]) -> frozenset[str]:
    """Those of ``languages`` in which this template may open a conversation."""
    return frozenset(code for code in languages if approved(connection, name, code))


def has_own(language: str) -> bool:
    """Whether Meta takes templates in this language."""
    return language not in _INSTEAD
