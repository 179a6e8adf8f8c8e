"""Statistics as files: a folder with XLSX, CSV, JSON, and a manifest that says what they are."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from storage.content.cells import guarded
from storage.content.sheets import write_csv
from storage.stats.sheet_charts import add_charts
from storage.stats.table import Table, Value

_DEFINITIONS = ("table", "column", "kind", "what it means")
_WIDTH = 16


def write_files(folder: Path, tables: Sequence[Table], about: dict[str, Any]) -> Path:
    """Write them into a folder that is made; the manifest, which it returns, comes last."""
    folder.mkdir(parents=True)
    _write_json(folder / "statistics.json", {**about, "tables": [t.to_json() for t in tables]})
    _write_xlsx(folder / "statistics.xlsx", tables)
    for table in tables:
        rows = ([_text(value) for value in row] for row in table.rows)
        write_csv(folder / f"{table.name}.csv", table.names, rows)
    write_csv(folder / "definitions.csv", _DEFINITIONS, _definitions(tables))
    written = sorted(folder.iterdir())
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written}
    manifest = folder / "manifest.json"
    _write_json(manifest, {**about, "sha256": sums})
    return manifest


def _write_json(path: Path, content: dict[str, Any]) -> None:
    said = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(f"{said}\n", encoding="utf-8")


def _write_xlsx(path: Path, tables: Sequence[Table]) -> None:
    from openpyxl import Workbook  # imported only where needed: it costs 0.2 s

    book = Workbook()
    del book[book.sheetnames[0]]
    _fill(book.create_sheet("definitions"), _DEFINITIONS, _definitions(tables))
    for table in tables:
        _fill(book.create_sheet(table.name), table.names, table.rows)
    add_charts(book, tables)
    book.save(path)


def _fill(sheet: Any, names: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Numbers stay numbers; no text is a formula."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.append(list(names))
    for row in rows:
        sheet.append([guarded(value) if isinstance(value, str) else value for value in row])
    for number, cell in enumerate(sheet[1], start=1):
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTH
    sheet.freeze_panes = "A2"


def _definitions(tables: Sequence[Table]) -> list[list[str]]:
    rows = []
    for table in tables:
        rows.append([table.name, "", "", table.says])
        rows += [[table.name, column.name, column.kind, column.says] for column in table.columns]
    return rows


def _text(value: Value) -> str:
    return "" if value is None else str(value)
