"""The query in the address: what both search pages ask, and how a part is added to it.

`q` holds the texts, `pic` the pictures, and `id` one picture alone, as "More like this" writes it.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.search import Term, parse_address, print_address

NAMES = ("q", "pic", "id")


def read_terms() -> list[Term]:
    """The parts of the query that the address names, in order. Raises QueryError."""
    alone = st.query_params.get("id", "")
    return [*([Term(picture_id=alone)] if alone else []), *parse_address(st.query_params)]


def write_terms(terms: Sequence[Term]) -> None:
    """Ask for these parts on this page: what else the address holds stays.

    All at once, so that one step Back undoes it.
    """
    kept = {name: value for name, value in st.query_params.items() if name not in NAMES}
    st.query_params.from_dict({**kept, **print_address(terms)})


def add_term(term: Term) -> None:
    """Add a part to the query of this page. Raises QueryError where that makes too many."""
    terms = [*read_terms(), term]
    write_terms(terms)
    read_terms()
