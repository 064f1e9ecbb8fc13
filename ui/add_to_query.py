"""A result as a further part of the query that found it."""

from __future__ import annotations

import streamlit as st

from core.errors import QueryError
from core.search import Term
from core.workspace import Workspace
from ui.query import add_term


def add_picture_to_query(workspace: Workspace, picture_id: str, weight: float) -> None:
    """Search again with this picture as a part more; a sentence where the query takes no more."""
    try:
        add_term(workspace, Term(picture_id=picture_id, weight=weight))
    except QueryError as error:
        st.toast(str(error), icon=":material/error:")
        return
    st.rerun()
