"""core.search.filters: filters in an address, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Column, ColumnType, Filter
from core.search import in_words, parse_filters, print_filters
from core.search.filters import MOST_FILTERS

COLUMNS = (
    Column("Year", ColumnType.NUMBER, taken=True),
    Column("Date taken", ColumnType.DATE, taken=True),
    Column("School: old | new; \\", ColumnType.CATEGORY, taken=True),
    Column("Title", ColumnType.TEXT, taken=True),
)
DAY = 739947.0  # 2026-11-27

bounds = st.none() | st.floats(allow_nan=False, allow_infinity=False)
days = st.none() | st.integers(1, 3_652_059).map(float)
said = st.text(min_size=1).map(str.strip).filter(bool)


@st.composite
def filters(draw: st.DrawFn) -> tuple[Filter, ...]:
    found = []
    for column in draw(st.lists(st.sampled_from(COLUMNS), unique=True)):
        if column.type in (ColumnType.NUMBER, ColumnType.DATE):
            kind = bounds if column.type is ColumnType.NUMBER else days
            low, high = draw(kind), draw(kind)
            if low is not None and high is not None:
                low, high = min(low, high), max(low, high)
            if low is not None or high is not None:
                found.append(Filter(column.name, low=low, high=high))
        elif column.type is ColumnType.CATEGORY:
            choices = draw(st.lists(said, min_size=1, max_size=5, unique=True))
            found.append(Filter(column.name, any_of=tuple(choices)))
        else:
            found.append(Filter(column.name, contains=draw(said)))
    return tuple(found)


@given(filters())
def test_filters_come_back_from_an_address_as_they_were(wanted: tuple[Filter, ...]) -> None:
    read = parse_filters(print_filters(wanted, COLUMNS), COLUMNS)
    assert read.filters == wanted
    assert not read.problems


@given(st.text())
def test_any_address_is_read_or_answered_with_a_sentence(text: str) -> None:
    read = parse_filters(text, COLUMNS)
    assert all(problem.endswith(".") for problem in read.problems)
    assert parse_filters(print_filters(read.filters, COLUMNS), COLUMNS).filters == read.filters


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("year:1500..1600", Filter("Year", low=1500, high=1600)),
        ("YEAR: 1600 .. 1500 ", Filter("Year", low=1500, high=1600)),
        ("year:..-1.5", Filter("Year", high=-1.5)),
        ("year:1503", Filter("Year", low=1503, high=1503)),
        ("date taken:2026-11-27", Filter("Date taken", low=DAY, high=DAY)),
        ("date taken:2026", Filter("Date taken", low=739617.0, high=739981.0)),
        ("date taken:2026-11-27..", Filter("Date taken", low=DAY)),
        ("title:a\\;b", Filter("Title", contains="a;b")),
        ("title:a:b", Filter("Title", contains="a:b")),
        ("title:x;title:y", Filter("Title", contains="y")),
    ],
)
def test_what_somebody_writes_by_hand_is_read(text: str, wanted: Filter) -> None:
    assert parse_filters(text, COLUMNS).filters == (wanted,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("colour:red", "There is nothing called “colour” to filter by here."),
        ("year", "The filter on “Year” cannot be read; it is written like 1500..1600."),
        ("year:..", "The filter on “Year” cannot be read; it is written like 1500..1600."),
        ("year:nan", "The filter on “Year” cannot be read; it is written like 1500..1600."),
        ("year:1e999..", "The filter on “Year” cannot be read; it is written like 1500..1600."),
        (
            "date taken:2026-02-30",
            "The filter on “Date taken” cannot be read; it is written like 2026-01-01..2026-12-31.",
        ),
        ("title: ", "The filter on “Title” cannot be read; it is written like a value."),
    ],
)
def test_what_is_no_filter_gets_a_sentence(text: str, sentence: str) -> None:
    read = parse_filters(text, COLUMNS)
    assert read.filters == ()
    assert read.problems == (sentence,)


def test_more_filters_than_are_used_are_said() -> None:
    columns = [Column(f"c{n}", ColumnType.TEXT) for n in range(MOST_FILTERS + 1)]
    text = ";".join(f"{column.name}:x" for column in columns)
    read = parse_filters(text, columns)
    assert len(read.filters) == MOST_FILTERS
    assert read.problems == (f"At most {MOST_FILTERS} filters are used at once.",)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Filter("Year", low=1500, high=1600), "1500 to 1600"),
        (Filter("Year", low=1500), "from 1500"),
        (Filter("Year", low=1503, high=1503), "1503"),
        (Filter("School", any_of=("Italian", "French")), "Italian or French"),
        (Filter("Title", contains="boat"), "has “boat”"),
    ],
)
def test_a_filter_is_said_in_words(wanted: Filter, words: str) -> None:
    assert in_words(wanted, ColumnType.NUMBER) == words
