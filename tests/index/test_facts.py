"""core.index.port.KnownFacts, and scopes with filters: what every engine must do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.index import Index, columns_of, set_columns
from core.model import (
    BUNDLED,
    EVERYTHING,
    OWN,
    Column,
    ColumnType,
    FileRow,
    Filter,
    Order,
    Scope,
    Value,
)
from tests.index.samples import a_vector, an_id, fill, put, space_of
from tests.index.test_port_contract import ENGINES

YEARS = {1: 1503.0, 2: 1600.0, 3: 1889.5}


@pytest.fixture(params=list(ENGINES))
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    opened = ENGINES[request.param](request, tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def labelled(index: Index) -> Index:
    """Six pictures: three with a year, all but one with a school, two with a title."""
    fill(index, 6)
    index.set_facts(
        {
            "Year": {
                **{an_id(n): Value(f"{year:g}", year) for n, year in YEARS.items()},
                an_id(4): Value("about 1700"),
            },
            "School": {
                an_id(n): Value("Italian" if n < 3 else "French; “late” | 50 %") for n in range(5)
            },
            "Title": {an_id(1): Value("Straße bei NACHT"), an_id(2): Value("A Boat")},
        }
    )
    return index


def found(index: Index, *filters: Filter, scope: Scope = EVERYTHING) -> list[int]:
    """The pictures of a scope, once it was seen that all ways to ask for them agree."""
    scope = Scope(scope.collection, scope.folder, scope.only, filters)
    listed = index.page(scope, 0, 100)
    assert index.count(scope) == len(listed)
    space = space_of(index)
    nearest = space.nearest(a_vector(99), 100, scope)
    assert sorted(nearest.ids) == listed
    assert space.count(scope) == len(listed)
    assert list(space.sample(scope, 100).ids) == listed
    return [int(picture_id, 16) for picture_id in listed]


# -- filters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter("Year", low=1503, high=1600), [1, 2]),
        (Filter("Year", low=1600), [2, 3]),
        (Filter("Year", high=1600), [1, 2]),
        (Filter("Year"), [1, 2, 3]),
        (Filter("Year", low=1504, high=1599), []),
        (Filter("School", any_of=("Italian",)), [0, 1, 2]),
        (Filter("School", any_of=("Italian", "French; “late” | 50 %")), [0, 1, 2, 3, 4]),
        (Filter("School", any_of=("italian", "nobody's")), []),
        (Filter("School", contains="50 %"), [3, 4]),
        (Filter("Title", contains="nacht"), [1]),
        (Filter("Title", contains="STRASSE"), [1]),
        (Filter("Title", contains="boat"), [2]),
        (Filter("Title", contains="_"), []),
        (Filter("Nothing", contains="a"), []),
        (Filter("year", low=0), []),
    ],
)
def test_a_filter_means_the_pictures_of_which_its_column_says_so(
    labelled: Index, wanted: Filter, numbers: list[int]
) -> None:
    assert found(labelled, wanted) == numbers


def test_of_several_filters_a_picture_has_to_meet_each(labelled: Index) -> None:
    school = Filter("School", any_of=("Italian",))
    assert found(labelled, school, Filter("Year", high=1550)) == [1]


def test_a_filter_holds_within_a_folder_and_within_chosen_pictures(labelled: Index) -> None:
    put(labelled, 7, "images/sub/7.jpg")
    labelled.add_files([FileRow("images/sub/2.jpg", an_id(2), 1000, 1)])
    school = Filter("School", any_of=("Italian",))
    assert found(labelled, school, scope=Scope("own", "images/sub/")) == [2]
    assert found(labelled, school, scope=Scope(only=frozenset([an_id(1), an_id(5)]))) == [1]
    assert found(labelled, school, scope=Scope("gallery")) == []


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=texts, needle=texts)
def test_any_text_is_found_by_itself_and_by_what_is_in_it(
    index: Index, text: str, needle: str
) -> None:
    put(index, 1)
    index.set_facts({text: {an_id(1): Value(text)}})
    assert found(index, Filter(text, any_of=(text,))) == [1]
    assert found(index, Filter(text, contains=text)) == [1]
    there = needle.casefold() in text.casefold()
    assert found(index, Filter(text, contains=needle)) == ([1] if there else [])
    assert index.facts([an_id(1)], [text]) == {an_id(1): {text: Value(text)}}


def test_a_search_with_a_filter_finds_the_nearest_of_those_that_it_means(labelled: Index) -> None:
    scope = Scope(filters=(Filter("Year", low=1600),))
    nearest = space_of(labelled).nearest(a_vector(3), 1, scope)
    assert nearest.ids == (an_id(3),)
    assert nearest.exact


# -- what is known ---------------------------------------------------------------------------


def test_what_is_known_now_takes_the_place_of_what_was_known(labelled: Index) -> None:
    found(labelled, Filter("Year", low=0))
    labelled.set_facts({"Year": {an_id(5): Value("1999", 1999.0)}})
    assert found(labelled, Filter("Year", low=0)) == [5]
    assert labelled.facts([an_id(1), an_id(5)], ["Year", "School"]) == {
        an_id(5): {"Year": Value("1999", 1999.0)}
    }


def test_the_generation_grows_only_when_what_is_known_changes(labelled: Index) -> None:
    before = labelled.generation("e:1")
    known = {"Year": {an_id(5): Value("1999", 1999.0)}}
    labelled.set_facts(known)
    between = labelled.generation("e:1")
    labelled.set_facts(known)
    assert before < between == labelled.generation("e:1")


def test_many_facts_are_taken_in_at_once(index: Index) -> None:
    fill(index, 150)
    index.set_facts({"Number": {an_id(n): Value(str(n), float(n)) for n in range(150)}})
    assert found(index, Filter("Number", low=100)) == list(range(100, 150))


def test_own_facts_are_forgotten_with_their_picture(index: Index) -> None:
    fill(index, 3)
    index.add_own_facts({an_id(1): {"Camera": "A"}, an_id(2): {"Camera": "B"}})
    index.forget_files(["images/1.jpg"])
    index.forget_pictures(index.orphans())
    assert index.own_facts() == {an_id(2): {"Camera": "B"}}


def test_own_facts_change_column_by_column_and_an_empty_one_is_forgotten(index: Index) -> None:
    put(index, 1)
    index.add_own_facts({an_id(1): {"Camera": "A", "Date taken": "2026-11-27", "Author": "C"}})
    index.add_own_facts({an_id(1): {"Camera": "B", "Date taken": ""}})
    assert index.own_facts() == {an_id(1): {"Camera": "B", "Author": "C"}}


def test_the_state_of_own_facts_grows_only_when_they_change(index: Index) -> None:
    put(index, 1)
    states = [index.own_facts_state()]
    for text in ("A", "A", "B", "", ""):
        index.add_own_facts({an_id(1): {"Camera": text}})
        states.append(index.own_facts_state())
    grew = [after > before for before, after in itertools.pairwise(states)]
    assert grew == [True, False, True, True, False]


def test_many_own_facts_are_taken_in_at_once(index: Index) -> None:
    fill(index, 150)
    known = {an_id(n): {"Camera": f"{n}"} for n in range(150)}
    index.add_own_facts(known)
    assert index.own_facts() == known


def test_ids_that_are_none_know_nothing(labelled: Index) -> None:
    assert labelled.facts(["", "ä", "x' OR 1=1 --"], ["Year"]) == {}


# -- spreads and orders ----------------------------------------------------------------------


def test_a_spread_says_how_far_a_column_reaches_and_what_it_says_most(labelled: Index) -> None:
    years = space_of(labelled).spread("Year", Scope(), 10)
    assert (years.pictures, years.low, years.high) == (4, 1503.0, 1889.5)
    schools = space_of(labelled).spread("School", Scope(), 10)
    assert schools.values == (("Italian", 3), ("French; “late” | 50 %", 2))
    assert space_of(labelled).spread("School", Scope(), 1).values == (("Italian", 3),)
    assert space_of(labelled).spread("Nothing", Scope(), 10).pictures == 0


def test_a_spread_is_that_of_its_scope_and_follows_what_changes(labelled: Index) -> None:
    italian = Scope(filters=(Filter("School", any_of=("Italian",)),))
    assert space_of(labelled).spread("Year", italian, 10).high == 1600.0
    labelled.forget_files(["images/2.jpg"])
    assert space_of(labelled).spread("Year", italian, 10).high == 1503.0


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        (Order("Year"), [1, 2, 3, 4, 0, 5]),
        (Order("Year", descending=True), [3, 2, 1, 4, 0, 5]),
        (Order("Title"), [2, 1, 0, 3, 4, 5]),
        (Order("School", descending=True), [0, 1, 2, 3, 4, 5]),
        (Order("Nothing"), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_pictures_are_listed_by_a_column_and_those_without_a_value_last(
    labelled: Index, order: Order, numbers: list[int]
) -> None:
    assert labelled.page(Scope(), 0, 100, order) == [an_id(n) for n in numbers]
    assert labelled.page(Scope(), 2, 2, order) == [an_id(n) for n in numbers[2:4]]


def test_an_order_holds_within_a_filter(labelled: Index) -> None:
    scope = Scope(filters=(Filter("School", any_of=("Italian",)),))
    assert labelled.page(scope, 0, 100, Order("Year", descending=True)) == [
        an_id(n) for n in (2, 1, 0)
    ]


# -- columns ---------------------------------------------------------------------------------


def test_columns_come_back_in_their_order(index: Index) -> None:
    known = [
        Column("Zeit; “x”", ColumnType.DATE, taken=True),
        Column("a", ColumnType.TEXT),
    ]
    set_columns(index, known)
    assert columns_of(index) == known


def test_columns_that_an_older_program_kept_speak_of_all_pictures(index: Index) -> None:
    index.set_meta("columns", '[["Year", "number", true]]')
    assert columns_of(index) == [Column("Year", ColumnType.NUMBER, True)]
    assert all(columns_of(index)[0].speaks_of(scope) for scope in (OWN, BUNDLED, EVERYTHING))


@pytest.mark.parametrize("kept", ["", "{}", "[1]", '[["a", "colour", true]]', "[" * 100_000])
def test_columns_that_cannot_be_read_are_none(index: Index, kept: str) -> None:
    index.set_meta("columns", kept)
    assert columns_of(index) == []


def test_a_day_is_a_number_that_dates_are_compared_by(index: Index) -> None:
    fill(index, 2)
    days = [date(2026, 11, 26).toordinal(), date(2026, 11, 27).toordinal()]
    index.set_facts({"Taken": {an_id(n): Value(str(n), float(day)) for n, day in enumerate(days)}})
    assert found(index, Filter("Taken", low=days[1])) == [1]
    assert space_of(index).spread("Taken", Scope(), 0).low == days[0]
