"""core.search.query: the key under which a query is remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.search import query_key


def test_texts_that_no_embedder_tells_apart_share_a_key() -> None:
    assert query_key("  a\tblue\n house ") == query_key("a blue house")
    assert query_key("cafe\u0301") == query_key("caf\u00e9")


@given(st.text())
def test_any_query_text_has_a_key_that_can_be_stored(text: str) -> None:
    query_key(text).encode()
