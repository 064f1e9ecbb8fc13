"""core.search.within: some pictures alone, in an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.search import MOST_IN_ADDRESS, parse_ids, print_ids

IDS = st.lists(
    st.binary(min_size=32, max_size=32).map(bytes.hex), unique=True, max_size=MOST_IN_ADDRESS
)


@given(IDS)
def test_what_is_printed_is_parsed_as_the_same_ids(ids: list[str]) -> None:
    assert parse_ids(print_ids(ids)) == tuple(ids)


def test_an_address_with_as_many_as_may_be_stays_below_8_kilobytes() -> None:
    assert len(print_ids([f"{n:064x}" for n in range(MOST_IN_ADDRESS)])) < 6000


@given(st.text())
def test_anything_else_is_no_picture(written: str) -> None:
    assert all(len(one) == 64 for one in parse_ids(written))


@pytest.mark.parametrize(
    "written", ["", "A" * 42, "A" * 44, "A" * 43 * (MOST_IN_ADDRESS + 1), "." * 43, "=" * 43]
)
def test_what_was_cut_or_is_too_long_names_nothing(written: str) -> None:
    assert parse_ids(written) == ()


def test_a_picture_named_twice_counts_once() -> None:
    one = f"{1:064x}"
    assert parse_ids(print_ids([one, one])) == (one,)
