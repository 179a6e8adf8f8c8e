"""What may stand in a cell: read, written, and never run by a spreadsheet."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.hours import Hours, parse_hours, spell_hours
from storage.content.cells import WrongCellError, guarded, harmless, is_formula, read, write
from storage.content.fields import DETAILS, all_fields, fields_of

TODAY = date(2026, 11, 23)
FIELDS = all_fields()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("places", "12", 12),
        ("pay_min", "9.50", 9.5),
        ("pay_min", "9,50", 9.5),
        ("rent", "350.00", 350),
        ("ride", "yes", True),
        ("ride", "Sì", True),
        ("ride", "no", None),
        ("valid_until", "2027-03-28", "2027-03-28"),
        ("valid_until", "28/3/2027", "2027-03-28"),
        ("valid_until", "+20d", "2026-12-13"),
        ("hours", "Mon-Fri 8:00-12:30 ; sat 9:00", "mon-fri 08:00-12:30; sat 09:00"),
        ("hours", "lun-ven 8:00-12:00; Sabato,dom 9:00", "mon-fri 08:00-12:00; sat,sun 09:00"),
        ("hours", "mercoledì 14:00-18:00", "wed 14:00-18:00"),
        ("comune", "cocconato", "005042"),
        ("area", "Monale|Asti", ["005067", "005005"]),
        ("near", "bus|shops", ["bus", "shops"]),
        ("phone", "+39 0141 000 001", "+39 0141 000 001"),
        ("title", "'=SUM(1)", None),
        ("title", "  Vendemmia\x1b[31m \u202e ", "Vendemmia[31m"),
        ("summary", "", None),
        ("status", "Draft", "draft"),
        ("near", "Bus| SHOPS", ["bus", "shops"]),
        ("italian", "a2", "A2"),
        ("title", "\u2067Uva", "Uva"),
        ("title", "Uva\u2069 \u2068x", "Uva x"),
        ("title", "Uva \u2068Asti\u2069", "Uva \u2068Asti\u2069"),
    ],
)
def test_a_cell_is_read(name: str, text: str, value: object) -> None:
    if name == "title" and value is None:
        with pytest.raises(WrongCellError, match="formula"):
            read(FIELDS[name], text, TODAY)
    else:
        assert read(FIELDS[name], text, TODAY) == value


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("id", "Job 1", "1 to 24"),
        ("id", "x" * 25, "1 to 24"),
        ("comune", "Cocconatto", "Cocconato"),
        ("comune", "Atlantide", "official name"),
        ("status", "open", "draft, published"),
        ("valid_until", "31/02/2027", "a date"),
        ("valid_until", "soon", "a date"),
        ("checked_on", "+99999d", "a date"),
        ("places", "six", "a whole number"),
        ("places", "-1", "a whole number"),
        ("places", "٦", "a whole number"),
        ("pay_min", "1e3", "an amount"),
        ("ride", "maybe", "yes, no"),
        ("hours", "mon-domenica 8-9", "days and times"),
        ("hours", "fri-mon", "days and times"),
        ("hours", "25:00", "days and times"),
        ("near", "bus|moon", "bus, train"),
        ("email", "not an address", "e-mail"),
        ("title", "=cmd|'/c calc'!A1", "formula"),
        ("title", "＝1+1", "formula"),
        ("title", "@SUM(A1)", "formula"),
        ("summary", "x" * 1001, "at most 1000"),
        ("phone", "#REF!", "a spreadsheet's error"),
    ],
)
def test_a_wrong_cell_says_what_would_be_right(name: str, text: str, right: str) -> None:
    with pytest.raises(WrongCellError, match=right):
        read(FIELDS[name], text, TODAY)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_comes_back(text: str) -> None:
    for field in FIELDS.values():
        try:
            value = read(field, text, TODAY)
        except WrongCellError:
            continue
        assert read(field, guarded(write(field, value)), TODAY) == value


@pytest.mark.parametrize(
    "text", ["=1", " =1", "\u200b=1", "＝1", "+1", "-1", "@a", "\t=1", "\ufeff=1"]
)
def test_no_formula_leaves(text: str) -> None:
    assert is_formula(text)
    assert guarded(text).startswith("'") and harmless(guarded(text)) == text


@pytest.mark.parametrize("text", ["Pulizie", "'ndrangheta", "9.50", "", "mon-fri"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text == harmless(text)


def test_hours_come_back_as_they_went() -> None:
    hours = (Hours(("mon", "tue", "wed"), "06:30", "14:30"), Hours((), "18:00"), Hours(("sun",)))
    assert parse_hours(spell_hours(hours)) == hours


def test_every_topic_has_its_fields_once() -> None:
    for topic in DETAILS:
        names = [*fields_of(topic)]
        assert len(names) == len(set(names)) and names[:2] == ["id", "topic"]
    for name, field in FIELDS.items():
        others = {f[name].kind for t in DETAILS if name in (f := fields_of(t))}
        assert others == {field.kind}, name
