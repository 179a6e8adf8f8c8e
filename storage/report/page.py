"""A report as one HTML file: nothing runs in it, and nothing is loaded from anywhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path

from storage.report.charts import legend, svg
from storage.report.crossing import crossed, over_time
from storage.report.findings import finding, most_first, served_worst_first
from storage.report.hatching import swatch
from storage.report.words import Words
from storage.stats.bars import Bars, bars_of
from storage.stats.disclosure import BASE, HIDDEN, K
from storage.stats.scope import Scope
from storage.stats.table import ALL, Column, Row, Table

_CSS = Path(__file__).with_name("page.css")
_FIRST = ("quality", "needs", "needs_by_hour", "unmet", "intake", "questions")
_BESIDE = 6  # columns of a table that has room beside a chart
_SHORT = 20  # rows that stay on one page when printed
_NUMBERS = ("people", "base", "open", "share", "number")


@dataclass(frozen=True, slots=True)
class About:
    """What a report is of; ``inside``: it shows small numbers."""

    scope: Scope
    at: datetime
    definitions: str
    inside: bool


def page(tables: Sequence[Table], about: About, words: Words) -> str:
    """The whole report, what matters most first."""
    ordered = _ordered(tables, words)
    body = [
        *_head(about, words),
        *_first(ordered, words),
        *_contents(ordered, words),
        *(line for table in ordered for line in _section(table, words)),
        *_definitions(ordered, words),
        *_method(about, words),
    ]
    title = escape(f"{_title(words)}: {_period(about, words)}")
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{words.speech.code}">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="robots" content="noindex">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "style-src 'unsafe-inline'\">",
            f"<title>{title}</title>",
            f"<style>{_style()}</style></head>",
            "<body>",
            *body,
            "</body></html>\n",
        ]
    )


@cache
def _style() -> str:
    return _CSS.read_text(encoding="utf-8")


def _ordered(tables: Sequence[Table], words: Words) -> list[Table]:
    """As in `names.tables`; tables that are not named there come at the end."""
    order = {name: place for place, name in enumerate(words.titles)}
    found = [served_worst_first(t) if t.name == "quality" else t for t in tables]
    return sorted(found, key=lambda table: order.get(table.name, len(order)))


def _title(words: Words) -> str:
    return words.gettext("Report of the opportunities desk")


def _period(about: About, words: Words) -> str:
    first, last = words.day(about.scope.first), words.day(about.scope.last)
    return words.fill(words.gettext("{first} to {last}"), first=first, last=last)


def _head(about: About, words: Words) -> Iterator[str]:
    _ = words.gettext
    yield f"<header><h1>{escape(_title(words))}</h1>"
    yield f"<p><strong>{escape(_period(about, words))}</strong></p>"
    if about.inside:
        warning = _("For use inside of the desk only: small numbers may tell who somebody is.")
        yield f'<p class="inside">{escape(warning)}</p>'
    else:
        note = words.fill(
            _(
                "Numbers of people are rounded to {base}. “{hidden}”: fewer than {k}, or a number "
                "from which fewer than {k} could be worked out. It does not mean zero."
            ),
            base=BASE, k=K, hidden=words.hidden,
        )  # fmt: skip
        yield f'<p class="about">{escape(note)}</p>'
    yield "</header>"


def _first(tables: Sequence[Table], words: Words) -> Iterator[str]:
    """The findings that matter most, the language served worst before all."""
    _ = words.gettext
    yield f'<div class="first"><h2>{escape(_("What matters most"))}</h2><ul>'
    for table in tables:
        if table.name in _FIRST and (said := finding(table, words)):
            title = escape(words.title(table))
            yield f'<li><a href="#{table.name}">{title}</a>: {escape(said)}</li>'
    yield "</ul></div>"


def _contents(tables: Sequence[Table], words: Words) -> Iterator[str]:
    yield f'<nav aria-label="{escape(words.gettext("Contents"))}"><ol>'
    for table in tables:
        yield f'<li><a href="#{table.name}">{escape(words.title(table))}</a></li>'
    yield "</ol></nav>"


def _section(table: Table, words: Words) -> Iterator[str]:
    """A heading, what stands out, the chart, and the table beside it."""
    said = finding(table, words)
    wide = ' class="stacked"' if len(table.columns) > _BESIDE else ""
    yield f'<section id="{table.name}"{wide}><div class="together">'
    yield f"<h2>{escape(words.title(table))}</h2>"
    yield f'<p class="about">{escape(words.said(table.says))}</p>'
    if said:
        yield f"<p><strong>{escape(said)}</strong></p>"
    yield _figure(table, said or words.said(table.says), words)
    yield "</div>"
    yield from _tables(table, words)
    yield "</section>"


def _figure(table: Table, says: str, words: Words) -> str:
    """Empty where there is nothing to draw."""
    shown = over_time(table, "people") if table.name == "work_over_time" else table
    bars = bars_of(shown)
    if not bars:
        return ""
    drawn = svg(shown, bars, words, says, words.title(table))
    return f"<figure>{drawn}{_legend(shown, bars, words)}{_caption(bars, words)}</figure>"


def _tables(table: Table, words: Words) -> Iterator[str]:
    """The sums, and on demand all rows, of what has blocks; else the table."""
    _ = words.gettext
    sums = [row for row in table.rows if table.is_total(row)]
    if not table.rows:
        yield f"<p>{escape(_('Nothing in this period, or too little to be told.'))}</p>"
    elif table.name == "needs_by_group":
        for _by, one in crossed(table):
            yield from _table(one, one.rows, words)
    elif table.name == "work_over_time":
        for name in ("people", "published"):
            one = over_time(table, name)
            yield from _table(one, one.rows, words, words.head(name))
    elif table.block and sums:
        yield from _table(table, most_first(table, sums), words)
        yield f"<details><summary>{escape(_('All rows'))}</summary>"
        yield from _table(table, table.rows, words)
        yield "</details>"
    else:
        yield from _table(table, most_first(table, table.rows), words)


def _legend(table: Table, bars: Bars, words: Words) -> str:
    items = (f"<li>{swatch(n)} {escape(name)}</li>" for n, name in legend(table, bars, words))
    return f'<ul class="legend" aria-hidden="true">{"".join(items)}</ul>'


def _caption(bars: Bars, words: Words) -> str:
    hidden = any(row[n] == HIDDEN for row in bars.rows for n in bars.columns)
    if not hidden:
        return ""
    says = words.gettext("* Hidden numbers are not drawn: no bar does not mean zero.")
    return f'<figcaption class="about">{escape(says)}</figcaption>'


def _table(table: Table, rows: Sequence[Row], words: Words, caption: str = "") -> Iterator[str]:
    """A column of keys in which every row says "all" is left out."""
    places = [n for n, column in enumerate(table.columns) if not _says_all(column, n, rows)]
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    short = " short" if len(rows) <= _SHORT else ""
    yield f'<div class="wide{short}"><table>{said}<thead><tr>'
    for column in (table.columns[n] for n in places):
        yield f'<th scope="col"{_class(column)}>{escape(words.head(column.name))}</th>'
    yield "</tr></thead><tbody>"
    for row in rows:
        total = ' class="sum"' if table.is_total(row) and not table.block else ""
        cells = (_cell(table.columns[n], row, n, words) for n in places)
        yield f"<tr{total}>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _says_all(column: Column, place: int, rows: Sequence[Row]) -> bool:
    return column.kind == "key" and place > 0 and all(row[place] == ALL for row in rows)


def _cell(column: Column, row: Row, place: int, words: Words) -> str:
    said = escape(words.cell(column, row[place], row))
    if place == 0:
        return f'<th scope="row">{said}</th>'
    if column.kind == "key":
        return f"<td>{said}</td>"
    hidden = " hidden" if row[place] == HIDDEN else ""
    return f'<td class="n{hidden}">{said}</td>'


def _class(column: Column) -> str:
    return ' class="n"' if column.kind in _NUMBERS else ""


def _definitions(tables: Sequence[Table], words: Words) -> Iterator[str]:
    _ = words.gettext
    yield f'<section id="definitions"><h2>{escape(_("What the numbers mean"))}</h2>'
    for table in tables:
        yield f"<h3>{escape(words.title(table))}</h3><dl>"
        for column in table.columns:
            head, says = words.head(column.name), words.said(column.says)
            yield f"<dt>{escape(head)}</dt><dd>{escape(says)}</dd>"
        yield "</dl>"
    yield "</section>"


def _method(about: About, words: Words) -> Iterator[str]:
    _ = words.gettext
    text = _("Counted on {at}. Definitions: version {version}. People are counted, not messages.")
    at = words.moment(about.at.astimezone(about.scope.zone))
    said = words.fill(text, at=at, version=about.definitions)
    yield f'<footer><p class="about">{escape(said)}</p></footer>'
