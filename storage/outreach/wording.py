"""What a broadcast says in each language, and whether that may be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlmodel import col

from flows.messages import Outbound
from flows.outreach.letter import broadcast as letter
from flows.speech import Languages
from storage import listings
from storage.audit import By, record
from storage.listings import SOURCE_LANGUAGE, hashed
from storage.models import BroadcastText

_TEXT: Any = BroadcastText.__table__  # type: ignore[attr-defined]
_OF_OFFERS = {"own": "reviewed", "unreviewed": "unreviewed", "stale": "stale"}


@dataclass(frozen=True, slots=True)
class Words:
    """``state``: missing, stale (the Italian has changed since), unreviewed, or reviewed."""

    text: str
    state: str


def words(connection: Connection, broadcast: Mapping[str, Any], language: str) -> Words:
    """What it says in one language."""
    if broadcast["listing_id"]:
        return _of_offer(connection, broadcast["listing_id"], language)
    texts = {row.language: row for row in _rows(connection, broadcast["id"])}
    if not (row := texts.get(language)) or not row.text:
        return Words("", "missing")
    if language == SOURCE_LANGUAGE:
        return Words(row.text, "reviewed")
    source = texts.get(SOURCE_LANGUAGE)
    if source is None or row.made_from != hashed(source.text):
        return Words(row.text, "stale")
    return Words(row.text, "reviewed" if row.reviewed_by else "unreviewed")


def letters(
    connection: Connection, broadcast: Mapping[str, Any], languages: Languages
) -> dict[str, Outbound]:
    """By the reader's language: its own words where they are ready, else the declared fallback's.

    A language that has neither is not in it: nothing goes to those who read it.
    """
    found: dict[str, Outbound] = {}
    fallback = broadcast["fallback"]
    instead = words(connection, broadcast, fallback) if fallback else Words("", "missing")
    start = _start(broadcast)
    for code in languages:
        own = words(connection, broadcast, code)
        if own.state == "reviewed":
            found[code] = letter(own.text, languages[code], languages[code], start)
        elif instead.state == "reviewed":
            found[code] = letter(instead.text, languages[code], languages[fallback], start)
    return found


def save(
    connection: Connection, id: int, texts: Mapping[str, str], reviewed: frozenset[str], by: By
) -> None:
    """Keep these words, each translation as made from the Italian that is there then.

    ``reviewed`` are the languages that somebody who speaks them has read; an empty text removes it.
    """
    now = {row.language: row for row in _rows(connection, id)}
    source = texts.get(SOURCE_LANGUAGE) or (
        now[SOURCE_LANGUAGE].text if SOURCE_LANGUAGE in now else ""
    )
    for language in {*texts, *reviewed}:
        old = now.get(language)
        text = texts.get(language, old.text if old else "")
        made_from = hashed(source) if language in texts or old is None else old.made_from
        _replace(connection, id, language, text, made_from, by if language in reviewed else None)
    after = {"texts": sorted(texts), "reviewed": sorted(reviewed)}
    record(connection, by, "broadcast texts", [(f"broadcast:{id}", None, after)])


def copy(connection: Connection, of: int, to: int) -> None:
    """The same words for another broadcast."""
    for row in _rows(connection, of):
        connection.execute(_TEXT.insert().values({**row._mapping, "broadcast_id": to}))


def _replace(
    connection: Connection, id: int, language: str, text: str, made_from: str, by: By | None
) -> None:
    connection.execute(
        delete(_TEXT).where(_TEXT.c.broadcast_id == id, _TEXT.c.language == language)
    )
    if text:
        row = BroadcastText(
            broadcast_id=id,
            language=language,
            text=text,
            made_from=made_from,
            reviewed_by=by.operator if by else "",
        )
        connection.execute(_TEXT.insert().values(row.model_dump()))


def _rows(connection: Connection, id: int) -> list[Any]:
    query = select(_TEXT).where(col(BroadcastText.broadcast_id) == id)
    return list(connection.execute(query))


def _of_offer(connection: Connection, id: str, language: str) -> Words:
    offer = listings.one(connection, id, language)
    if offer is None or offer.language != language:
        return Words("", "missing")
    # in few lines, so that WhatsApp draws the button as one
    text = f"{offer.title}\n{' '.join(offer.summary.split())}"
    return Words(text, _OF_OFFERS.get(offer.words, "missing"))


def _start(broadcast: Mapping[str, Any]) -> str:
    offer = broadcast["listing_id"]
    return f"news-{broadcast['id']}-{offer}" if offer else ""
