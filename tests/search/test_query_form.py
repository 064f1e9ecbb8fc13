"""core.search.query_form: what is typed and what an address carries, read and written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import QueryError
from core.model import Region
from core.search.query import query_key
from core.search.query_form import (
    LARGEST_WEIGHT,
    MOST_PARTS,
    Readable,
    Term,
    parse_pictures,
    parse_text,
    print_address,
    print_text,
)

A, B = "a" * 64, "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("red boat", [Term("red boat")]),
        ("", []),
        ("red boat + sunset - people", [Term("red boat"), Term("sunset"), Term("people", "", -1)]),
        ("2: harbour", [Term("harbour", "", 2)]),
        ("0.5: harbour - .25: people", [Term("harbour", "", 0.5), Term("people", "", -0.25)]),
        ("- people", [Term("people", "", -1)]),
        ("black-and-white", [Term("black-and-white")]),
        ("c++ + c -- d", [Term("c++"), Term("c -- d")]),
        ('"black - white" + red', [Term("black - white"), Term("red")]),
        ('2: "2: boats"', [Term("2: boats", "", 2)]),
        ('the "big - red" one', [Term('the "big - red" one')]),
        ('12" + boat', [Term('12"'), Term("boat")]),
        ("at 12:30 + noon", [Term("at 12:30"), Term("noon")]),
        ("12:30", [Term("12:30")]),
        ("2:", [Term("2:")]),
        (" + boat + ", [Term("boat")]),
        ("boat  -   people", [Term("boat"), Term("people", "", -1)]),
        ("-boat", [Term("-boat")]),
        ("1e9: boat", [Term("1e9: boat")]),
        ("1000000000: boat", [Term("boat", "", LARGEST_WEIGHT)]),
    ],
)
def test_what_is_typed_is_read_as_its_parts(written: str, terms: list[Term]) -> None:
    assert parse_text(written) == terms


texts = st.text(min_size=1).map(query_key).filter(bool)
weights = st.floats(0.01, 100).flatmap(lambda w: st.sampled_from([w, -w, 1.0, -1.0]))
regions = st.tuples(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0.5, 1), st.floats(0.5, 1)).map(
    lambda box: Region(*box)
)
text_terms = st.builds(Term, text=texts, weight=weights)
picture_terms = st.builds(
    Term,
    picture_id=st.sampled_from([A, B]),
    weight=weights,
    region=st.none() | regions,
)


@given(st.lists(text_terms, max_size=6), st.lists(picture_terms, max_size=6))
def test_parsing_an_address_is_the_inverse_of_printing_it(
    words: list[Term], pictures: list[Term]
) -> None:
    address = print_address([*words, *pictures])
    assert parse_text(address.get("q", "")) == words
    assert parse_pictures(address.get("pic", "")) == Readable(tuple(pictures), ())


@given(st.text())
def test_every_input_has_a_reading_that_does_not_change_when_it_is_written_again(
    written: str,
) -> None:
    try:
        terms = parse_text(written)
    except QueryError:
        return
    assert parse_text(print_text(terms)) == terms


def test_more_parts_than_anybody_composes_are_refused() -> None:
    written = " + ".join(["boat"] * (MOST_PARTS + 1))
    with pytest.raises(QueryError, match="at most"):
        parse_text(written)


@pytest.mark.parametrize(
    "written",
    [
        "abc:" + A,
        "nan:" + A,
        "inf:" + A,
        "0:" + A,
        "1:../../secret",
        "1",
        f"1:{A}:0:0:1",
        f"1:{A}:0:0:1:abc",
        f"1:{A}:0.5:0:0.5:1",
        f"1:{A}:0:0:2:1",
        f"1:{A}:-1:0:1:1",
    ],
)
def test_what_cannot_be_read_of_an_address_is_a_sentence_and_the_rest_is_asked_for(
    written: str,
) -> None:
    read = parse_pictures(f"{written},2:{B}")
    assert read.terms == (Term(picture_id=B, weight=2),)
    [problem] = read.problems
    assert re.fullmatch(r"This link .*\.", problem)


def test_a_huge_weight_in_an_address_is_cut_to_the_largest() -> None:
    assert parse_pictures(f"-1e9:{A}").terms == (Term(picture_id=A, weight=-LARGEST_WEIGHT),)
