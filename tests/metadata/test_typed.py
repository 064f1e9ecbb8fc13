"""What a column holds, told by its texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.metadata import MOST_COLUMNS, FoundColumn, Raw, typed
from core.model import ColumnType, Value

NUMBER, DATE, CATEGORY, TEXT = ColumnType


def column_of(texts: Sequence[str], name: str = "c") -> Raw:
    return {f"images/{number}.jpg": {name: text} for number, text in enumerate(texts)}


def only(texts: Sequence[str], wanted: ColumnType | None = None) -> FoundColumn:
    (column,) = typed(column_of(texts), {"c": wanted} if wanted else {}).columns
    return column


def values(texts: Sequence[str], wanted: ColumnType | None = None) -> list[Value]:
    found = typed(column_of(texts), {"c": wanted} if wanted else {})
    return [facts["c"] for facts in found.values.values()]


def numbers(texts: Sequence[str]) -> list[float | None]:
    return [value.number for value in values(texts)]


# --- types


@pytest.mark.parametrize(
    ("texts", "type"),
    [
        (["1", "2.5", "-3", "+4", "1e3", ".5", "−6"], NUMBER),
        (["1503", "1889"], NUMBER),
        (["12 %", "3%"], NUMBER),
        (["2026-11-27", "27.11.2026"], DATE),
        (["red", "blue", "red", "blue"], CATEGORY),
        (["red", "blue", "green", "red"], TEXT),
        (["A harbour in the evening"], TEXT),
        (["=cmd()", "=1+1"], TEXT),
        (["nan", "inf", "1e999", "0x10"], TEXT),
        (["2026-02-31", "2026-13-01"], TEXT),
        (["192.168.0.1", "1.2.3"], TEXT),
    ],
)
def test_a_column_is_what_its_texts_are(texts: list[str], type: ColumnType) -> None:
    assert only(texts).type is type


@pytest.mark.parametrize(("different", "type"), [(50, CATEGORY), (51, TEXT)])
def test_few_different_values_are_categories(different: int, type: ColumnType) -> None:
    assert only([f"v{number}" for number in range(different)] * 2).type is type


@pytest.mark.parametrize(("others", "type"), [(5, NUMBER), (6, CATEGORY)])
def test_some_texts_among_many_numbers_are_no_numbers(others: int, type: ColumnType) -> None:
    assert only(["7"] * (100 - others) + ["n/a"] * others).type is type


def test_what_is_no_number_keeps_its_text_and_is_counted() -> None:
    texts = ["7"] * 97 + ["n/a", "?", "none"]
    assert only(texts).note == "3 values are no numbers."
    assert values(texts)[-3:] == [Value("n/a"), Value("?"), Value("none")]
    assert only(["7"] * 99 + ["n/a"]).note == "1 value is no number."


def test_a_person_says_the_type_of_a_column() -> None:
    assert only(["1503", "1889"], TEXT) == FoundColumn("c", TEXT, 2, ("1503", "1889"), "")
    assert values(["12", "x"], NUMBER) == [Value("12", 12.0), Value("x")]
    assert only(["12", "x"], DATE).note == "2 values are no dates."


def test_a_wanted_column_is_found_by_its_name_in_other_letters() -> None:
    (column,) = typed(column_of(["1", "2"], "Year"), {" year": CATEGORY}).columns
    assert column.type is CATEGORY


# --- numbers


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1,234.5", "2"], [1234.5, 2]),
        (["1.234,5", "2"], [1234.5, 2]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["1.234", "1.234.567"], [1234, 1234567]),
        (["1,234", "1,234,567.8"], [1234, 1234567.8]),
        (["1 234,5", "1\u202f234,5", "1\u00a0234"], [1234.5, 1234.5, 1234]),
        (["1'234.5"], [1234.5]),
        (["12 %", "7%"], [12, 7]),
        (["0.125", "0.250"], [0.125, 0.25]),
    ],
)
def test_one_convention_holds_for_the_whole_column(texts: list[str], expected: list[float]) -> None:
    assert numbers(texts) == expected


def test_where_no_text_tells_the_convention_that_is_said() -> None:
    assert only(["1,234", "5,678"]).note == (
        "“1,234” can be read in two ways; it is taken as 1234."
    )


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1), st.sampled_from([",.", ".,"]))
def test_numbers_are_read_as_they_were_written(written: list[float], marks: str) -> None:
    texts = [f"{number:,.2f}".translate(str.maketrans(",.", marks)) for number in written]
    assert numbers(texts) == [float(number) for number in written]


# --- dates


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-27",
        "2026/11/27",
        "27.11.2026",
        "27. 11. 2026",
        "27/11/2026",
        "11/27/2026",
        "27-11-2026 10:00",
        "2026:11:27 10:00:00",
        "27 Nov 2026",
        "27-Nov-2026",
        "27th November 2026",
        "November 27, 2026",
        "Nov. 27 2026, 10:00 PM",
        "2026-11-27T10:00:00Z",
        "2026-11-27T10:00:00.123+01:00",
        "2026-11-27 10:00:00 UTC",
    ],
)
def test_a_date_is_read_in_the_forms_that_people_use(text: str) -> None:
    assert values([text]) == [Value("2026-11-27", float(date(2026, 11, 27).toordinal()))]


def test_one_order_of_day_and_month_holds_for_the_whole_column() -> None:
    assert [v.text for v in values(["11/27/2026", "02/03/2026"])] == ["2026-11-27", "2026-02-03"]
    assert [v.text for v in values(["27/11/2026", "02/03/2026"])] == ["2026-11-27", "2026-03-02"]


def test_points_have_the_day_first_in_every_column() -> None:
    assert [v.text for v in values(["11/27/2026", "02.03.2026"])] == ["2026-11-27", "2026-03-02"]


def test_where_no_date_tells_the_order_that_is_said() -> None:
    assert only(["02/03/2026"]).note == (
        "“02/03/2026” can be read in two ways; it is taken as 2026-03-02."
    )


def test_dates_in_five_forms_are_one_column() -> None:
    texts = ["2026-11-27", "28.11.2026", "29/11/2026", "30 Nov 2026", "December 1, 2026"]
    days = numbers(texts)
    assert only(texts).type is DATE and only(texts).note == ""
    assert [day - days[0] for day in days] == [0, 1, 2, 3, 4]


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%b %d, %Y", "%Y:%m:%d"]))
def test_a_date_is_read_as_it_was_written(day: date, form: str) -> None:
    text = day.strftime(form.replace("%Y", f"{day.year:04}"))
    assert values([text]) == [Value(day.isoformat(), float(day.toordinal()))]


# --- columns


def test_a_column_shows_its_most_frequent_texts() -> None:
    column = only(["a", "b", "b", "c", "c", "c", "d", "d", "d", "d"])
    assert column.examples == ("d", "c", "b") and column.filled == 10


def test_a_long_text_is_cut_in_examples_only() -> None:
    assert len(only(["x" * 5000]).examples[0]) == 80
    assert values(["x" * 5000]) == [Value("x" * 5000)]


def test_names_in_other_letters_and_blanks_are_one_column() -> None:
    raw = {"images/a.jpg": {"Title": "A"}, "images/b.jpg": {" title ": "B"}}
    found = typed(raw)
    assert [(column.name, column.filled) for column in found.columns] == [("Title", 2)]
    assert found.values["images/b.jpg"] == {"Title": Value("B")}


def test_names_that_are_the_same_once_cut_stay_apart() -> None:
    start = "n" * 60
    found = typed({"images/a.jpg": {f"{start}1": "A", f"{start}2": "B"}})
    assert [column.name for column in found.columns] == [start, "n" * 56 + " (2)"]
    assert [value.text for value in found.values["images/a.jpg"].values()] == ["A", "B"]


def test_names_and_values_lose_what_nobody_sees() -> None:
    found = typed({"images/a.jpg": {"Ti\u202etle\x00\n": "\u2066A\x07\u200f", "\u200b": "B"}})
    assert found.values == {"images/a.jpg": {"Title": Value("A"), "Column": Value("B")}}


def test_joiners_that_make_words_and_emoji_stay() -> None:
    texts = ["می\u200cخواهم", "👩\u200d🚀"]
    assert [value.text for value in values(texts)] == texts


def test_of_many_columns_those_that_say_most_are_kept_and_the_others_are_named() -> None:
    everywhere = {f"c{number}": "x" for number in range(MOST_COLUMNS)}
    raw = {"images/a.jpg": {"rare": "x", "odd": "y"} | everywhere, "images/b.jpg": everywhere}
    found = typed(raw)
    assert [column.name for column in found.columns] == list(everywhere)
    assert found.values["images/a.jpg"].keys() == everywhere.keys()
    assert found.problems == (
        "2 columns are left out, as the 64 that say most are kept: “rare”, “odd”.",
    )


def test_nothing_known_is_no_column() -> None:
    assert typed({}) == typed({"images/a.jpg": {}, "images/b.jpg": {"c": " \0"}})
    assert typed({}).columns == ()


NAMES = st.sampled_from(["Title", "title ", "TITLE", "", "\0", "n" * 60 + "1", "n" * 60 + "2", "ﬁ"])


@given(
    st.dictionaries(st.text(max_size=4), st.dictionaries(NAMES, st.text(max_size=9), max_size=5))
)
def test_whatever_is_known_each_value_has_its_column(raw: Raw) -> None:
    found = typed(raw)
    names = [column.name for column in found.columns]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(0 < len(name) <= 60 and name == name.strip() for name in names)
    for column in found.columns:
        with_it = [facts for facts in found.values.values() if column.name in facts]
        assert len(with_it) == column.filled > 0


@given(st.text())
def test_a_cleaned_text_stays_as_it_is(text: str) -> None:
    first = values([text])
    assume(first)
    assert values([first[0].text])[0].text == first[0].text
