"""What is done on certain days: the weekly digest, and asking whether offers still hold.

Each is written down in the transaction that does it (`storage.job_runs`): a tick that comes late
catches up once, and one that comes twice does nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from bot.channel import OURS, Received
from bot.packing import packed
from flows.messages import Inbound, Outbound
from flows.speech import Speech
from storage import notices
from storage.audit import By
from storage.content import freshness, providers
from storage.job_runs import claim
from storage.models import Inbox
from storage.tickets import group

DIGEST_AT, ASKING_AT = time(8), time(10)


class Chores:
    """The daily and weekly work of one desk; ``chat`` is the operators' Telegram chat, or empty."""

    def __init__(self, speech: Speech, zone: ZoneInfo, chat: str) -> None:
        self._speech, self._zone, self._chat = speech, zone, chat

    def run(self, connection: Connection, now: datetime) -> None:
        """Do what is due and not done yet."""
        local = now.astimezone(self._zone)
        today = local.date()
        monday = today - timedelta(days=today.weekday())
        digest_at = datetime.combine(monday, DIGEST_AT, self._zone)
        if local >= digest_at and claim(connection, "digest", monday, now):
            self._digest(connection, today, now)
        if local.time() >= ASKING_AT and claim(connection, "ask_providers", today, now):
            providers.pause_silent(connection, today, now)
            self._ask_providers(connection, today, now)

    def _digest(self, connection: Connection, today: date, now: datetime) -> None:
        text = digest(freshness.findings(connection, today), self._speech)
        notices.add(connection, By(providers.BY_ITSELF, now), "digest", "", text)
        if self._chat:
            body = json.dumps(Outbound(text, self._speech.code).to_json(), ensure_ascii=False)
            group.post(connection, self._chat, body, now)

    def _ask_providers(self, connection: Connection, today: date, now: datetime) -> None:
        """As if they had opened the question themselves: it waits in the inbox for its turn."""
        for question in providers.due(connection, today, now):
            number = f"{OURS}still:{question.offer}:{today}"
            start = Inbound(start=f"still-{question.offer}")
            received = Received(question.channel, number, question.address, start)
            row = Inbox(
                channel=question.channel,
                external_id=number,
                address=question.address,
                body=packed(received),
                received_at=now,
            )
            connection.execute(insert(Inbox), [row.model_dump(exclude={"id"})])


def digest(findings: Iterable[freshness.Finding], speech: Speech) -> str:
    """What needs care, counted, in the desk's language."""
    _, ngettext = speech.gettext, speech.ngettext
    counts = Counter(finding.kind.partition(":")[0] for finding in findings)
    n = counts
    lines = {
        "ended": ngettext("{n} offer has ended", "{n} offers have ended", n["ended"]),
        "ends": ngettext("{n} offer ends soon", "{n} offers end soon", n["ends"]),
        "unchecked": ngettext(
            "{n} offer was not checked lately", "{n} offers were not checked lately", n["unchecked"]
        ),
        "language": ngettext(
            "{n} translation is missing or old",
            "{n} translations are missing or old",
            n["language"],
        ),
        "twice": ngettext(
            "{n} offer seems to be there twice", "{n} offers seem double", n["twice"]
        ),
        "phone": ngettext(
            "{n} offer has a wrong phone number", "{n} offers have a wrong phone number", n["phone"]
        ),
    }
    found = [speech.fill(text, n=n[kind]) for kind, text in lines.items() if n[kind]]
    if not found:
        return _("📋 The offers this week: all is in order.")
    return "\n".join((_("📋 The offers this week:"), *found))
