"""Charts in the workbook: a sheet with the numbers that are drawn, and a bar chart beside each."""

from collections.abc import Sequence
from typing import Any

from storage.content.cells import guarded
from storage.stats.bars import Bars, bars_of, drawn
from storage.stats.disclosure import HIDDEN
from storage.stats.table import ALL, Row, Table

_SHEET = "charts"
_COLOURS = ("0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00")
_HATCHINGS: tuple[Any, ...] = ("", "wdUpDiag", "narVert", "narHorz", "wdDnDiag", "smGrid")
_NOTE = "* A number is hidden: where there is no bar, it does not mean zero."
_FIRST_CHART, _LINES_EACH, _CM_EACH = "J", 2, 0.5


def add_charts(book: Any, tables: Sequence[Table]) -> None:
    """A sheet of its own, last; none where there is nothing to draw."""
    found = [(table, bars) for table in tables if (bars := bars_of(table))]
    if not found:
        return
    sheet = book.create_sheet(_SHEET)
    sheet.column_dimensions["A"].width = 40
    sheet["A1"] = _NOTE
    line = 3
    for table, bars in found:
        _numbers(sheet, line, table, bars)
        chart = _chart(sheet, line, table, bars)
        sheet.add_chart(chart, f"{_FIRST_CHART}{line}")
        line += max(len(bars.rows) + 2, round(chart.height / _CM_EACH)) + _LINES_EACH


def _numbers(sheet: Any, line: int, table: Table, bars: Bars) -> None:
    """What a chart refers to. A hidden number is an empty cell: spreadsheets draw a word as 0."""
    heads = [table.name, *(table.names[n] for n in bars.columns)]
    for place, head in enumerate(heads, start=1):
        sheet.cell(line, place, head)
    for number, row in enumerate(bars.rows, start=line + 1):
        sheet.cell(number, 1, guarded(_label(table, row, bars)))
        for place, column in enumerate(bars.columns, start=2):
            sheet.cell(number, place, drawn(row[column]))


def _label(table: Table, row: Row, bars: Bars) -> str:
    keys = [str(key) for key in row[: table.keys] if key not in (ALL, "", None)]
    star = " *" if any(row[n] == HIDDEN for n in bars.columns) else ""
    return (", ".join(keys) or ALL) + star


def _chart(sheet: Any, line: int, table: Table, bars: Bars) -> Any:
    """The first row on top; the numbers stand on the bars."""
    from openpyxl.chart import BarChart, Reference
    from openpyxl.chart.label import DataLabelList

    chart = BarChart()
    chart.type, chart.title = "bar", table.name
    chart.grouping, chart.overlap = ("stacked", 100) if bars.piled else ("clustered", 0)
    chart.width, chart.height = 18, _height(bars)
    last = line + len(bars.rows)
    series = Reference(sheet, min_col=2, max_col=1 + len(bars.columns), min_row=line, max_row=last)
    chart.add_data(series, titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=line + 1, max_row=last))
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.crosses = "max"  # below, although the first row is on top
    chart.legend.position = "b"
    for place, one in enumerate(chart.series):
        _paint(one, place)
        one.dLbls = DataLabelList(showVal=True, showSerName=False, showCatName=False)
        one.dLbls.showLegendKey = one.dLbls.showPercent = False
    return chart


def _paint(series: Any, place: int) -> None:
    """A colour and a hatching of its own (`storage.report.hatching` says whose colours)."""
    from openpyxl.drawing.colors import ColorChoice
    from openpyxl.drawing.fill import PatternFillProperties

    look = series.graphicalProperties
    colour: Any = _COLOURS[place % len(_COLOURS)]
    white: Any = "FFFFFF"
    hatching = _HATCHINGS[place % len(_HATCHINGS)]
    if not hatching:
        look.solidFill = colour
        return
    lines, own = ColorChoice(srgbClr=white), ColorChoice(srgbClr=colour)
    look.pattFill = PatternFillProperties(prst=hatching, fgClr=lines, bgClr=own)


def _height(bars: Bars) -> float:
    each = 1 if bars.piled else len(bars.columns)
    return 3.5 + len(bars.rows) * (0.3 + 0.45 * each)
