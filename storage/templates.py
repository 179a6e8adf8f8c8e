"""The WhatsApp templates that were provisioned: our name → Twilio's ContentSid."""

from sqlalchemy import Connection, delete, insert, select
from sqlmodel import col

from storage.models import Template


def load_templates(connection: Connection) -> dict[str, str]:
    """What `save_templates` wrote last."""
    rows = connection.execute(select(col(Template.name), col(Template.sid))).all()
    return {str(name): str(sid) for name, sid in rows}


def save_templates(connection: Connection, sids: dict[str, str]) -> None:
    """Replace what is known."""
    connection.execute(delete(Template))
    if sids:
        rows = [{"name": name, "sid": sid} for name, sid in sids.items()]
        connection.execute(insert(Template), rows)
