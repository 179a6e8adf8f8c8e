"""Offers to a spreadsheet that `storage.content.importing` reads back."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.content.cells import write
from storage.content.fields import DETAILS, Field, all_fields, fields_of
from storage.content.records import Record
from storage.content.sheets import ContentError, Mistake, write_csv, write_xlsx

_EXAMPLE = {
    "summary": "Due frasi semplici.",
    "organisation": "Cooperativa Esempio",
    "comune": "Asti",
    "phone": "0141 000 000",
    "valid_until": "+30d",
    "checked_on": "+0d",
    "checked_by": "il tuo nome",
    "source": "phone",
    "status": "draft",
}
_EXAMPLES = {
    "job": {"title": "Raccolta dell'uva", "sector": "agriculture", "hours": "mon-fri 07:00-15:00"},
    "training": {"title": "Corso di italiano A1", "kind": "course", "starts_on": "+14d"},
    "housing": {"title": "Bilocale arredato", "kind": "flat", "rent": "350", "rooms": "2"},
    "transport": {"title": "Passaggio per Asti", "kind": "ride_share", "area": "Monale|Asti"},
    "childcare": {"title": "Doposcuola", "kind": "after_school", "age_min_months": "72"},
    "community": {"title": "Camminata", "kind": "walk", "on": "+10d", "price": "0"},
    "service": {"title": "Sportello", "kind": "desk", "hours": "mon,thu 09:00-12:30"},
}


def write_offers(path: Path, records: Iterable[Record], topics: Sequence[str] | None) -> None:
    """One sheet for each topic (.xlsx), or one table (.csv). Raises ContentError."""
    rows = [
        {name: write(all_fields()[name], value) for name, value in record.items()}
        for record in records
    ]
    _write(path, rows, topics or tuple(DETAILS))


def write_template(path: Path, topics: Sequence[str] | None) -> None:
    """The same with one example for each topic: a draft, which nobody is shown."""
    topics = topics or tuple(DETAILS)
    rows = [
        {"id": f"example_{topic}", "topic": topic, **_EXAMPLE, **_EXAMPLES[topic]}
        for topic in topics
    ]
    _write(path, rows, topics)


def _write(path: Path, rows: list[dict[str, str]], topics: Sequence[str]) -> None:
    match path.suffix.lower():
        case ".csv":
            fields = list(all_fields() if len(topics) > 1 else fields_of(topics[0]))
            write_csv(path, fields, ([row.get(name, "") for name in fields] for row in rows))
        case ".xlsx":
            write_xlsx(path, {topic: _sheet(topic, rows) for topic in topics})
        case _:
            raise ContentError([Mistake(path.name, 0, "", "", "a name ending in .csv or .xlsx")])


def _sheet(topic: str, rows: list[dict[str, str]]) -> tuple[list[Field], list[list[str]]]:
    fields = list(fields_of(topic).values())
    mine = [row for row in rows if row["topic"] == topic]
    return fields, [[row.get(field.name, "") for field in fields] for row in mine]
