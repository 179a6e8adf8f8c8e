"""Questions that were not understood: the most valuable thing the assistant hears.

Kept only of who agreed, scrubbed, for 30 days (`storage.retention`). An operator says what they
mean.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import Connection, delete, insert, select, update
from sqlmodel import col

from storage.audit import By, record
from storage.models import Unanswered

ALIKE = 70
_TABLE: Any = Unanswered.__table__  # type: ignore[attr-defined]


def keep(
    connection: Connection,
    contact_id: int,
    now: datetime,
    language: str,
    intent: str,
    comune: str,
    text: str,
) -> None:
    """Keep one, scrubbed already."""
    row = Unanswered(
        contact_id=contact_id, at=now, language=language, intent=intent, comune=comune, text=text
    )
    connection.execute(insert(_TABLE), [row.model_dump(exclude={"id"})])


def forget_of(connection: Connection, contact_id: int) -> None:
    """The person took the consent back."""
    connection.execute(delete(_TABLE).where(_TABLE.c.contact_id == contact_id))


def unanswered(connection: Connection, language: str = "") -> list[dict[str, Any]]:
    """All of them, alike ones together under the number of a ``cluster``; the largest first."""
    names = ("id", "at", "language", "intent", "comune", "text", "label")
    query = select(*(_TABLE.c[name] for name in names)).order_by(_TABLE.c.id)
    if language:
        query = query.where(_TABLE.c.language == language)
    clusters: list[list[dict[str, Any]]] = []
    for row in connection.execute(query):
        _place(dict(row._mapping), clusters)
    clusters.sort(key=len, reverse=True)
    return [
        {"cluster": number, **row} for number, rows in enumerate(clusters, start=1) for row in rows
    ]


def label(connection: Connection, ids: Iterable[int], intent: str, by: By) -> int:
    """Say what these mean; how many there were."""
    found = connection.execute(
        update(_TABLE).where(col(Unanswered.id).in_(list(ids))).values(label=intent)
    ).rowcount
    record(connection, by, "label", [("questions", None, {"intent": intent, "count": found})])
    return found


def labelled(connection: Connection) -> list[tuple[str, str, str]]:
    """Language, meaning and text of what operators have labelled."""
    columns = (_TABLE.c.language, _TABLE.c.label, _TABLE.c.text)
    rows = connection.execute(select(*columns).where(_TABLE.c.label != "").order_by(_TABLE.c.id))
    return [(row[0], row[1], row[2]) for row in rows]


def _place(row: dict[str, Any], clusters: list[list[dict[str, Any]]]) -> None:
    for cluster in clusters:
        first = cluster[0]
        alike = fuzz.token_set_ratio(first["text"].lower(), row["text"].lower()) >= ALIKE
        if alike and first["language"] == row["language"]:
            cluster.append(row)
            return
    clusters.append([row])
