"""Charts: a table as static bars in SVG, drawn by pygal, without anything that is loaded or runs.

pygal refers to a script of another site and asks for it; scripts and styles are taken out here.
"""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from storage.report.drawing import pygal
from storage.report.hatching import paint
from storage.report.words import Words
from storage.stats.bars import Bars, drawn
from storage.stats.disclosure import HIDDEN
from storage.stats.table import Row, Table

_SVG = "{http://www.w3.org/2000/svg}"
_DROPPED = ("script", "style", "desc", "title", "defs")
_WIDTH, _BETWEEN, _BAR = 400, 12, 17
_FONT, _LONGEST = 13, 30
_ROOM = 0.09  # of the longest bar: what a number needs to stand in a part of it


def svg(table: Table, bars: Bars, words: Words, finding: str, title: str) -> str:
    """The chart as an image with a title and a description, for those who do not see it."""
    library = pygal()
    kind = library.HorizontalStackedBar if bars.piled else library.HorizontalBar
    chart = kind(_settings(library, bars))
    upwards = bars.rows[::-1]  # pygal begins at the bottom
    chart.x_labels = [_label(table, row, bars, words) for row in upwards]
    for place in bars.columns:
        values = [drawn(row[place]) for row in upwards]
        chart.add("", [_worded(value, table, place, bars, words) for value in values])
    root = ElementTree.fromstring(chart.render())  # noqa: S314 -- what was just drawn
    _take_out(root)
    _paint(root)
    return _described(root, f"chart-{table.name}", title, finding)


def _label(table: Table, row: Row, bars: Bars, words: Words) -> str:
    """A star where a number is hidden: no bar there is not zero."""
    label = words.label(table, row)
    label = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
    return label + (" *" if any(row[n] == HIDDEN for n in bars.columns) else "")


def _worded(
    value: float | None, table: Table, place: int, bars: Bars, words: Words
) -> dict[str, Any]:
    """The number stands on its bar, where there is room for it."""
    fits = value is not None and (not bars.piled or value >= bars.most * _ROOM)
    says = words.cell(table.columns[place], value) if fits else ""
    return {"value": value, "formatter": lambda _: says}


def _settings(library: Any, bars: Bars) -> Any:
    each = 1.3 if bars.piled else len(bars.columns)
    style = library.style.Style(
        label_font_size=_FONT,
        major_label_font_size=_FONT,
        value_font_size=_FONT,
        font_family="sans-serif",
    )
    return library.Config(
        js=[],
        style=style,
        width=_WIDTH,
        height=round(len(bars.rows) * (each * _BAR + _BETWEEN)) + 16,
        margin=4,
        show_legend=False,
        truncate_label=-1,
        print_values=True,
        show_x_guides=False,
        show_x_labels=False,
        range=(0, bars.most * 1.12),
        disable_xml_declaration=True,
    )


def _take_out(root: ElementTree.Element) -> None:
    """Scripts, styles (the page has its own), namespaces, names, a scale, bars of nothing."""
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.attrib.pop("id", None)
    for parent in list(root.iter()):
        for child in list(parent):
            empty = child.tag == "rect" and not child.get("width")
            if empty or child.tag in _DROPPED or child.get("class") == "axis x":
                parent.remove(child)


def _paint(root: ElementTree.Element) -> None:
    for group in root.iter("g"):
        series = [c[6:] for c in (group.get("class") or "").split() if c.startswith("serie-")]
        if not series:
            continue
        for bar in [g for g in group.iter("g") if g.get("class") == "bar"]:
            bar.extend([paint(rect, int(series[0])) for rect in bar.findall("rect")])


def _described(root: ElementTree.Element, name: str, title: str, finding: str) -> str:
    root.attrib = {
        "class": "chart",
        "viewBox": root.get("viewBox", ""),
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
    }
    for place, (tag, says) in enumerate((("title", title), ("desc", finding))):
        element = ElementTree.Element(tag, {"id": f"{name}-{tag}"})
        element.text = says
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def legend(table: Table, bars: Bars, words: Words) -> Sequence[tuple[int, str]]:
    """Place and name of each series, in the order of the bars."""
    return [(n, words.head(table.columns[at].name)) for n, at in enumerate(bars.columns)]
