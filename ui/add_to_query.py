"""A result as a further part of the query that found it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import QueryError
from core.search import Term
from ui.query import add_term


def is_composed(terms: Sequence[Term]) -> bool:
    """Whether a query is more than one text or one picture that is searched for."""
    return len(terms) > 1 or any(term.weight < 0 for term in terms)


def add_picture_to_query(picture_id: str, weight: float) -> None:
    """Search again with this picture as a part more; a sentence where the query takes no more."""
    try:
        add_term(Term(picture_id=picture_id, weight=weight))
    except QueryError as error:
        st.toast(str(error), icon=":material/error:")
        return
    st.rerun()
