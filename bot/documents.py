"""Documents: made from the database at the moment somebody takes them, and kept nowhere."""

import json
from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection, Engine

from bot import clock
from bot.channel import File
from flows.messages import Document, Outbound
from storage.agenda import ics
from storage.contacts import export_contact
from storage.database import reading
from storage.outbox import of_letter

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def file_of(engine: Engine, letter: int, channel: str, address: str = "") -> File | None:
    """The document of an outbox row, made now; None once the row or its person is gone.

    With an ``address``: only when the row is for it.
    """
    with reading(engine).begin() as connection:
        row = of_letter(connection, letter, channel)
        if row is None or row.contact_id is None or address not in ("", row.address):
            return None
        document = Outbound.from_json(json.loads(row.body)).document
        return _make(connection, document, row.contact_id, clock.now()) if document else None


def _make(
    connection: Connection, document: Document, contact_id: int, now: datetime
) -> File | None:
    match document.kind:
        case "my_data":
            kept = export_contact(connection, contact_id)
            text = json.dumps(kept, ensure_ascii=False, indent=2, default=str)
            return File("my-data.json", "application/json", text.encode()) if kept else None
        case "appointment" if document.argument.isdecimal():
            found = ics.of_one(connection, int(document.argument), contact_id, now)
            return File("appointment.ics", "text/calendar", found) if found else None
    return None


def answer(file: File | None) -> web.Response:
    """A file as somebody's browser saves it; 404 without one."""
    if file is None:
        raise web.HTTPNotFound
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', **_HEADERS}
    return web.Response(body=file.content, content_type=file.type, charset="utf-8", headers=headers)
