"""What a table says, in a sentence or two: the head of the report, and for who sees no chart."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from storage.report.words import Words
from storage.stats.bars import AS_THEY_STAND, weight
from storage.stats.disclosure import BASE, HIDDEN
from storage.stats.table import ALL, Row, Table, Value

_SHARES = ("offers", "answered", "complete")
_MOST = 3


def served_worst_first(table: Table) -> Table:
    """The rows of `quality` in the order of what they show; hidden ones last."""
    return replace(table, rows=tuple(sorted(table.rows, key=lambda row: _served(table, row))))


def most_first(table: Table, rows: Sequence[Row]) -> list[Row]:
    """By what is told of them: what is hidden comes after it, and the sum last."""
    if table.in_order or table.name in AS_THEY_STAND:
        return list(rows)
    places = [n for n, column in enumerate(table.columns) if column.kind in ("people", "open")]
    place = table.names.index(table.whole) if table.whole else next(iter(places), 0)
    sums = bool(table.block) and all(map(table.is_total, rows))
    return sorted(
        rows,
        key=lambda row: (table.is_total(row) and not sums, -weight(row[place])),
    )


def finding(table: Table, words: Words) -> str:
    """What stands out; empty where nothing does."""
    tell = _FINDINGS.get(table.name, _largest)
    return " ".join(tell(table, words))


def without_offers(table: Table) -> list[Row]:
    """Needs for which there is not one offer anywhere, most people first."""
    offers, people = table.names.index("offers"), table.names.index("people")
    found = [
        row
        for row in table.rows
        if table.is_total(row) and not row[offers] and (row[people] == HIDDEN or row[people])
    ]
    return sorted(found, key=lambda row: -_number(row[people]))


def _quality(table: Table, words: Words) -> Iterator[str]:
    _ = words.gettext
    known = [row for row in table.rows if _mean(table, row) is not None]
    if not known:
        yield _("No language has enough people to tell.")
        return
    worst = min(known, key=lambda row: _served(table, row))
    named = [table.columns[n] for n in _places(table) if isinstance(worst[n], int | float)]
    shares = [
        words.fill(_("{what}: {share}"), what=_what(words, c.name), share=words.cell(c, v))
        for c, v in ((c, worst[table.names.index(c.name)]) for c in named)
    ]
    language = words.label(table, worst)
    yield words.fill(
        _("Served worst: {language} ({shares})."), language=language, shares="; ".join(shares)
    )
    if unknown := [words.label(table, row) for row in table.rows if row not in known]:
        text = _("Too few people to tell: {languages}.")
        yield words.fill(text, languages=words.listed(unknown))


def _what(words: Words, name: str) -> str:
    _ = words.gettext
    return {
        "offers": _("were shown an offer that fits"),
        "answered": _("had a question answered"),
        "complete": _("finished the first questions"),
    }[name]


def _needs(table: Table, words: Words) -> Iterator[str]:
    _ = words.gettext
    people = table.names.index("people")
    if missing := without_offers(table):
        needs = [_with_number(table, row, people, words) for row in missing[:_MOST]]
        yield words.fill(_("Not one offer for: {needs}."), needs=words.listed(needs))
    elif any(map(table.is_total, table.rows)):
        yield _("There is at least one offer for each need.")
    yield from _largest(table, words)


def _hours(table: Table, words: Words) -> Iterator[str]:
    _ = words.gettext
    people = table.names.index("people")
    missing = without_offers(table)
    for row in missing[:_MOST]:
        where = {
            line[table.keys - 1]
            for line in table.rows
            if line[: table.block] == row[: table.block] and line[people]
        } - {ALL}
        text = words.ngettext(
            "{need}: {people}, no offer, {n} comune.",
            "{need}: {people}, no offer, {n} comuni.",
            len(where),
        )
        if not where:
            text = _("{need}: {people}, no offer.")
        told = _people(row[people], words)
        yield words.fill(text, need=words.label(table, row), people=told, n=len(where))
    if not missing and table.rows:
        yield _("There is at least one offer at each hour that was asked for.")


def _intake(table: Table, words: Words) -> Iterator[str]:
    _ = words.gettext
    left, reached = table.names.index("left"), table.names.index("reached")
    rows = [row for row in table.rows if table.is_total(row) and _number(row[left]) > 0]
    if not rows:
        return
    worst = max(rows, key=lambda row: _number(row[left]))
    yield words.fill(
        _("Most people stop at: {question} ({left} of {reached})."),
        question=words.label(table, worst),
        left=words.cell(table.columns[left], worst[left]),
        reached=words.cell(table.columns[reached], worst[reached]),
    )


def _grown(table: Table, words: Words) -> Iterator[str]:
    """Kinds of work that more people asked for in the last part of the period than in the first."""
    _ = words.gettext
    people = table.names.index("people")
    times = sorted({str(row[1]) for row in table.rows})
    if len(times) < 2:
        return
    told = {(row[0], row[1]): row[people] for row in table.rows}
    grown = []
    for sector in {row[0] for row in table.rows}:
        before, after = told.get((sector, times[0])), told.get((sector, times[-1]))
        # What is rounded to 5 may differ by 5 where there is hardly any difference.
        if isinstance(before, int) and isinstance(after, int) and after > before + BASE:
            grown.append((before - after, words.key("sector", sector), before, after))
    if most := sorted(grown)[:_MOST]:
        named = [
            words.fill(_("{what} ({before} → {after})"), what=name, before=before, after=after)
            for _change, name, before, after in most
        ]
        text = _("Asked for more in {last} than in {first}: {rows}.")
        first, last = words.head(times[0]), words.head(times[-1])
        yield words.fill(text, first=first, last=last, rows=words.listed(named))


def _largest(table: Table, words: Words) -> Iterator[str]:
    """The rows with the largest numbers, in the column of the sum or the first that counts."""
    _ = words.gettext
    counted = [n for n, c in enumerate(table.columns) if c.kind in ("people", "open")]
    if not counted:
        return
    place = table.names.index(table.whole) if table.whole else counted[0]
    blocks = bool(table.block) and any(map(table.is_total, table.rows))
    rows = [row for row in table.rows if table.is_total(row) == blocks]
    shown = sorted(
        (row for row in rows if _number(row[place]) > 0), key=lambda r: -_number(r[place])
    )
    if shown:
        most = [_with_number(table, row, place, words) for row in shown[:_MOST]]
        yield words.fill(_("Most: {rows}."), rows=words.listed(most))
    if hidden := sum(row[place] == HIDDEN for row in rows):
        text = words.ngettext("{n} row is hidden.", "{n} rows are hidden.", hidden)
        yield words.fill(text, n=words.number(hidden))


def _with_number(table: Table, row: Row, place: int, words: Words) -> str:
    value = words.cell(table.columns[place], row[place], row)
    return words.fill(words.gettext("{what} ({n})"), what=words.label(table, row), n=value)


def _people(value: Value, words: Words) -> str:
    if value == HIDDEN:
        return words.gettext("a hidden number of people")
    n = int(value or 0)
    return words.fill(words.ngettext("{n} person", "{n} people", n), n=words.number(n))


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _places(table: Table) -> list[int]:
    return [table.names.index(name) for name in _SHARES if name in table.names]


def _mean(table: Table, row: Row) -> float | None:
    known = [value for n in _places(table) if isinstance(value := row[n], int | float)]
    return sum(known) / len(known) if known else None


def _served(table: Table, row: Row) -> tuple[float, str]:
    mean = _mean(table, row)
    return (101.0 if mean is None else mean, str(row[0]))


_FINDINGS: dict[str, Callable[[Table, Words], Iterator[str]]] = {
    "quality": _quality,
    "needs_by_group": lambda table, words: iter(()),
    "needs": _needs,
    "needs_by_hour": _hours,
    "intake": _intake,
    "work_over_time": _grown,
}
