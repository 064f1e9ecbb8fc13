"""core.search.negation, and how a query is read with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.embedders.builtin import BuiltinEmbedder
from core.errors import QueryError
from core.search import Term, parse_text, print_address, print_text
from core.search.negation import has_negation, split_negation
from core.search.query import query_key


@pytest.fixture(scope="module")
def model() -> BuiltinEmbedder:
    return BuiltinEmbedder()


class KnowsEveryWord:
    def content_words(self, text: str) -> list[str]:
        return text.split()

    def unknown_words(self, text: str) -> list[str]:
        return []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a house without trees", "a house - trees"),
        ("Houses, but NO red boats", "Houses - red boats"),
        ("not a red boat", "- a red boat"),
        ("a boat that is not red", "a boat - red"),
        ("a boat that isn’t red", "a boat - red"),
        ("a house, not red, in the snow", "a house, in the snow - red"),
        ("a house without snow at night", "a house at night - snow"),
        ("no boats on the lake", "on the lake - boats"),
        ("not in the snow", "- in the snow"),
        ("without trees or snow", "- trees - snow"),
        ("without trees and snow", "- trees - snow"),
        ("without trees and a boat", "a boat - trees"),
        ("no trees and a red boat", "a red boat - trees"),
        ("a picture without snow", "- snow"),
        ("no sun, no sea, without snow", "- sun - sea - snow"),
        ("2: house without snow + boat", "2: house - 2: snow + boat"),
    ],
)
def test_what_is_negated_becomes_a_part_that_counts_against(
    model: BuiltinEmbedder, text: str, read: str
) -> None:
    assert print_text(parse_text(text, model)) == read


@pytest.mark.parametrize(
    "text",
    [
        "a red boat",
        "no",
        "a house without",
        "not without trees",
        "not only a house",
        "a knot, and nothing else",
        'a house "without" trees',
        'a house "and no" trees',
    ],
)
def test_what_negates_nothing_is_left_whole(model: BuiltinEmbedder, text: str) -> None:
    assert parse_text(text, model) == [Term(text)]


def test_quotes_take_a_negation_literally(model: BuiltinEmbedder) -> None:
    assert parse_text('"a house without trees"', model) == [Term("a house without trees")]


def test_a_part_that_counts_against_is_left_whole(model: BuiltinEmbedder) -> None:
    whole = Term("a house without trees", weight=-1)
    assert parse_text("boat - a house without trees", model) == [Term("boat"), whole]


def test_a_negated_word_that_is_not_known_stays_in_the_text_to_be_named(
    model: BuiltinEmbedder,
) -> None:
    assert parse_text("a house without people", model) == [Term("a house without people")]
    both = parse_text("a house without trees and people", model)
    assert both == [Term("a house without people"), Term("trees", weight=-1)]


def test_a_text_of_unknown_words_is_left_whole_and_not_searched_for_by_its_negation_alone(
    model: BuiltinEmbedder,
) -> None:
    assert parse_text("a zebra without snow", model) == [Term("a zebra without snow")]


def test_without_a_reader_every_text_is_left_whole() -> None:
    assert parse_text("a house without trees") == [Term("a house without trees")]


def test_parts_that_negations_make_count_among_the_most_that_a_query_has() -> None:
    text = "boat " + " ".join(f"no thing{number}," for number in range(20))
    with pytest.raises(QueryError, match="at most"):
        parse_text(text, KnowsEveryWord())


words = st.sampled_from(
    """boat trees snow without no not or and a the in, red. isn't " "no without" people ' + - 2:
    but, NO without, , ;""".split(" ")
)
texts = st.lists(words, max_size=9).map(" ".join).map(query_key) | st.text().map(query_key)


@given(texts)
def test_no_known_word_is_lost_but_those_that_hang_loose(text: str) -> None:
    split = split_negation(text, KnowsEveryWord())
    if not split.unwanted:
        assert split.wanted == text
    kept = " ".join((split.wanted, *split.unwanted))
    for word in ("boat", "trees", "snow", "people"):
        assert (word in text) == (word in kept)


@given(texts)
def test_what_was_read_is_read_the_same_when_it_is_written_into_an_address(text: str) -> None:
    try:
        terms = parse_text(text, KnowsEveryWord())
    except QueryError:
        return
    written = print_address(terms).get("q", "")
    assert parse_text(written, KnowsEveryWord()) == parse_text(written) == terms


@given(texts)
def test_a_text_that_is_taken_apart_has_a_negation(text: str) -> None:
    assert has_negation(text) or not split_negation(text, KnowsEveryWord()).unwanted


def test_long_texts_are_read_at_once() -> None:
    split = split_negation("no boat or " * 5000, KnowsEveryWord())
    assert split.unwanted == ("boat",)
