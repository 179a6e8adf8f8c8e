"""Mistakes that the database shows: who does not work, what nobody backs up, what is invented."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlmodel import col

from bot.checks.finding import Finding
from bot.settings import Settings
from storage.audit import verify
from storage.content.importing import rows_of
from storage.models import Audit, Contact, Inbox, JobRun, Listing, Outbox, Template
from storage.templates import APPROVED

_LATE = timedelta(minutes=5)
_TICKED = timedelta(days=2)
_BACKED_UP = timedelta(days=2)
_REHEARSED = timedelta(days=100)
_DEMO = Path(__file__).resolve().parents[2] / "content"


def at_work(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Whether turns are taken, answers sent and the clock followed."""
    turn = connection.scalar(
        select(func.min(col(Inbox.received_at))).where(col(Inbox.handled_at).is_(None))
    )
    if turn and now - turn > _LATE:
        says = f"a message waits since {turn:%Y-%m-%d %H:%M} UTC: has a process role worker?"
        yield Finding("worker", "problem", says)
    reply = connection.scalar(
        select(func.min(col(Outbox.due_at))).where(
            col(Outbox.status) == "queued", col(Outbox.priority) == 0, col(Outbox.attempts) == 0
        )
    )
    if reply and now - reply > _LATE:
        says = f"an answer is due since {reply:%Y-%m-%d %H:%M} UTC: has a process role sender?"
        yield Finding("sender", "problem", says)
    yield from _ticks(connection, now)
    stuck = connection.scalar(select(func.count()).where(col(Outbox.status) == "unknown"))
    if stuck:
        says = f"{stuck} messages may not have arrived: `admin_cli.py broadcast unknown` lists them"
        yield Finding("outbox", "warning", says)


def audit(connection: Connection) -> Finding:
    """Whether somebody changed the audit log behind our back."""
    found = verify(connection)
    if found.broken is None:
        return Finding("audit", "ok", f"{found.entries} entries, each follows the one before")
    says = f"entry {found.broken} was changed: `admin_cli.py audit --verify`"
    return Finding("audit", "problem", says)


def _ticks(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Each day has a job that is written down; before the first, since somebody wrote."""
    last = connection.scalar(select(func.max(col(JobRun.at))))
    began = connection.scalar(select(func.min(col(Contact.created_at))))
    since = last or began
    if since and now - since > _TICKED:
        says = f"nothing was done by the clock since {since:%Y-%m-%d}: start role scheduler"
        yield Finding("scheduler", "problem", says)


def backups(connection: Connection, now: datetime) -> Iterator[Finding]:
    """Once people have written: is there a backup, and did anybody ever try to go back?"""
    if not connection.scalar(select(func.count()).select_from(Contact)):
        return
    made = _last(connection, "backup", "restore")  # what was gone back to was one
    if made is None or now - made > _BACKED_UP:
        said = f"the last backup is of {made:%Y-%m-%d}" if made else "there is no backup"
        says = f"{said}: `admin_cli.py backup`, every night by a timer"
        yield Finding("backup", "warning", says)
    tried = _last(connection, "rehearse restore", "restore")
    if made and (tried is None or now - tried > _REHEARSED):
        says = "nobody tried to go back in 100 days: `admin_cli.py restore FILE --rehearse`"
        yield Finding("restore", "warning", says)


def _last(connection: Connection, *actions: str) -> datetime | None:
    query = select(func.max(col(Audit.at))).where(
        col(Audit.subject) == "database", col(Audit.action).in_(actions)
    )
    return connection.scalar(query)


def offers(connection: Connection, settings: Settings, demo: Path = _DEMO) -> Iterator[Finding]:
    """Whether people find anything, and nothing invented."""
    published = set(
        connection.scalars(select(col(Listing.id)).where(col(Listing.status) == "published"))
    )
    if not published:
        yield Finding("content", "warning", "no published offer: people will find nothing")
    if not (settings.uses_telegram or settings.uses_whatsapp) or not demo.is_dir():
        return
    invented = published & {str(row.cells["id"]) for row in rows_of(demo)[0]}
    if invented:
        says = f"{len(invented)} invented offers of the demo would reach people: `content close`"
        yield Finding("demo", "problem", says)


def whatsapp_templates(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """Whether buttons were made, and Meta approved what opens a conversation after a day."""
    if not settings.uses_whatsapp:
        return
    rows = connection.execute(select(col(Template.name), col(Template.approval)))
    approvals = {row[0]: row[1] for row in rows}
    if not approvals:
        yield Finding("templates", "warning", "no buttons: `admin_cli.py whatsapp provision`")
        return
    waiting = sorted(name for name, word in approvals.items() if word not in ("", APPROVED))
    if waiting:
        says = f"Meta has not approved {', '.join(waiting)}: see `admin_cli.py whatsapp templates`"
        yield Finding("templates", "warning", says)
